package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
)

// wordsCluster is a Knot with what people are told besides: Services, nodes and
// pods of several addresses, lists that are empty or missing, rules that share
// peers and ports, other engines, places in files. Some hold one pod, or none.
func wordsCluster(r *rand.Rand) *cluster.Snapshot {
	s := generate.Knot(r)
	for i := range s.Nodes {
		s.Nodes[i].OtherIPs = []netip.Addr{netip.MustParseAddr(fmt.Sprintf("172.16.0.%d", 11+i)), netip.MustParseAddr(fmt.Sprintf("10.0.1.%d", 12+i))}
	}
	for i := range s.Pods {
		wordsPod(r, &s.Pods[i], i)
	}
	for i := range s.NetworkPolicies {
		wordsPolicy(r, s, i)
	}
	for i := range r.IntN(12) {
		s.Services = append(s.Services, wordsService(r, i))
	}
	for i := range r.IntN(8) {
		s.Foreign = append(s.Foreign, foreign(pick(r, "", "ns0", "ns1"), i))
	}
	switch r.IntN(8) {
	case 0:
		s.Pods = nil
	case 1:
		s.Pods = s.Pods[:1]
	}
	return s
}

func foreign(namespace string, i int) cluster.Foreign {
	return cluster.Foreign{Namespace: namespace, Object: flow.Object{Kind: "Other", Namespace: namespace, Name: fmt.Sprint(i)}}
}

func wordsPod(r *rand.Rand, p *cluster.Pod, i int) {
	if r.IntN(3) == 0 && !p.HostNetwork {
		p.IPs = append(p.IPs, netip.MustParseAddr(fmt.Sprintf("10.0.1.%d", 100+i)))
	}
	if len(p.Ports) > 0 && r.IntN(3) == 0 {
		twice := p.Ports[0]
		other := twice
		other.Port = pick[uint16](r, 80, 8443)
		p.Ports = append(p.Ports, twice, other)
	}
	p.HostNetwork = p.HostNetwork || r.IntN(6) == 0
	if r.IntN(4) == 0 {
		p.Node = ""
	}
}

func wordsService(r *rand.Rand, i int) cluster.Service {
	svc := cluster.Service{Meta: cluster.Meta{Namespace: pick(r, "ns0", "ns0", "ns1", "ns3"), Name: fmt.Sprintf("svc%d", i)}}
	if r.IntN(4) > 0 {
		svc.Selector = cluster.Labels{pick(r, "app", "tier"): pick(r, "a", "b", "c")}
	} else if r.IntN(2) == 0 {
		svc.Selector = cluster.Labels{}
	}
	numbers := []uint16{80, 53, 8080, 65535}
	r.Shuffle(len(numbers), func(i, j int) { numbers[i], numbers[j] = numbers[j], numbers[i] })
	for _, n := range numbers[:1+r.IntN(3)] {
		target := pick(r, cluster.PortRef{Number: n}, cluster.PortRef{Number: 9090}, cluster.PortRef{Name: "http"})
		for _, proto := range []flow.Protocol{flow.TCP, flow.UDP}[r.IntN(2):] {
			svc.Ports = append(svc.Ports, cluster.ServicePort{Protocol: proto, Port: n, TargetPort: target})
			target = cluster.PortRef{Number: 9091}
		}
	}
	return svc
}

func wordsPolicy(r *rand.Rand, s *cluster.Snapshot, i int) {
	p := &s.NetworkPolicies[i]
	p.Position.Line = 100 * (i + 1)
	if r.IntN(3) == 0 {
		p.PodSelector, p.Namespace = cluster.LabelSelector{}, "ns0"
	}
	if i > 0 && r.IntN(3) == 0 {
		p.PodSelector, p.Namespace = s.NetworkPolicies[0].PodSelector, s.NetworkPolicies[0].Namespace
	}
	if i > 0 && r.IntN(3) == 0 {
		p.Egress = s.NetworkPolicies[0].Egress
	}
	p.Ingress, p.Egress = wordsRules(r, p.Ingress), wordsRules(r, p.Egress)
}

// wordsRules are the rules in a version of their own, some with peers and ports
// of others.
func wordsRules(r *rand.Rand, from []cluster.PolicyRule) []cluster.PolicyRule {
	rules := slices.Clone(from)
	if r.IntN(6) == 0 {
		rules = append(rules, cluster.PolicyRule{})
	}
	for range len(rules) / 2 {
		rules = append(rules, pick(r, rules...))
	}
	for i := range rules {
		x := &rules[i]
		if r.IntN(4) == 0 && len(x.Peers) > 0 {
			x.Peers = slices.Concat(x.Peers, pick(r, rules...).Peers)
		}
		if r.IntN(3) == 0 {
			x.Ports = pick(r, rules...).Ports
		}
		x.Position.Line = r.IntN(2) * (i + 1)
		x.Peers, x.Ports = slices.Clone(x.Peers), slices.Clone(x.Ports)
		for j := range x.Peers {
			wordsPeer(r, &x.Peers[j])
			x.Peers[j].Position.Line = r.IntN(2) * (j + 10)
		}
		for j := range x.Ports {
			wordsPort(r, &x.Ports[j])
		}
		r.Shuffle(len(x.Ports), func(i, j int) { x.Ports[i], x.Ports[j] = x.Ports[j], x.Ports[i] })
		if x.Peers == nil && r.IntN(3) == 0 {
			x.Peers = []cluster.PolicyPeer{}
		}
		if x.Ports == nil && r.IntN(3) == 0 {
			x.Ports = []cluster.PolicyPort{}
		}
	}
	return rules
}

