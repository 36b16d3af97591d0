package manifest

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// modelled is a kind that the Snapshot holds.
type modelled struct {
	kind       string
	groups     []string // the API groups that serve it, the current one first
	versions   []string
	namespaced bool
	name       func(string) bool
	decode     func(value) any
}

var (
	coreGroup  = []string{""}
	appsGroups = []string{"apps", "extensions"}
	v1Only     = []string{"v1"}
	appsV1     = []string{"v1", "v1beta1", "v1beta2"}
	batchV1    = []string{"v1", "v1beta1"}

	// Calico's API server shows its custom resources once more, under a group of its
	// own; without one that group may be the custom resources' itself.
	calicoGroups   = []string{"crd.projectcalico.org", "projectcalico.org"}
	calicoVersions = []string{"v1", "v3"}

	metallbGroup = []string{"metallb.io"}
	metallbV1    = []string{"v1beta1"}
)

// modelledKinds is every Kubernetes kind that is read.
var modelledKinds = []modelled{
	{"Node", coreGroup, v1Only, false, isDNSSubdomain, decodeNode},
	{"Namespace", coreGroup, v1Only, false, isDNSLabel, decodeNamespace},
	{"Pod", coreGroup, v1Only, true, isDNSSubdomain, decodePod},
	{"Service", coreGroup, v1Only, true, isDNSLabel, decodeService},
	{"Endpoints", coreGroup, v1Only, true, isDNSSubdomain, decodeEndpoints},
	{"EndpointSlice", []string{"discovery.k8s.io"}, batchV1, true, isDNSSubdomain, decodeSlice},
	{"NetworkPolicy", []string{"networking.k8s.io", "extensions"}, batchV1, true, isDNSSubdomain, decodePolicy},
	{"ReplicationController", coreGroup, v1Only, true, isDNSSubdomain, decodeWorkload},
	{"Deployment", appsGroups, appsV1, true, isDNSSubdomain, decodeWorkload},
	{"ReplicaSet", appsGroups, appsV1, true, isDNSSubdomain, decodeWorkload},
	{"DaemonSet", appsGroups, appsV1, true, isDNSSubdomain, decodeWorkload},
	{"StatefulSet", []string{"apps"}, appsV1, true, isDNSSubdomain, decodeWorkload},
	{"Job", []string{"batch"}, batchV1, true, isDNSSubdomain, decodeWorkload},
	{"CronJob", []string{"batch"}, batchV1, true, isDNSSubdomain, decodeWorkload},
	{"IPAddressPool", metallbGroup, metallbV1, true, isDNSSubdomain, decodePool},
	{"BGPAdvertisement", metallbGroup, metallbV1, true, isDNSSubdomain, decodeBGPAdvertisement},
	{"L2Advertisement", metallbGroup, metallbV1, true, isDNSSubdomain, decodeL2Advertisement},
	{"BGPPeer", metallbGroup, []string{"v1beta2", "v1beta1"}, true, isDNSSubdomain, decodeBGPPeer},
	{cluster.KindIPPool, calicoGroups, calicoVersions, false, isDNSSubdomain, decodeIPPool},
	{cluster.KindFelixConfiguration, calicoGroups, calicoVersions, false, isDNSSubdomain, decodeFelix},
	{cluster.KindServiceCIDR, []string{"networking.k8s.io"}, []string{"v1", "v1beta1", "v1alpha1"}, false, isDNSSubdomain, decodeServiceCIDR},
}

// nativeGroups are the API server's own groups of the modelled kinds: a kind
// of ours under the wrong one of them is a mistake, not somebody else's kind.
var nativeGroups = []string{"", "apps", "batch", "extensions", "networking.k8s.io", "discovery.k8s.io", "policy"}

const (
	ownGroup   = "portolan.dev"
	ownVersion = ownGroup + "/v1alpha1"
)

// ownKinds are Portolan's, decoded strictly.
var ownKinds = []modelled{
	{"Fabric", []string{ownGroup}, []string{"v1alpha1"}, false, isDNSSubdomain, decodeFabric},
	{"Expectations", []string{ownGroup}, []string{"v1alpha1"}, false, isDNSSubdomain, decodeExpectations},
	{"Reading", []string{ownGroup}, []string{"v1alpha1"}, false, isDNSSubdomain, decodeReading},
}

func byKind(kinds []modelled, kind string) *modelled {
	for i := range kinds {
		if kinds[i].kind == kind {
			return &kinds[i]
		}
	}
	return nil
}

// typeMeta is an object's apiVersion and kind.
type typeMeta struct {
	group, version, kind string
}

func (t typeMeta) apiVersion() string {
	if t.group == "" {
		return t.version
	}
	return t.group + "/" + t.version
}

func parseType(apiVersion, kind string) typeMeta {
	group, version, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group, version = "", apiVersion
	}
	return typeMeta{group, version, kind}
}

