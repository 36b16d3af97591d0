package reach

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// packed is a cluster of few kinds of pods and many of each, side by side, in blocks
// that begin and end between them: of one family, of both, with an address that
// another has too, without one, with one that was made up.
func packed(r *rand.Rand, pods int) *cluster.Snapshot {
	s := &cluster.Snapshot{Nodes: []cluster.Node{{
		Meta: cluster.Meta{Name: "n1"}, InternalIPs: []netip.Addr{netip.MustParseAddr("172.16.0.1")}, Ready: true,
		PodCIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("fd00::/120")},
	}}}
	for _, name := range []string{"a", "b"} {
		s.Namespaces = append(s.Namespaces, cluster.Namespace{Meta: cluster.Meta{Name: name, Labels: cluster.Labels{"kubernetes.io/metadata.name": name}}})
	}
	for i := range pods {
		s.Pods = append(s.Pods, packedPod(r, i))
	}
	if r.IntN(5) == 0 {
		return s // of which no address is told from another
	}
	s.Fabric.Dataplane.Policy = []string{"generic", "generic", "kube-router", "calico", "cilium"}[r.IntN(5)]
	for i := range 1 + r.IntN(1+r.IntN(6)) {
		np := cluster.NetworkPolicy{Meta: cluster.Meta{Namespace: []string{"a", "b"}[r.IntN(2)], Name: fmt.Sprint("np", i)}, IsolatesIngress: r.IntN(2) == 0}
		if np.IsolatesEgress = !np.IsolatesIngress; r.IntN(3) > 0 {
			np.PodSelector = selects("app", []string{"x", "y"}[r.IntN(2)])
		}
		for range 1 + r.IntN(3) {
			if rule := packedRule(r, pods); np.IsolatesIngress {
				np.Ingress = append(np.Ingress, rule)
			} else {
				np.Egress = append(np.Egress, rule)
			}
		}
		s.NetworkPolicies = append(s.NetworkPolicies, np)
	}
	return s
}

func packedPod(r *rand.Rand, i int) cluster.Pod {
	p := cluster.Pod{
		Meta: cluster.Meta{Namespace: []string{"a", "b"}[r.IntN(2)], Name: fmt.Sprint("p", i), Labels: cluster.Labels{"app": []string{"x", "y"}[r.IntN(2)]}},
		Node: "n1", Phase: cluster.PodRunning, Ready: true,
		Ports: []cluster.ContainerPort{{Name: "http", Port: uint16(80 + i%7/6), Protocol: flow.TCP}},
	}
	if kind := []string{"", "", "", "Deployment", "Job"}[r.IntN(5)]; kind != "" {
		p.Owner = flow.Object{Kind: kind, Namespace: p.Namespace, Name: []string{"w", "w2"}[r.IntN(2)]}
	}
	four := func(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(16 + n)}) }
	six := func(n int) netip.Addr { return netip.AddrFrom16([16]byte{0xfd, 15: byte(16 + n)}) }
	switch r.IntN(20) {
	case 0:
		p.IPs = []netip.Addr{six(i)}
	case 1:
		p.IPs = nil
	case 2:
		p.IPs, p.Invented = []netip.Addr{four(i)}, true
	case 3, 7, 8:
		own := []netip.Addr{four(i), six(i)} // the other may be another's
		p.IPs = [][]netip.Addr{{four(r.IntN(i + 1)), own[1]}, {own[0], six(r.IntN(i + 1))}, {four(r.IntN(i + 1))}, {six(r.IntN(i + 1))}}[r.IntN(4)]
	case 4:
		p.IPs = []netip.Addr{four(i), six(i)}
	case 5:
		p.IPs, p.Phase = []netip.Addr{four(i)}, cluster.PodSucceeded
	case 6:
		p.IPs = []netip.Addr{six(i), four(i)}
	default:
		p.IPs = []netip.Addr{four(i)}
	}
	return p
}

func packedRule(r *rand.Rand, pods int) cluster.PolicyRule {
	rule := cluster.PolicyRule{Peers: []cluster.PolicyPeer{{IPBlock: packedBlock(r, pods)}, {IPBlock: packedBlock(r, pods)}}[:1+r.IntN(2)]}
	switch r.IntN(4) {
	case 0, 1:
		rule.Ports = []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Name: "http"}}}
	case 2:
		rule.Ports = []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: 80}}}
	}
	return rule
}

// packedBlock begins at the address of a pod, if there is one.
func packedBlock(r *rand.Rand, pods int) *cluster.IPBlock {
	n := byte(16 + r.IntN(pods))
	if r.IntN(4) == 0 {
		return &cluster.IPBlock{CIDR: netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, 15: n}), 123+r.IntN(6))}
	}
	b := &cluster.IPBlock{CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, n}), []int{0, 24, 27, 29, 30, 31, 32, 32}[r.IntN(8)]).Masked()}
	for range r.IntN(3) {
		b.Except = append(b.Except, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(16 + r.IntN(pods))}), 28+r.IntN(5)).Masked())
	}
	return b
}