func wordsPeer(r *rand.Rand, x *cluster.PolicyPeer) {
	switch {
	case x.IPBlock != nil && len(x.IPBlock.Except) == 0:
		x.IPBlock = &cluster.IPBlock{CIDR: x.IPBlock.CIDR, Except: pick(r, nil, []netip.Prefix{})}
	case x.NamespaceSelector != nil && selectsAll(x.PodSelector):
		x.PodSelector = pick(r, nil, &cluster.LabelSelector{})
	}
}

// wordsPort makes a range one that the API takes, and a few more of them meet.
func wordsPort(r *rand.Rand, x *cluster.PolicyPort) {
	switch {
	case x.EndPort != 0:
		x.EndPort = max(x.EndPort, x.Port.Number)
	case x.Port.Name != "" && r.IntN(8) == 0:
		x.EndPort, x.Port.Number = 90, 80 // the name wins
	case x.Port.Number != 0 && r.IntN(2) == 0:
		*x = cluster.PolicyPort{Protocol: pick(r, flow.TCP, flow.UDP), Port: cluster.PortRef{Number: pick[uint16](r, 53, 80, 8080, 65535)}}
	case x.Port.Number != 0 && r.IntN(4) == 0:
		*x = cluster.PolicyPort{Protocol: flow.UDP, Port: cluster.PortRef{Number: pick[uint16](r, 54, 5353, 5354, 5352)}}
	case x.Port.Number != 0 && r.IntN(8) == 0:
		*x = cluster.PolicyPort{Protocol: flow.UDP, Port: cluster.PortRef{Number: 54}, EndPort: pick[uint16](r, 5352, 5353)}
	}
}

// wordsSeeds is how many clusters are described.
func wordsSeeds() uint64 {
	if testing.Short() {
		return 400
	}
	return 3000
}

// For random clusters a description is what the API's sentences say, read for one
// pod after the other; and it is the same whatever was described before.
func TestDescribeMeaning(t *testing.T) {
	for seed := range wordsSeeds() {
		s := wordsCluster(rand.New(rand.NewPCG(seed, 21)))
		tables := Compile(s, cluster.NewIndex(s), letter())
		d, n := tables.Describer(), naive{s}
		if d.PodsKnown() != (len(n.pods(true))+len(n.pods(false)) > 0) {
			t.Fatalf("seed %d: pods known: %v", seed, d.PodsKnown())
		}
		for i := range s.NetworkPolicies {
			p := &s.NetworkPolicies[i]
			got, want := d.Describe(p), n.describe(p)
			if a, b := got.whole(), want.whole(); a != b {
				t.Fatalf("seed %d:\n got %s\nwant %s", seed, a, b)
			}
			n.compareNotes(t, got)
			if alone := tables.Describer().Describe(p); !reflect.DeepEqual(got, alone) {
				t.Fatalf("seed %d: alone:\n got %s %v\nwant %s %v", seed, alone.whole(), alone.Notes, got.whole(), got.Notes)
			}
		}
	}
}

// What applies to a pod, read as a person would, is what Judge says of each packet,
// for random clusters and everybody in them.
func TestDescribePodIsJudgeOfKnots(t *testing.T) {
	counts := map[bool]int{}
	for seed := range wordsSeeds() / 20 {
		s := wordsCluster(rand.New(rand.NewPCG(seed, 23)))
		tables := Compile(s, cluster.NewIndex(s), letter())
		d, parties := tables.Describer(), tables.parties()
		for _, pod := range (naive{s}).pods(false) {
			for _, side := range d.DescribePod(pod).Sides {
				for _, peer := range parties {
					for _, port := range []uint16{0, 1, 53, 54, 80, 8080, 8443, 65535} {
						for _, proto := range []flow.Protocol{flow.TCP, flow.UDP, flow.SCTP} {
							q := Question{Direction: side.Direction, Subject: Party{Pod: pod}, Peer: peer, Protocol: proto, Port: port}
							want := tables.Judge(q).Verdict.Allowed()
							counts[want]++
							got := len(side.Isolating) == 0 || slices.ContainsFunc(side.Grants, func(g Grant) bool { return g.admits(&q) })
							if got != want {
								t.Fatalf("seed %d: %s of %s, peer %v (%v), %s %d: described %v, Judge %v\n%s", seed, side.Direction, pod.Object(), peer.Addr, peer.Pod, proto, port, got, want, side.text())
							}
						}
					}
				}
			}
		}
	}
	if counts[true] < 10000 || counts[false] < 10000 {
		t.Errorf("%v", counts)
	}
}
