package reach

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// A set of nodes tells those of the Snapshot by their names, in its order; nodes
// that only pods name have numbers behind them.
func TestNodes(t *testing.T) {
	all := []cluster.Node{{Meta: cluster.Meta{Name: "a"}}, {Meta: cluster.Meta{Name: "b"}}, {Meta: cluster.Meta{Name: "c"}}, {Meta: cluster.Meta{Name: "d"}}}
	for _, tt := range []struct {
		spans []span
		names []string
	}{
		{},
		{[]span{{0, 1}}, []string{"a"}},
		{[]span{{1, 3}}, []string{"b", "c"}},
		{[]span{{0, 1}, {2, 4}}, []string{"a", "c", "d"}},
		{[]span{{0, 2}, {3, 6}}, []string{"a", "b", "d"}},
		{[]span{{4, 5}}, nil},
	} {
		n := Nodes{tt.spans, all}
		if got := n.Names(); !slices.Equal(got, tt.names) {
			t.Errorf("%v are named %v", tt.spans, got)
		}
		for most := range 5 {
			if got := n.First(most); !slices.Equal(got, tt.names[:min(most, len(tt.names))]) {
				t.Errorf("the first %d of %v are %v", most, tt.spans, got)
			}
		}
		for _, name := range []string{"a", "b", "c", "d", "e", ""} {
			in := slices.Contains(tt.names, name)
			var want []string
			if in {
				want = []string{name}
			}
			if got := n.Only(name); n.Contains(name) != in || got.Len() != len(want) || !slices.Equal(got.Names(), want) {
				t.Errorf("only %q of %v is %v", name, tt.spans, got)
			}
		}
	}
}

// Equal peers are kept once, and others apart, whatever bytes their addresses are.
func TestStore(t *testing.T) {
	s := newStore()
	if s.keep(&peers{}) != nobody || s.keep(&peers{everybody: true}) != everybody {
		t.Error("nobody and everybody are kept again")
	}
	of := func(pairs ...string) (out []policy.Range) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, policy.Range{First: netip.MustParseAddr(pairs[i]), Last: netip.MustParseAddr(pairs[i+1])})
		}
		return out
	}
	four := of("10.0.0.0", "10.0.0.1", "10.0.1.0", "10.0.1.1", "10.0.2.0", "10.0.2.1", "10.0.3.0", "10.0.3.1")
	// The same bytes: 10.0.0.0, 10.0.0.1, 10.0.1.0 ...
	six := of("a00:0:a00:1:a00:100:a00:101", "a00:200:a00:201:a00:300:a00:301")
	// What is written of two ranges and, behind them, of four lists of named ones is
	// as long as two ranges of IPv6, whose addresses may be just that.
	some := namedRanges{only: []span{{1, 2}}}
	named := &peers{blocks: true, ranges: four[:2], named: []namedRanges{some, some, some, {only: some.only, ranges: four[2:3]}}}
	only := []byte{1, 1, 0, 0, 0, 2, 0, 0, 0}
	text := slices.Concat([]byte{10, 0, 0, 0, 10, 0, 0, 1, 10, 0, 1, 0, 10, 0, 1, 1}, only, []byte{0}, only, []byte{0}, only, []byte{0}, only, []byte{1, 10, 0, 2, 0, 10, 0, 2, 1})
	at := func(i int) netip.Addr { return netip.AddrFrom16([16]byte(text[16*i:])) }
	alike := &peers{blocks: true, ranges: []policy.Range{{First: at(0), Last: at(1)}, {First: at(2), Last: at(3)}}}
	long, lists := sameButForCount()
	all := []*peers{
		{blocks: true, ranges: four}, {blocks: true, ranges: six}, {blocks: true}, {world: true}, {selectors: true}, {yes: []span{{0, 1}}}, {perhaps: []span{{0, 1}}}, named, alike, long, lists,
	}
	var kept []int32
	for _, p := range all {
		kept = append(kept, s.keep(p))
	}
	for i, p := range all {
		if again := *p; s.keep(&again) != kept[i] || slices.Index(kept, kept[i]) != i || s.kept[kept[i]] != p {
			t.Errorf("%d: %+v is kept at %d of %v", i, p, s.keep(p), kept)
		}
	}
}

