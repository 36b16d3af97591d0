package nft

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
)

// compiled is the model of a snapshot; proxies and policies are ours.
func compiled(t testing.TB, s *cluster.Snapshot) *model.Model {
	t.Helper()
	s.Fabric.Dataplane.Profile = "portolan"
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// kernel is what a kernel would hold: rows by family, set and key.
type kernel map[string]string

// apply does what the kernel does with a change, and fails where it would.
func (k kernel) apply(t *testing.T, c Change) {
	t.Helper()
	for i, op := range c.Ops {
		key := fmt.Sprint(op.Family, " ", op.Set.Name, " ", []byte(op.Element.Key), []byte(op.Element.End))
		data := fmt.Sprint([]byte(op.Element.Data))
		was, there := k[key]
		switch {
		case op.Delete && !there:
			t.Fatalf("op %d deletes what is not there: %s %s", i, op.Set.Name, key)
		case op.Delete:
			delete(k, key)
		case there:
			t.Fatalf("op %d adds %s, which is there with %s", i, key, was)
		default:
			k[key] = data
		}
	}
}

func rowsOf(p *Program) kernel {
	k := kernel{}
	for _, t := range p.Tables {
		for _, s := range t.Sets {
			for e := range t.Elements(s.Name) {
				k[fmt.Sprint(t.Family, " ", s.Name, " ", []byte(e.Key), []byte(e.End))] = fmt.Sprint([]byte(e.Data))
			}
		}
	}
	return k
}

func same(t *testing.T, got, want kernel) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] != want[key] {
			t.Errorf("%s: %q, want %q", key, got[key], want[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, there := want[key]; !there {
			t.Errorf("%s: not in the program", key)
		}
	}
}

// change does something to the snapshot and names the Services it concerns.
func change(r *rand.Rand, s *cluster.Snapshot, round int) flow.Object {
	i := r.IntN(len(s.Services))
	svc := &s.Services[i]
	switch r.IntN(5) {
	case 0: // an endpoint comes or goes
		for j := range s.EndpointSlices {
			e := &s.EndpointSlices[j]
			if e.Namespace != svc.Namespace || e.Service != svc.Name || len(e.Endpoints) == 0 {
				continue
			}
			e.Endpoints = slices.Clone(e.Endpoints)
			k := r.IntN(len(e.Endpoints))
			e.Endpoints[k].Ready = !e.Endpoints[k].Ready
			e.Endpoints[k].Serving = e.Endpoints[k].Ready
		}
	case 1:
		svc.ExternalTrafficPolicy, svc.InternalTrafficPolicy = cluster.PolicyLocal, cluster.PolicyLocal
	case 2:
		svc.SessionAffinity, svc.AffinitySeconds = !svc.SessionAffinity, 100+r.IntN(3)
	case 3: // an address that another Service may have too
		svc.ExternalIPs = []netip.Addr{netip.AddrFrom4([4]byte{198, 51, 100, byte(r.IntN(3))})}
	default:
		svc.SourceRanges = []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("203.0.%d.0/24", round%200))}
		svc.Ingress = []cluster.Ingress{{IP: netip.AddrFrom4([4]byte{198, 51, 101, byte(r.IntN(3))})}}
	}
	return svc.Object()
}

// TestDiff: after a change the kernel holds the new program, whether it was
// printed whole or only where it changed, and whatever the order of Services.
func TestDiff(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := generate.Cluster(generate.Size{Nodes: 3, Pods: 60, Services: 12, Policies: 8}, 7)
	m := compiled(t, s)
	o := Options{Services: true, Policies: true}
	p, err := Compile(m, "node-1", o, nil)
	if err != nil {
		t.Fatal(err)
	}
	k := kernel{}
	k.apply(t, Diff(nil, p))
	same(t, k, rowsOf(p))
	for round := range 200 {
		next := *s
		next.Services, next.EndpointSlices = slices.Clone(s.Services), slices.Clone(s.EndpointSlices)
		o1 := change(r, &next, round)
		s, m = &next, compiled(t, &next)
		var q *Program
		if round%2 == 0 {
			q, err = Update(m, p, []flow.Object{o1})
		} else {
			q, err = Compile(m, "node-1", o, p)
		}
		if err != nil {
			t.Fatal(err)
		}
		k.apply(t, Diff(p, q))
		same(t, k, rowsOf(q))
		whole, err := Compile(m, "node-1", o, q)
		if err != nil {
			t.Fatal(err)
		}
		same(t, rowsOf(whole), rowsOf(q))
		if t.Failed() {
			t.Fatalf("round %d, %s", round, o1)
		}
		p = q
	}
}

