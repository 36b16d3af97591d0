package lbip

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// The annotations, each under both prefixes: "new one wins".
const (
	prefix    = "metallb.io/"
	oldPrefix = "metallb.universe.tf/"

	annotationShare     = "allow-shared-ip"
	annotationAddresses = "loadBalancerIPs"
	annotationPool      = "address-pool"
	annotationFrom      = "ip-allocated-from-pool" // written by MetalLB
)

// annotation returns the value under the new prefix, else under the old one. A
// new one that is empty wins too.
func annotation(svc *cluster.Service, name string) string {
	if v, ok := svc.Annotations[prefix+name]; ok {
		return v
	}
	return svc.Annotations[oldPrefix+name]
}

// Key is the Service's sharing key, "" when it shares with nobody. Keys are
// plain strings: they know no namespaces.
func Key(svc *cluster.Service) string { return annotation(svc, annotationShare) }

// Annotated reports whether the Service carries a sharing key, be it empty: that
// much MetalLB's speakers look at.
func Annotated(svc *cluster.Service) bool {
	_, stable := svc.Annotations[prefix+annotationShare]
	_, old := svc.Annotations[oldPrefix+annotationShare]
	return stable || old
}

// backend is what two sharers must have in common besides the key: nothing with
// Cluster, the selector's text with Local. A Local Service without a selector
// has the empty text and so counts as Cluster (k8salloc.BackendKey).
func backend(svc *cluster.Service) string {
	if svc.ExternalTrafficPolicy != cluster.PolicyLocal {
		return ""
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(svc.Selector)) {
		parts = append(parts, k+"="+svc.Selector[k])
	}
	return strings.Join(parts, ",")
}

// anyAddress stands for the address in a Reason that is about none in
// particular.
const anyAddress = "@one-address"

// Share reports whether two Services may have one load balancer address
// together, and the condition that lets them or that fails.
func Share(a, b *cluster.Service) (ok bool, why flow.Reason) { return share(a, b, anyAddress) }

// share is Share with the address it is about. The conditions stand in the
// order in which MetalLB looks at them.
func share(a, b *cluster.Service, at string) (bool, flow.Reason) {
	because := func(c flow.Code, args ...string) flow.Reason {
		return flow.Because(c, append([]string{at, name(a), name(b)}, args...)...)
	}
	ka, kb := Key(a), Key(b)
	ba, bb := backend(a), backend(b)
	switch {
	case ka == "":
		return false, because(flow.CodeShareNoKey, name(a))
	case kb == "":
		return false, because(flow.CodeShareNoKey, name(b))
	case ka != kb:
		return false, because(flow.CodeShareKeys, ka, kb)
	case ba != bb && policyWord(a) != policyWord(b):
		return false, because(flow.CodeSharePolicies, policyWord(a), policyWord(b))
	case ba != bb:
		return false, because(flow.CodeShareSelectors, selectorWord(ba), selectorWord(bb))
	}
	if p := commonPort(a, b); p != nil {
		return false, because(flow.CodeSharePort, portWord(p))
	}
	if ba == "" {
		return true, because(flow.CodeShareCluster, ka)
	}
	return true, because(flow.CodeShareSelector, ka, ba)
}

func policyWord(svc *cluster.Service) string {
	if svc.ExternalTrafficPolicy == "" {
		return string(cluster.PolicyCluster)
	}
	return string(svc.ExternalTrafficPolicy)
}

func selectorWord(text string) string {
	if text == "" {
		return "@no-selector"
	}
	return text
}

// commonPort is a port that both want: node ports and target ports do not
// matter.
func commonPort(a, b *cluster.Service) *cluster.ServicePort {
	for i := range a.Ports {
		for j := range b.Ports {
			if p, q := &a.Ports[i], &b.Ports[j]; p.Port == q.Port && p.Protocol == q.Protocol {
				return p
			}
		}
	}
	return nil
}

func portWord(p *cluster.ServicePort) string {
	return strconv.Itoa(int(p.Port)) + "/" + strings.ToLower(p.Protocol.String())
}

func name(svc *cluster.Service) string { return svc.Namespace + "/" + svc.Name }