// sameButForCount are ranges, 82 of IPv4 and one of IPv6, and three lists of 32 runs
// behind none: but for how many there are, the same is written of both.
func sameButForCount() (ranges, lists *peers) {
	text := make([]byte, 3*257)
	for i := range 82 {
		text[9*i] = 32 // the length of an address
	}
	text[9*82] = 128
	for list := range 3 {
		text[257*list] = 32 // how many runs
	}
	at := func(from, to int) netip.Addr { a, _ := netip.AddrFromSlice(text[from:to]); return a }
	ranges, lists = &peers{}, &peers{}
	for i := range 82 {
		ranges.ranges = append(ranges.ranges, policy.Range{First: at(9*i+1, 9*i+5), Last: at(9*i+5, 9*i+9)})
	}
	ranges.ranges = append(ranges.ranges, policy.Range{First: at(739, 755), Last: at(755, 771)})
	for list := range 3 {
		var n namedRanges
		for i := 257*list + 1; i < 257*list+257; i += 8 {
			n.only = append(n.only, span{int32(binary.LittleEndian.Uint32(text[i:])), int32(binary.LittleEndian.Uint32(text[i+4:]))})
		}
		lists.named = append(lists.named, n)
	}
	return ranges, lists
}

// Nodes that masquerade as what a policy tells apart are in two groups, in the
// family of the addresses alone.
func TestGroupsOfFamily(t *testing.T) {
	for f, told := range [][2]string{{"192.0.2.1", "192.0.2.2"}, {"2001:db8::1", "2001:db8::2"}} {
		e := entryCase{nodes: 2, pods: []int{0}, lets: [][]string{{"2001:db8::1/128"}}} // and 192.0.2.1
		s := e.snapshot()
		for i, a := range told {
			addrs := []netip.Addr{netip.MustParseAddr(a)}
			s.Fabric.Nodes = append(s.Fabric.Nodes, cluster.FabricNode{
				Name: s.Nodes[i].Name, Masquerade: cluster.Masquerade{ToLocalPods: addrs, ToPodsOnOtherNodes: addrs, ToOtherNodes: addrs},
			})
		}
		groups := Compile(compileSnapshot(t, s)).placesOf().groups
		if len(groups[f]) != 2 || len(groups[1-f]) != 1 {
			t.Errorf("nodes that masquerade as %v are in groups %v", told, groups)
		}
	}
}

// Where a node drops what it answers a selected pod, or judges its packets at both
// ends, pods that another engine's object may select are no others' like.
func TestMinds(t *testing.T) {
	for _, tt := range []struct {
		profile cluster.PolicyProfile
		minds   bool
	}{
		{cluster.PolicyProfile{Enforces: true}, false},
		{cluster.PolicyProfile{Enforces: true, Span: cluster.SpanBothEnds}, true},
		{cluster.PolicyProfile{Enforces: true, DropsProxyErrors: true}, true},
	} {
		if c := (Chart{join: &join{profile: &tt.profile}}); c.minds() != tt.minds {
			t.Errorf("%+v: %v", tt.profile, c.minds())
		}
	}
}

// A pod that nothing but another engine's object may select does not stand for one
// that nothing selects.
func TestForeignMinds(t *testing.T) {
	for _, last := range []string{"a", "b"} {
		e := entryCase{nodes: 1, others: []string{"10.244.9.1", "10.244.9.2", "10.244.9.3"}}
		s := e.snapshot()
		s.Fabric.Dataplane.Policy = "kube-network-policies"
		s.Foreign = []cluster.Foreign{{Object: flow.Object{Kind: "Strange", Namespace: last, Name: "x"}, Namespace: last}}
		s.Namespaces = append(s.Namespaces, cluster.Namespace{Meta: cluster.Meta{Name: "b", Labels: cluster.Labels{"kubernetes.io/metadata.name": "b"}}})
		for i := range s.Pods {
			s.Pods[i].Node = "n0"
		}
		s.Pods[1].Namespace = "b"
		f := fronts{T: t, verdicts: map[flow.Verdict]int{}, m: compileSnapshot(t, s)}
		f.c = Compile(f.m)
		f.cluster()
	}
}

// Nodes of which a policy tells the own addresses apart are in two groups, in the
// family of those alone, though all masquerade as the same.
func TestGroupsByOwnAddress(t *testing.T) {
	as := []netip.Addr{netip.MustParseAddr("198.18.0.9"), netip.MustParseAddr("2001:db8::9")}
	for f, lets := range []string{"172.16.0.15/32", "fd00::1/128"} {
		e := entryCase{nodes: 2, pods: []int{0}, lets: [][]string{{lets}}}
		s := e.snapshot()
		for i, a := range []string{"fd00::1", "fd00::2"} {
			n := &s.Nodes[i]
			n.InternalIPs = append(n.InternalIPs, netip.MustParseAddr(a))
			s.Fabric.Nodes = append(s.Fabric.Nodes, cluster.FabricNode{
				Name: n.Name, Masquerade: cluster.Masquerade{ToLocalPods: as, ToPodsOnOtherNodes: as, ToOtherNodes: as},
			})
		}
		groups := Compile(compileSnapshot(t, s)).placesOf().groups
		if len(groups[f]) != 2 || len(groups[1-f]) != 1 {
			t.Errorf("nodes told apart by %s are in groups %v", lets, groups)
		}
	}
}