// TestOrder: at no point of a change does a row lead to one that is not there.
func TestOrder(t *testing.T) {
	s := generate.Cluster(generate.Size{Nodes: 3, Pods: 60, Services: 12, Policies: 1}, 7)
	o := Options{Services: true}
	p, err := Compile(compiled(t, s), "node-0", o, nil)
	if err != nil {
		t.Fatal(err)
	}
	k := kernel{}
	step := func(c Change) {
		for _, op := range c.Ops {
			k.apply(t, Change{Ops: []Op{op}})
			if op.Delete && (op.Set.Name == "lists" || op.Set.Name == "fronts") {
				continue // the add of the same key follows
			}
			k.leads(t)
		}
	}
	step(Diff(nil, p))
	for round := range 40 {
		next := *s
		next.Services, next.EndpointSlices = slices.Clone(s.Services), slices.Clone(s.EndpointSlices)
		change(rand.New(rand.NewPCG(3, uint64(round))), &next, round)
		s = &next
		q, err := Compile(compiled(t, s), "node-0", o, p)
		if err != nil {
			t.Fatal(err)
		}
		step(Diff(p, q))
		p = q
		if t.Failed() {
			t.Fatal("round ", round)
		}
	}
}

// leads follows every front, list and slot.
func (k kernel) leads(t *testing.T) {
	t.Helper()
	for at, data := range k {
		var family, set string
		if _, err := fmt.Sscan(at, &family, &set); err != nil {
			t.Fatal(err)
		}
		switch set {
		case "slots":
			if _, there := k["ip endpoints "+data+" []"]; !there {
				t.Errorf("slot %s leads to no endpoint %s", at, data)
			}
		case "fronts":
			list := bytesOf(data)
			word := uint32(list[0])<<24 | uint32(list[1])<<16 | uint32(list[2])<<8 | uint32(list[3])
			to := fmt.Sprint([]byte(key(nil).number(word & listMask)))
			if _, there := k["ip lists "+to+" []"]; !there {
				t.Errorf("front %s leads to no list %s", at, to)
			}
		}
	}
}

// bytesOf reads what fmt printed of a byte slice.
func bytesOf(s string) []byte {
	var out []byte
	var n, on int
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			n, on = n*10+int(c-'0'), 1
		case on == 1:
			out, n, on = append(out, byte(n)), 0, 0
		}
	}
	return out
}

// TestSlots: who stays keeps the slot, whoever else comes or goes.
func TestSlots(t *testing.T) {
	for _, c := range []struct{ before, now, want []uint32 }{
		{nil, []uint32{1, 2}, []uint32{1, 2}},
		{[]uint32{1, 2, 3}, []uint32{1, 3}, []uint32{1, 3}},
		{[]uint32{1, 2, 3}, []uint32{2, 3}, []uint32{3, 2}},
		{[]uint32{1, 2, 3}, []uint32{2, 3, 4}, []uint32{4, 2, 3}},
		{[]uint32{1}, nil, []uint32{}},
		{[]uint32{3, 2}, []uint32{1, 2, 3}, []uint32{3, 2, 1}},
	} {
		if got := inSlots(c.before, c.now); !slices.Equal(got, c.want) {
			t.Errorf("inSlots(%v, %v) = %v, want %v", c.before, c.now, got, c.want)
		}
	}
}

// TestNumbers: a number is not given again in the program in which its owner
// went.
func TestNumbers(t *testing.T) {
	var n numbers
	a, b := n.get("a"), n.get("b")
	if a == 0 || b == 0 || a == b || n.get("a") != a {
		t.Fatal(a, b)
	}
	next := n.clone(true)
	if next.get("b") != b || next.get("c") == a {
		t.Error("a's number was given while its rows die")
	}
	next.release()
	third := next.clone(true)
	if third.get("d") != a {
		t.Error("a's number is lost")
	}
	if n.get("a") != a {
		t.Error("the numbers before changed")
	}
}
