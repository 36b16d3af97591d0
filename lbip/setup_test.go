package lbip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// svc reads a Service of namespace test from words, in the order they stand:
//
//	name [ns=N] [key=K] [oldkey=K] [Local] [sel=app:web,...] [80/udp 443 ...]
//	[ip=A[,A]] [want=A[,A]] [wantold=A] [spec=A] [pool=P] [class=C] [v6] [dual]
//	[require] [at=2026-01-01] [label=k:v] [note=annotation:value]
func svc(text string) cluster.Service {
	words := strings.Fields(text)
	s := cluster.Service{
		Meta: cluster.Meta{Namespace: "test", Name: words[0], Annotations: map[string]string{}, Labels: cluster.Labels{}},
		Type: cluster.ServiceLoadBalancer, ExternalTrafficPolicy: cluster.PolicyCluster,
		Selector: cluster.Labels{"app": words[0]}, ClusterIPs: addrs("10.96.0.10"),
	}
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "ns":
			s.Namespace = v
		case "key":
			s.Annotations["metallb.io/allow-shared-ip"] = v
		case "oldkey":
			s.Annotations["metallb.universe.tf/allow-shared-ip"] = v
		case "Local":
			s.ExternalTrafficPolicy = cluster.PolicyLocal
		case "sel":
			s.Selector = pairs(v)
		case "label":
			s.Labels = pairs(v)
		case "ip":
			for _, a := range addrs(v) {
				s.Ingress = append(s.Ingress, cluster.Ingress{IP: a})
			}
		case "want":
			s.Annotations["metallb.io/loadBalancerIPs"] = v
		case "wantold":
			s.Annotations["metallb.universe.tf/loadBalancerIPs"] = v
		case "spec":
			s.LoadBalancerIP = netip.MustParseAddr(v)
		case "pool":
			s.Annotations["metallb.io/address-pool"] = v
		case "note":
			n, value, _ := strings.Cut(v, ":")
			s.Annotations[n] = value
		case "class":
			s.LoadBalancerClass = v
		case "v6":
			s.ClusterIPs = addrs("fd00:96::10")
		case "dual":
			s.ClusterIPs = addrs("10.96.0.10,fd00:96::10")
		case "require":
			s.RequireDualStack = true
		case "at":
			s.Created = v + "T00:00:00Z"
		default:
			s.Ports = append(s.Ports, port(w))
		}
	}
	if len(s.Ports) == 0 {
		s.Ports = []cluster.ServicePort{port("80")}
	}
	return s
}

func port(text string) cluster.ServicePort {
	p := cluster.ServicePort{Protocol: flow.TCP}
	number, proto, _ := strings.Cut(text, "/")
	if proto != "" {
		p.Protocol, _ = flow.ParseProtocol(strings.ToUpper(proto))
	}
	if _, err := fmt.Sscan(number, &p.Port); err != nil {
		panic("not a word of a Service: " + text)
	}
	return p
}

func pairs(text string) cluster.Labels {
	out := cluster.Labels{}
	for part := range strings.SplitSeq(text, ",") {
		if k, v, ok := strings.Cut(part, ":"); ok {
			out[k] = v
		}
	}
	return out
}

func addrs(text string) []netip.Addr {
	var out []netip.Addr
	for a := range strings.SplitSeq(text, ",") {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

// newPoolOf reads "NAME FIRST-LAST [FIRST-LAST...] [manual] [avoid] [everybody]
// [priority=N] [ns=a,b] [nslabel=k:v] [svclabel=k:v]".
func newPoolOf(text string) cluster.IPAddressPool {
	words := strings.Fields(text)
	p := cluster.IPAddressPool{Meta: cluster.Meta{Namespace: "metallb-system", Name: words[0]}, AutoAssign: true}
	alloc := func() *cluster.ServiceAllocation {
		if p.Allocation == nil {
			p.Allocation = &cluster.ServiceAllocation{}
		}
		return p.Allocation
	}
	for _, w := range words[1:] {
		k, v, _ := strings.Cut(w, "=")
		switch k {
		case "manual":
			p.AutoAssign = false
		case "avoid":
			p.AvoidBuggyIPs = true
		case "everybody":
			alloc()
		case "priority":
			_, _ = fmt.Sscan(v, &alloc().Priority)
		case "ns":
			alloc().Namespaces = strings.Split(v, ",")
		case "nslabel":
			alloc().NamespaceSelectors = []cluster.LabelSelector{{MatchLabels: pairs(v)}}
		case "svclabel":
			alloc().ServiceSelectors = []cluster.LabelSelector{{MatchLabels: pairs(v)}}
		default:
			first, last, ok := strings.Cut(w, "-")
			if !ok {
				last = first
			}
			p.Addresses = append(p.Addresses, cluster.AddressRange{First: netip.MustParseAddr(first), Last: netip.MustParseAddr(last)})
		}
	}
	return p
}

// snapshot has one line a pool ("pool ...") or Service.
func snapshot(text string) *cluster.Snapshot {
	s := &cluster.Snapshot{Namespaces: []cluster.Namespace{
		{Meta: cluster.Meta{Name: "test", Labels: cluster.Labels{"team": "blue"}}},
		{Meta: cluster.Meta{Name: "other"}},
	}}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "pool "); ok {
			s.MetalLB.Pools = append(s.MetalLB.Pools, newPoolOf(rest))
		} else {
			s.Services = append(s.Services, svc(line))
		}
	}
	return s
}

// outcome prints what became of a Service: its addresses, else its reasons.
func outcome(t *testing.T, s *cluster.Snapshot, table *Table, name string) string {
	t.Helper()
	for i := range s.Services {
		if s.Services[i].Name != name {
			continue
		}
		r := table.Of(&s.Services[i])
		if len(r.Addresses) > 0 {
			return words(r.Addresses)
		}
		var why []string
		for _, reason := range r.Why {
			why = append(why, reason.String())
		}
		return strings.Join(why, "; ")
	}
	t.Fatalf("no Service %s", name)
	return ""
}
