package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/service"
)

// selfCase is endpoints that ask their own Service, and perhaps another at the same
// load balancer's address. Nobody is let in to any, but a pod to itself.
type selfCase struct {
	alikeCase
	nodes [][]string // node hints, by endpoint
	// elsewhere: the first endpoint is another Service's, too, which lists it on n1.
	elsewhere bool
	of        []string // by endpoint, the Services it is of, by their first letters; nil: web alone
}

// The snapshot has, where there are two Services, a first one that is open to somebody
// outside alone, and a second one that is open to all.
func (x *selfCase) snapshot() *cluster.Snapshot {
	s := x.alikeCase.snapshot()
	s.Fabric.Dataplane.Policy = "cilium" // which lets a pod ask itself
	for i, hints := range x.nodes {
		s.EndpointSlices[i].Endpoints[0].HintNodes = hints
	}
	if x.elsewhere {
		slice := s.EndpointSlices[0]
		slice.Name, slice.Service = "other-0", "other"
		slice.Endpoints = slices.Clone(slice.Endpoints)
		slice.Endpoints[0].Node = "n1"
		other := s.Services[0]
		other.Name, other.ClusterIPs = "other", []netip.Addr{netip.MustParseAddr("10.96.0.12")}
		s.Services, s.EndpointSlices = append(s.Services, other), append(s.EndpointSlices, slice)
	}
	if x.of == nil {
		return s
	}
	web := &s.Services[0]
	web.Type, web.ExternalTrafficPolicy = cluster.ServiceLoadBalancer, cluster.PolicyLocal // which keeps the source of pods
	web.Ingress = []cluster.Ingress{{IP: netip.MustParseAddr("198.51.100.1")}}
	more := *web
	more.Name, more.ClusterIPs = "more", []netip.Addr{netip.MustParseAddr("10.96.0.11")}
	web.SourceRanges = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	s.Services = append(s.Services, more)
	all := s.EndpointSlices
	s.EndpointSlices = nil
	for i, letters := range x.of {
		for _, letter := range letters {
			slice := all[i]
			slice.Service = map[rune]string{'w': "web", 'm': "more"}[letter]
			slice.Name = fmt.Sprint(slice.Service, "-", i)
			s.EndpointSlices = append(s.EndpointSlices, slice)
		}
	}
	return s
}

// Endpoints that are alike but for how they are listed, or for what else is on their
// node, fare as Walk says of each.
func TestEndpointsAsClients(t *testing.T) {
	t.Parallel()
	ends := func(all ...alikeEnd) alikeCase { return alikeCase{ends: all} }
	local := func(all ...alikeEnd) alikeCase { return alikeCase{local: true, ends: all} }
	for name, tt := range map[string]selfCase{
		"one is not ready":                 {alikeCase: local(alikeEnd{on: 1}, alikeEnd{on: 1, is: "s"})},
		"one is listed elsewhere":          {alikeCase: local(alikeEnd{on: 1}, alikeEnd{on: 1, listed: 2})},
		"one is listed twice":              {alikeCase: local(alikeEnd{on: 1}, alikeEnd{on: 1, more: 1})},
		"another Service lists one aright": {alikeCase: ends(alikeEnd{on: 1, listed: 2}, alikeEnd{on: 1, listed: 2}), elsewhere: true},
		"one has another beside it":        {alikeCase: local(alikeEnd{on: 1}, alikeEnd{on: 2}, alikeEnd{on: 2})},
		"one is for another zone":          {alikeCase: ends(alikeEnd{on: 1, zones: []string{"east"}}, alikeEnd{on: 1, zones: []string{"west"}})},
		"one is for the zone as well":      {alikeCase: ends(alikeEnd{on: 1, zones: []string{"west", "east"}}, alikeEnd{on: 1, zones: []string{"west", "north"}})},
		"one is for another node":          {alikeCase: ends(alikeEnd{on: 1}, alikeEnd{on: 1}), nodes: [][]string{{"n1"}, {"n2"}}},
		"one is for the node as well":      {alikeCase: ends(alikeEnd{on: 1}, alikeEnd{on: 1}), nodes: [][]string{{"n2", "n1"}, {"n2", "n3"}}},
		"each is of one Service":           {alikeCase: ends(alikeEnd{on: 1}, alikeEnd{on: 1}), of: []string{"w", "m"}},
		"one is of the second as well":     {alikeCase: ends(alikeEnd{on: 1}, alikeEnd{on: 1}), of: []string{"w", "wm"}},
		"they are of the second Service":   {alikeCase: local(alikeEnd{on: 3}, alikeEnd{on: 1}, alikeEnd{on: 2}, alikeEnd{on: 2}), of: []string{"w", "m", "m", "m"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := fronts{T: t, verdicts: map[flow.Verdict]int{}}
			f.m = compileSnapshot(t, tt.snapshot())
			f.c = Compile(f.m)
			f.cluster()
			apart := false
			for front := range f.c.Fronts {
				selves := slices.DeleteFunc(front.Pods, func(p FromPods) bool { return len(p.Self) == 0 })
				apart = apart || len(selves) > 1
			}
			if !apart {
				t.Error("all endpoints are told the same")
			}
		})
	}
}

