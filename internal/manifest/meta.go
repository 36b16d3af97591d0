package manifest

import (
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// keptAnnotations are the annotations, or their prefixes, that say something
// about traffic. All others stay behind: they may be large or private.
var keptAnnotations = []string{
	"metallb.io/", "metallb.universe.tf/", "service.beta.kubernetes.io/load-balancer-source-ranges",
	"flannel.alpha.coreos.com/", "projectcalico.org/", "meta.helm.sh/", "kube-vip.io/", "purelb.io/",
	"lbipam.cilium.io/", "portolan.dev/", "service.kubernetes.io/topology-mode",
}

const (
	annotationSourceRanges = "service.beta.kubernetes.io/load-balancer-source-ranges"
	annotationHelmRelease  = "meta.helm.sh/release-name"
	labelNamespaceName     = "kubernetes.io/metadata.name"
	labelServiceName       = "kubernetes.io/service-name"
	labelProxyName         = "service.kubernetes.io/service-proxy-name"
	labelZone              = "topology.kubernetes.io/zone"
	labelHostname          = "kubernetes.io/hostname"
	labelTemplateHash      = "pod-template-hash"
)

// metaFields are the fields of metav1.ObjectMeta.
var metaFields = []string{
	"annotations", "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers",
	"generateName", "generation", "labels", "managedFields", "name", "namespace", "ownerReferences",
	"resourceVersion", "selfLink", "uid",
}

// meta reads metadata of an object whose name was checked before.
func (v value) meta() cluster.Meta {
	m := v.get("metadata")
	meta := cluster.Meta{
		Namespace: v.d.object.Namespace,
		Name:      v.d.object.Name,
		Labels:    m.get("labels").labels(),
		Created:   clean(m.get("creationTimestamp").str()),
		Position:  v.pos(),
	}
	for k, a := range m.get("annotations").fields() {
		if keptAnnotation(k) {
			if meta.Annotations == nil {
				meta.Annotations = make(map[string]string)
			}
			meta.Annotations[clean(k)] = clean(a.str())
		}
	}
	meta.Manager = manager(m.get("managedFields"))
	if meta.Manager == "" {
		meta.Manager = meta.Annotations[annotationHelmRelease]
	}
	return meta
}

func keptAnnotation(k string) bool {
	for _, p := range keptAnnotations {
		if strings.HasPrefix(k, p) {
			return true
		}
	}
	return false
}

// manager is who wrote the object last, status writers apart.
func manager(fields value) string {
	newest, name := "", ""
	for _, f := range fields.list() {
		if f.get("subresource").str() != "" {
			continue
		}
		if t := f.get("time").str(); name == "" || t >= newest { // RFC 3339 in UTC sorts as text
			newest, name = t, clean(f.get("manager").str())
		}
	}
	return name
}

// labels reads labels or a map selector: keys and values as the API wants them.
func (v value) labels() cluster.Labels {
	if !v.mapping() {
		return nil
	}
	labels := make(cluster.Labels, len(v.n.keys))
	for k, f := range v.fields() {
		f.checkLabelKey(k)
		labels[k] = f.labelValue()
	}
	return labels
}

func (v value) checkLabelKey(k string) {
	if !isLabelKey(k) {
		v.failf("%s is not a label key: [DNS.PREFIX/]NAME, with a NAME of at most 63 letters, digits, '-', '_' and '.'", quote(k))
	}
}

func (v value) labelValue() string {
	s := v.str()
	if !isLabelValue(s) {
		v.fail(quote(s)+" is not a label value: at most 63 letters, digits, '-', '_' and '.', beginning and ending with a letter or digit", templateHint(s))
	}
	return s
}

func templateHint(s string) string {
	if strings.Contains(s, "{{") {
		return hintTemplate
	}
	return ""
}

// controller is the owner reference that controls the object.
func (v value) controller() flow.Object {
	for _, ref := range v.at("metadata", "ownerReferences").list() {
		if !ref.get("controller").boolean(false) {
			continue
		}
		o := flow.Object{Kind: clean(ref.get("kind").str()), Namespace: v.d.object.Namespace, Name: clean(ref.get("name").str())}
		if o.Kind == "Node" { // the mirror of a static pod: no workload
			return flow.Object{}
		}
		return o
	}
	return flow.Object{}
}

// nodeName is a string that may name a Node, "" when absent.
func (v value) nodeName() string {
	s := v.str()
	if s != "" && !isDNSSubdomain(s) {
		v.fail(quote(s)+" is not a node's name: lower case letters, digits, '-' and '.'", templateHint(s))
		return ""
	}
	return s
}