// Pods are one Unit if they are of one class and workload, and nothing tells their
// addresses apart; what a Unit says of them holds for each.
func TestUnits(t *testing.T) {
	t.Parallel()
	same, apart := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 11))
		m := compileSnapshot(t, packed(r, 20+r.IntN(180)))
		if seed%3 > 0 {
			m.Profile.ProxyCIDRs = []netip.Prefix{netip.MustParsePrefix("10.0.0.64/26"), netip.MustParsePrefix("fd00::80/121")}
		}
		c := Compile(m)
		pods := m.Snapshot.Pods
		var keys []string
		for i := range pods {
			keys = append(keys, unitKey(m, c, &pods[i]))
		}
		for i := range pods {
			u := c.UnitOf(&pods[i])
			if (u < 0) != (keys[i] == "") {
				t.Fatalf("seed %d: %+v is of unit %d", seed, pods[i], u)
			}
			if u < 0 {
				continue
			}
			for j := range pods[:i] {
				if v := c.UnitOf(&pods[j]); v >= 0 && (u == v) != (keys[i] == keys[j]) {
					t.Fatalf("seed %d: %+v is of unit %d, %+v of %d", seed, pods[i], u, pods[j], v)
				} else if u == v {
					same++
				} else {
					apart++
				}
			}
			unitSays(t, c, u, &pods[i])
		}
	}
	if same < 2000 || apart < 50000 {
		t.Errorf("%d pairs are of one unit, %d are not", same, apart)
	}
}

// unitKey writes down what a Unit is told by; "" is none.
func unitKey(m *model.Model, c *Chart, p *cluster.Pod) string {
	if p.Finished() || len(p.IPs) == 0 {
		return ""
	}
	key := fmt.Sprint(c.ClassOf(p), p.Owner, p.Invented)
	var prefixes []netip.Prefix
	for i := range m.Snapshot.NetworkPolicies {
		prefixes = append(prefixes, prefixesOf(&m.Snapshot.NetworkPolicies[i])...)
	}
	for _, a := range p.IPs {
		key += fmt.Sprint(" ", a.Is6(), m.Profile.DetectsAsPod(a), m.Index.PodByIP(a) == p)
		for _, x := range prefixes {
			key += fmt.Sprint(" ", x.Masked().Contains(a))
		}
	}
	return key
}

func unitSays(t *testing.T, c *Chart, n Unit, p *cluster.Pod) {
	t.Helper()
	info, all, u := c.Unit(n), c.Pods(n), &c.units.list[n]
	if info.Namespace != p.Namespace || info.Workload != p.Owner || info.Pods != len(all) || !slices.Contains(all, p) || !slices.Contains(all, info.Example) {
		t.Fatalf("unit %d of %s: %+v, pods %v", n, p.Name, info, all)
	}
	var families, detected Families
	contested := false
	for _, a := range p.IPs {
		f := Families(1) << familyOf(a)
		if families&f == 0 && c.m.Profile.DetectsAsPod(a) {
			detected |= f
		}
		families |= f
		contested = contested || c.m.Index.PodByIP(a) != p
	}
	if u.families != families || u.detected != detected || u.contested != contested {
		t.Fatalf("unit %d of %+v: %+v", n, p, u)
	}
}

// What blocks let pass between pods that are side by side is what the tables say of
// each two: at the first address of a block, at its last, and beside it.
func TestUnitsInBlocks(t *testing.T) {
	t.Parallel()
	counts := map[match]int{}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 12))
		m := compileSnapshot(t, packed(r, 40))
		c := Compile(m)
		pods := m.Snapshot.Pods
		for range 500 {
			p, q := &pods[r.IntN(len(pods))], &pods[r.IntN(len(pods))]
			u, v := c.UnitOf(p), c.UnitOf(q)
			if u < 0 || v < 0 {
				continue
			}
			for f := range family(2) {
				if c.units.list[u].families&c.units.list[v].families&(1<<f) == 0 {
					continue
				}
				sure, unsure := c.Between(u, v, 1<<f)
				for _, port := range []uint16{79, 80, 81} {
					got := no
					switch {
					case sure.Contains(flow.TCP, port):
						got = yes
					case unsure.Contains(flow.TCP, port):
						got = perhaps
					}
					want := judged(m, [2]*cluster.Pod{p, q}, f, flow.TCP, port)
					if counts[want]++; got != want {
						t.Fatalf("seed %d (%s): %s %v to %s %v, port %d: %d, the tables say %d", seed, m.Profile.Policy.Name, p.Name, p.IPs, q.Name, q.IPs, port, got, want)
					}
				}
			}
		}
	}
	if least := min(counts[yes], counts[perhaps], counts[no]); least < 200 {
		t.Errorf("no, perhaps, yes: %v", counts)
	}
}

// What another engine may do is doubt: whoever may only deny takes back what is
// admitted, any other leaves everything open, whichever is found first. Where there is
// doubt about a pod, not all is certain.
func TestUnitsInDoubt(t *testing.T) {
	deny, other := cluster.Foreign{Object: flow.Object{Kind: "K", Name: "d"}, Namespace: "a", DenyOnly: true}, cluster.Foreign{Object: flow.Object{Kind: "K", Name: "e"}, Namespace: "a"}
	for _, tt := range []struct {
		foreign []cluster.Foreign
		want    doubt
	}{{nil, certain}, {[]cluster.Foreign{deny}, maybeNot}, {[]cluster.Foreign{other}, maybeAny}, {[]cluster.Foreign{deny, other}, maybeAny}, {[]cluster.Foreign{other, deny}, maybeAny}} {
		var w worstCase
		w.pods(2, func(i int, p *cluster.Pod) { p.Namespace = []string{"a", "b"}[i] })
		w.s.Foreign = tt.foreign
		m := compileSnapshot(t, &w.s)
		c := Compile(m)
		if got := doubtOf(m, &w.s.Pods[0]); got != tt.want || doubtOf(m, &w.s.Pods[1]) != certain {
			t.Errorf("%+v: %d, want %d", tt.foreign, got, tt.want)
		}
		allSure := true
		for f := range c.Flows {
			allSure = allSure && f.Sure
		}
		if c.Certain() != (tt.want == certain) || allSure != c.Certain() {
			t.Errorf("%+v: certain %v, all flows %v", tt.foreign, c.Certain(), allSure)
		}
	}
}