// An endpoint that a Service lists elsewhere is answered otherwise, and so the
// difference says, when another Service comes to list it on its node.
func TestDiffOfHairpins(t *testing.T) {
	x := selfCase{alikeCase: alikeCase{ends: []alikeEnd{{on: 1, listed: 2}}}, elsewhere: true}
	old, young := x.snapshot(), x.snapshot()
	(*endpointsOf(old, "other"))[0].Node = "n2"
	for _, d := range []*Difference{
		Diff(Compile(compileSnapshot(t, old)), Compile(compileSnapshot(t, young))),
		Diff(Compile(compileSnapshot(t, young)), Compile(compileSnapshot(t, old))),
	} {
		if _, differ := sameTold(t, 0, d); differ < 2 {
			t.Errorf("%d answers are others", differ)
		}
	}
}

// Nodes that are each unlike all others are not taken for one another by their names.
func TestNodesByName(t *testing.T) {
	e := alikeCase{ends: []alikeEnd{{on: 1, listed: 2}, {on: 1, listed: 2}, {on: 3, listed: 4}}}
	s := e.snapshot()
	s.Nodes[2].Name = "n1n1"
	for i := range s.Pods {
		if p := &s.Pods[i]; p.Node == "n3" {
			p.Node = "n1n1"
		}
	}
	f := fronts{T: t, verdicts: map[flow.Verdict]int{}, m: compileSnapshot(t, s)}
	f.c = Compile(f.m)
	f.cluster()
}

// Where a process's packets for a Service without endpoints are left alone, the nodes
// to which some router sends the address fare otherwise than the others.
func TestNodesByNextHop(t *testing.T) {
	for _, hops := range [][][]string{{{"n0"}}, {{"n0"}, {"n1"}}, {{"n2", "n1"}, {"n1"}}} {
		e := entryCase{nodes: 4}
		s := e.snapshot()
		s.Fabric.Dataplane.Proxy = "kube-proxy-iptables"
		s.Fabric.Routers = nil
		for i, nodes := range hops {
			s.Fabric.Routers = append(s.Fabric.Routers, cluster.Router{Name: fmt.Sprint("r", i), Multipath: true, Routes: cluster.RoutesStatic, Nodes: nodes})
		}
		f := fronts{T: t, verdicts: map[flow.Verdict]int{}, m: compileSnapshot(t, s)}
		f.c = Compile(f.m)
		f.cluster()
	}
}

// Pods fare as Walk says also where the first nodes that are like theirs have nobody
// but endpoints.
func TestPodsOfLaterNodes(t *testing.T) {
	e := alikeCase{local: true, ends: []alikeEnd{{on: 1}, {on: 3}, {on: 4}, {on: 4}}}
	s := e.snapshot()
	s.Pods = slices.DeleteFunc(s.Pods, func(p cluster.Pod) bool { return p.Name == "p1-200" })
	f := fronts{T: t, verdicts: map[flow.Verdict]int{}, m: compileSnapshot(t, s)}
	f.c = Compile(f.m)
	f.cluster()
}