// lookup finds how to read the type. Neither a result nor an error: a kind
// that is not modelled.
func (v value) lookup(t typeMeta) *modelled {
	if t.group == ownGroup {
		return v.lookupOwn(t)
	}
	m := byKind(modelledKinds, t.kind)
	if m == nil || !slices.Contains(m.groups, t.group) && !slices.Contains(nativeGroups, t.group) {
		return nil
	}
	if !slices.Contains(m.groups, t.group) || !slices.Contains(m.versions, t.version) && t.group != "extensions" {
		current := typeMeta{m.groups[0], m.versions[0], t.kind}
		v.get("apiVersion").fail("no API server has the kind "+t.kind+" in "+quote(t.apiVersion()), "write apiVersion: "+current.apiVersion())
		return nil
	}
	return m
}

func (v value) lookupOwn(t typeMeta) *modelled {
	m := byKind(ownKinds, t.kind)
	switch {
	case m == nil:
		hint := "the kinds are Fabric and Expectations"
		if near := nearest(t.kind, []string{"Fabric", "Expectations"}); near != "" {
			hint = "did you mean " + near + "?"
		}
		v.get("kind").fail("there is no kind "+quote(t.kind)+" in "+ownGroup, hint)
	case t.apiVersion() != ownVersion:
		v.get("apiVersion").fail("this version of "+t.kind+" is not known", "write apiVersion: "+ownVersion)
		return nil
	}
	return m
}

// decoded is one object as read: val is a pointer to the cluster type, or to
// one of this package's.
type decoded struct {
	object flow.Object
	pos    flow.Position
	val    any
	warns  []Warning
	bare   bool // no namespace was written
}

// inNamespace puts an object into a namespace that was not written.
func (d *decoded) inNamespace(name string) {
	d.object.Namespace = name
	switch val := d.val.(type) {
	case *pod:
		val.Namespace = name
	case *workload:
		val.Namespace = name
	case *cluster.Service:
		val.Namespace = name
	case *cluster.NetworkPolicy:
		val.Namespace = name
	case *cluster.EndpointSlice:
		val.Namespace = name
	case *endpoints:
		val.Namespace = name
	}
}

// decodeObject reads one object. list is the type of the typed list around it,
// whose items carry no type of their own.
func decodeObject(file string, n *node, list typeMeta) (decoded, *Error) {
	d := &decoding{file: file, root: n}
	v := value{d: d, n: n}
	out := decoded{pos: v.pos()}
	if n.kind != isMap {
		v.fail("this is "+n.kind.String()+", an object with apiVersion and kind is expected", hintDump)
		d.err.noObject = true
		return out, d.err
	}
	t := parseType(v.get("apiVersion").str(), v.get("kind").str())
	if t.kind == "" && t.version == "" {
		t = list
	}
	switch {
	case d.err != nil:
	case t.kind == "" && t.version == "":
		out.object, out.val = v.noObject()
	case t.kind == "":
		v.get("kind").fail("apiVersion is there, kind is missing", "")
		d.err.noObject = true
	case t.version == "":
		v.get("apiVersion").fail("kind is there, apiVersion is missing", v.apiVersionHint(t.kind))
	default:
		v.typed(t, &out)
	}
	out.warns, out.bare = d.warns, d.bare
	return out, d.err
}

func (v value) apiVersionHint(kind string) string {
	if m := byKind(modelledKinds, kind); m != nil {
		return "write apiVersion: " + typeMeta{m.groups[0], m.versions[0], kind}.apiVersion()
	}
	return ""
}

// typed decodes an object whose type is known.
func (v value) typed(t typeMeta, out *decoded) {
	d := v.d
	if !isWord(t.kind) {
		v.get("kind").failf("%s is not a kind", quote(t.kind))
		return
	}
	m := v.lookup(t)
	if d.err != nil {
		return
	}
	if m == nil {
		d.object = v.foreignName(t)
		out.object, out.val = d.object, v.unmodelled(t)
		return
	}
	d.object = v.objectName(m)
	d.strict = t.group == ownGroup
	out.object = d.object
	if d.err == nil {
		out.val = m.decode(v)
	}
}

// objectName reads and checks metadata.name and metadata.namespace.
func (v value) objectName(m *modelled) flow.Object {
	o := flow.Object{Kind: m.kind}
	v.d.object = o
	meta := v.get("metadata")
	name := meta.get("name")
	if o.Name = name.str(); o.Name == "" {
		if m.groups[0] == ownGroup {
			return o // our own kinds need none
		}
		hint := ""
		if meta.get("generateName").present() {
			hint = "generateName makes a name in the cluster only: give the object a name, or dump it from the cluster"
		}
		name.fail("the name is missing", hint)
		return o
	}
	if !m.name(o.Name) {
		name.fail(quote(o.Name)+" is not a name that Kubernetes accepts: lower case letters, digits and inner '-' (and '.' for some kinds)", templateHint(o.Name))
		return o
	}
	if !m.namespaced {
		return o
	}
	v.d.object = o
	ns := meta.get("namespace")
	if o.Namespace = ns.str(); o.Namespace == "" {
		o.Namespace, v.d.bare = "default", true
	}
	if !isDNSLabel(o.Namespace) {
		ns.fail(quote(o.Namespace)+" is not a namespace: a DNS label is", templateHint(o.Namespace))
	}
	return o
}
