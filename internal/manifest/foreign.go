package manifest

import (
	"path"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// effect is what an object that is not modelled may do to a verdict.
type effect uint8

const (
	mayDecide  effect = iota // may deny what NetworkPolicy allows, or allow what it denies
	mayDeny                  // may deny only
	staged                   // shown to people, enforced by nobody
	otherPlane               // acts on networks that Services do not use
)

// foreignKind is a kind of another policy engine.
type foreignKind struct {
	group      string
	kind       string
	namespaced bool
	effect     effect
	engine     string
}

// foreignKinds names what may change a verdict, with the sentence of its
// documentation that says so.
var foreignKinds = []foreignKind{
	// Cilium, docs.cilium.io/en/stable/network/kubernetes/policy: "standard
	// NetworkPolicy, CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy can
	// be used together"; with deny rules "deny policies take precedence".
	{"cilium.io", "CiliumNetworkPolicy", true, mayDecide, "Cilium"},
	{"cilium.io", "CiliumClusterwideNetworkPolicy", false, mayDecide, "Cilium"},
	// Calico, docs.tigera.io, "Policy rules": Allow, Deny, Log and Pass, by
	// order, before and beside Kubernetes NetworkPolicy (order 1000).
	{"projectcalico.org", "NetworkPolicy", true, mayDecide, "Calico"},
	{"projectcalico.org", "GlobalNetworkPolicy", false, mayDecide, "Calico"},
	{"crd.projectcalico.org", "NetworkPolicy", true, mayDecide, "Calico"},
	{"crd.projectcalico.org", "GlobalNetworkPolicy", false, mayDecide, "Calico"},
	// Staged policies: "not enforced", a preview of a policy's effect.
	{"projectcalico.org", "StagedNetworkPolicy", true, staged, "Calico"},
	{"projectcalico.org", "StagedGlobalNetworkPolicy", false, staged, "Calico"},
	{"projectcalico.org", "StagedKubernetesNetworkPolicy", true, staged, "Calico"},
	{"crd.projectcalico.org", "StagedNetworkPolicy", true, staged, "Calico"},
	{"crd.projectcalico.org", "StagedGlobalNetworkPolicy", false, staged, "Calico"},
	{"crd.projectcalico.org", "StagedKubernetesNetworkPolicy", true, staged, "Calico"},
	// network-policy-api.sigs.k8s.io: the Admin tier is evaluated before
	// NetworkPolicy and may Accept or Deny; the Baseline tier behind it.
	{"policy.networking.k8s.io", "AdminNetworkPolicy", false, mayDecide, "network-policy-api"},
	{"policy.networking.k8s.io", "BaselineAdminNetworkPolicy", false, mayDecide, "network-policy-api"},
	{"policy.networking.k8s.io", "ClusterNetworkPolicy", false, mayDecide, "network-policy-api"},
	// Antrea, antrea.io/docs: tiers with Allow, Drop, Reject and Pass before
	// Kubernetes NetworkPolicy, the baseline tier behind it.
	{"crd.antrea.io", "NetworkPolicy", true, mayDecide, "Antrea"},
	{"crd.antrea.io", "ClusterNetworkPolicy", false, mayDecide, "Antrea"},
	{"security.antrea.tanzu.vmware.com", "NetworkPolicy", true, mayDecide, "Antrea"},
	{"security.antrea.tanzu.vmware.com", "ClusterNetworkPolicy", false, mayDecide, "Antrea"},
	// Istio, istio.io/latest/docs/reference/config/security: enforced by the
	// proxy of the pod, behind the pod network's policy.
	{"security.istio.io", "AuthorizationPolicy", true, mayDeny, "Istio"},
	{"security.istio.io", "PeerAuthentication", true, mayDeny, "Istio"},
	{"networking.istio.io", "Sidecar", true, mayDeny, "Istio"},
	// Linkerd, linkerd.io/2/reference/authorization-policy: a port with a
	// Server refuses what no authorization admits.
	{"policy.linkerd.io", "Server", true, mayDeny, "Linkerd"},
	{"policy.linkerd.io", "ServerAuthorization", true, mayDeny, "Linkerd"},
	{"policy.linkerd.io", "AuthorizationPolicy", true, mayDeny, "Linkerd"},
	// OVN-Kubernetes and OpenShift: allow and deny of traffic that leaves the
	// cluster, evaluated before NetworkPolicy for it.
	{"k8s.ovn.org", "EgressFirewall", true, mayDecide, "OVN-Kubernetes"},
	{"network.openshift.io", "EgressNetworkPolicy", true, mayDecide, "OpenShift SDN"},
	// In multitenant mode namespaces of different NETID do not reach each other.
	{"network.openshift.io", "NetNamespace", false, mayDeny, "OpenShift SDN"},
	// Kube-OVN: SecurityGroup and subnet ACLs stand beside NetworkPolicy.
	{"kubeovn.io", "SecurityGroup", false, mayDecide, "Kube-OVN"},
	// AWS VPC CNI: pods with a security group leave the node's policy path.
	{"vpcresources.k8s.aws", "SecurityGroupPolicy", true, mayDecide, "AWS VPC CNI"},
	// k8snetworkplumbingwg/multi-networkpolicy: "for net-attach-def", that is
	// secondary networks.
	{"k8s.cni.cncf.io", "MultiNetworkPolicy", true, otherPlane, "multi-networkpolicy"},
}

// foreignOf finds what is known of a type that is not modelled. A kind nobody
// has heard of that calls itself a network policy, or a policy of a network
// group, counts as one: it is never taken for allowed.
func foreignOf(t typeMeta) *foreignKind {
	for i := range foreignKinds {
		if f := &foreignKinds[i]; f.group == t.group && f.kind == t.kind {
			return f
		}
	}
	policy := strings.Contains(t.kind, "Policy") && (strings.Contains(t.kind, "Network") || strings.HasSuffix(t.group, "ovn.org"))
	if !policy || slices.Contains(nativeGroups, t.group) {
		return nil
	}
	return &foreignKind{group: t.group, kind: t.kind, namespaced: true, engine: t.group}
}

// foreignName names an object that is not modelled. A kind that shares its
// name with one of ours, or with another engine's, is told apart by its group,
// as in kubectl ("NetworkPolicy.crd.projectcalico.org").
func (v value) foreignName(t typeMeta) flow.Object {
	kind := t.kind
	engines := 0
	for _, f := range foreignKinds {
		if f.kind == t.kind {
			engines++
		}
	}
	if t.group != "" && (byKind(modelledKinds, t.kind) != nil || engines > 1) {
		kind += "." + t.group
	}
	meta := v.get("metadata")
	return flow.Object{Kind: clean(kind), Namespace: clean(meta.get("namespace").text()), Name: clean(meta.get("name").text())}
}

// text is a scalar of any type, "" for anything else: for objects that are not
// used, whose mistakes are not ours.
func (v value) text() string {
	if v.present() && v.n.kind != isMap && v.n.kind != isList {
		return v.n.text
	}
	return ""
}

// unmodelled sorts an object into Foreign or Ignored.
func (v value) unmodelled(t typeMeta) any {
	o, f := v.d.object, foreignOf(t)
	if c := v.configClue(t); c != nil {
		return c
	}
	if c := v.callback(t); c != nil {
		return &called{Callback: c, kind: clean(t.kind), version: clean(t.apiVersion())}
	}
	ignored := func(r flow.Reason) any { return &cluster.Ignored{Object: o, Position: v.pos(), Reason: r} }
	switch {
	case strings.HasSuffix(t.group, "kustomize.config.k8s.io"):
		return ignored(flow.Because(flow.CodeIgnoredKustomization))
	case f == nil:
		return ignored(flow.Because(flow.CodeIgnoredKind, clean(t.kind), clean(t.apiVersion())))
	case f.effect == staged:
		return ignored(flow.Because(flow.CodeIgnoredStaged, f.engine))
	case f.effect == otherPlane:
		return ignored(flow.Because(flow.CodeIgnoredSecondary, f.engine))
	}
	if f.namespaced && o.Namespace == "" && f.engine != t.group {
		o.Namespace = "default"
	}
	foreign := &cluster.Foreign{Object: o, Position: v.pos(), DenyOnly: f.effect == mayDeny, Engine: clean(f.engine)}
	if f.namespaced && !(f.engine == "Istio" && o.Namespace == istioRoot) {
		foreign.Namespace = o.Namespace
	}
	return foreign
}

// istioRoot is Istio's default root namespace: a policy there is the whole
// mesh's ("If the root namespace is the policy's, it applies to all namespaces").
const istioRoot = "istio-system"

// noObject is a document without apiVersion and kind: a values file or a
// kustomization lies beside manifests often; a document that has an object's
// parts is a mistake.
func (v value) noObject() (flow.Object, any) {
	if v.get("metadata").present() && v.get("spec").present() {
		v.fail("this looks like an object, but apiVersion and kind are missing", "")
		return flow.Object{}, nil
	}
	o := flow.Object{Kind: "File", Name: v.d.file}
	r := flow.Because(flow.CodeIgnoredNoObject)
	if base := strings.ToLower(path.Base(o.Name)); strings.HasPrefix(base, "kustomization.") {
		r = flow.Because(flow.CodeIgnoredKustomization)
	}
	return o, &cluster.Ignored{Object: o, Position: v.pos(), Reason: r}
}