// A node without an address of the family has no node port, and neither have its pods.
func TestNodePortOfNoNode(t *testing.T) {
	for lacks := range 3 {
		e := entryCase{nodes: 3, pods: []int{0, 1, 2}}
		s := e.snapshot()
		s.Nodes[lacks].InternalIPs = nil
		f := fronts{T: t, verdicts: map[flow.Verdict]int{}, m: compileSnapshot(t, s)}
		f.c = Compile(f.m)
		f.cluster()
	}
}

// What a Chart tells of a Service is not what it told before a policy was replaced.
func TestFrontAfterReplace(t *testing.T) {
	e := entryCase{nodes: 2, pods: []int{0, 1}, lets: [][]string{{"203.0.113.1/32"}, {}}}
	s := e.snapshot()
	c := Compile(compileSnapshot(t, s))
	for range c.Fronts { //nolint:revive // all are made
	}
	young := *s
	young.NetworkPolicies = slices.Clone(s.NetworkPolicies)
	young.NetworkPolicies[0].Ingress = []cluster.PolicyRule{{Peers: []cluster.PolicyPeer{{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix("203.0.113.2/32")}}}}}
	f := fronts{T: t, verdicts: map[flow.Verdict]int{}, m: compileSnapshot(t, &young)}
	for _, front := range c.m.Services.Of(&s.Services[0]) {
		f.c, _ = c.Replace(&s.NetworkPolicies[0], &young.NetworkPolicies[0])
		all := f.c.Front(front)
		for _, a := range []string{"203.0.113.1", "203.0.113.2", "8.8.8.8"} {
			f.client(&all, a, []netip.Addr{netip.MustParseAddr(a)})
		}
	}
	if len(f.verdicts) < 2 {
		t.Errorf("all are told the same: %v", f.verdicts)
	}
}

// ways: so many of the ways that Walk has are delivered, where one router is on them
// (a part counts a way that is denied before for each).
func (f *fronts) ways(a *path.Answer, found []*Answer) {
	f.Helper()
	delivered := 0
	for i := range a.Traces {
		if a.Traces[i].Fate == flow.Delivered {
			delivered++
		}
	}
	for _, o := range found {
		if o.Delivered*len(a.Traces) != delivered*o.Legs {
			f.Fatalf("seed %d: %d of %d ways are delivered, told %d of %d", f.seed, delivered, len(a.Traces), o.Delivered, o.Legs)
		}
	}
}

// toldOnce: nodes, endpoints, and pods of a kind on the same nodes are in one part if
// they fare alike.
func (f *fronts) toldOnce(front *Front) {
	f.Helper()
	var told []string
	for i := range front.Nodes {
		told = append(told, "nodes "+saysOf(&front.Nodes[i].Answer))
	}
	for i := range front.Pods {
		p := &front.Pods[i]
		who := "endpoints "
		if len(p.Self) == 0 {
			who = fmt.Sprint("kind ", f.c.placesOf().kindOf[p.Units.spans[0].from], p.All, p.Nodes.spans)
		}
		told = append(told, who+saysOf(&p.Answer))
	}
	if slices.Sort(told); len(slices.Compact(slices.Clone(told))) < len(told) {
		f.Fatalf("seed %d: who fares alike is told apart of %s of %s: %q", f.seed, front.Kind, front.Service.Name, told)
	}
}

// nobodyOn: no part is of a node that has no such front.
func (f *fronts) nobodyOn(front *Front, node string) {
	f.Helper()
	for i := range front.Nodes {
		if front.Nodes[i].Nodes.Contains(node) && front.Kind == service.NodePort {
			f.Fatalf("seed %d: %s of %s: told of %s, which has no address", f.seed, front.Kind, front.Service.Name, node)
		}
	}
}
