package reach

import (
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
)

// mutate makes another version of a cluster: pods relabelled, gone, come, in
// another order; policies, ports and namespaces' labels changed.
func mutate(g *generate.Tangled) *cluster.Snapshot {
	s := *g.Snapshot
	s.Pods, s.NetworkPolicies = slices.Clone(s.Pods), slices.Clone(s.NetworkPolicies)
	s.Services, s.EndpointSlices, s.Namespaces = slices.Clone(s.Services), slices.Clone(s.EndpointSlices), slices.Clone(s.Namespaces)
	for range 1 + g.IntN(3) {
		p := &s.Pods[g.IntN(len(s.Pods))]
		switch g.IntN(9) {
		case 0:
			p.Labels = cluster.Labels{"app": []string{"x", "y", "z"}[g.IntN(3)]}
		case 1:
			p.Ports = []cluster.ContainerPort{{Name: "web", Port: []uint16{8080, 8081, 8082}[g.IntN(3)], Protocol: flow.TCP}}
		case 2:
			if len(s.Pods) > 2 {
				s.Pods = slices.Delete(s.Pods, 0, 1)
			}
		case 3:
			g.Shuffle(len(s.Pods), func(i, j int) { s.Pods[i], s.Pods[j] = s.Pods[j], s.Pods[i] })
		case 4:
			if len(s.NetworkPolicies) > 0 {
				s.NetworkPolicies = slices.Delete(s.NetworkPolicies, 0, 1)
			}
		case 5:
			more := generate.Tangle(generate.Whole, g.Uint64())
			for i, p := range more.Snapshot.NetworkPolicies {
				p.Name += "-new"
				if s.NetworkPolicies = append(s.NetworkPolicies, p); i > 1 {
					break
				}
			}
		case 6:
			ns := &s.Namespaces[g.IntN(len(s.Namespaces))]
			ns.Labels = cluster.Labels{"kubernetes.io/metadata.name": ns.Name, "team": []string{"red", "blue"}[g.IntN(2)]}
		case 8:
			p.Namespace = s.Namespaces[g.IntN(len(s.Namespaces))].Name
		case 7:
			p.Name += "-renamed"
			for i := range s.Pods {
				if g.IntN(3) == 0 {
					s.Pods[i].Name += "-renamed"
				}
			}
		}
	}
	return &s
}

// The difference of two versions is exactly what is different, for the pods that
// are in both.
func TestDiff(t *testing.T) {
	t.Parallel()
	pairs, lost, gained, gone := 0, 0, 0, 0
	for seed := *firstSeed; pairs < questions(t)/2; seed++ {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed)
		g.MorePolicies()
		if seed%3 == 0 {
			twins(g)
		}
		for i := range g.Snapshot.Pods {
			if p := &g.Snapshot.Pods[i]; i%3 > 0 {
				p.Owner = flow.Object{Kind: "Deployment", Namespace: p.Namespace, Name: "d"}
			}
		}
		old := Compile(compile(t, g))
		m, err := model.Compile(mutate(g))
		if err != nil {
			t.Fatal(err)
		}
		young := Compile(m)
		d := Diff(old, young)
		for _, c := range d.Changes {
			if c.Lost {
				lost++
			} else {
				gained++
			}
		}
		gone += d.Gone.Len() + d.Come.Len()
		told := 0
		for i, a := range d.Pods {
			for j, b := range d.Pods {
				for _, in := range []Families{IPv4, IPv6} {
					was, maybe := old.Between(a.Old, b.Old, in)
					now, may := young.Between(a.New, b.New, in)
					if has := d.familiesOf(i) & d.familiesOf(j); has&in == 0 {
						continue
					}
					pairs++
					got := toldOf(t, d.Changes, Unit(i), Unit(j), in)
					if !got[1][0].Equal(now.Minus(was)) || !got[1][1].Equal(was.Minus(now)) {
						t.Fatalf("seed %d: %s to %s: told +%v -%v, it was %v and is %v", seed, old.Unit(a.Old).Example.Name, old.Unit(b.Old).Example.Name, got[1][0], got[1][1], was, now)
					}
					before, after := was.Union(maybe), now.Union(may)
					level := 0
					if old.Certain() && young.Certain() {
						level = 1
					}
					if !got[level][0].Equal(after.Minus(before)) || !got[level][1].Equal(before.Minus(after)) {
						t.Fatalf("seed %d: %s to %s: told perhaps +%v -%v, it was %v and is %v", seed, old.Unit(a.Old).Example.Name, old.Unit(b.Old).Example.Name, got[level][0], got[level][1], before, after)
					}
					told += len(got[1][0]) + len(got[1][1])
				}
			}
		}
		if told == 0 && slices.ContainsFunc(d.Changes, func(c Change) bool { return c.Sure && len(c.From.Ranges)+len(c.To.Ranges) == 0 }) {
			t.Fatalf("seed %d: %d changes of no pair", seed, len(d.Changes))
		}
		nobodyMissing(t, d)
		sameMatch(t, seed, d)
	}
	if lost < pairs/200 || gained < pairs/200 || gone < pairs/1200 {
		t.Errorf("%d pairs, %d lost, %d gained, %d gone or come", pairs, lost, gained, gone)
	}
	t.Logf("%d pairs, %d lost, %d gained, %d gone or come", pairs, lost, gained, gone)
}

func (d *Difference) familiesOf(i int) Families {
	return d.Old.units.list[d.Pods[i].Old].families & d.New.units.list[d.Pods[i].New].families
}

// nobodyMissing: each pod of either version is in both, or gone, or come.
func nobodyMissing(t *testing.T, d *Difference) {
	t.Helper()
	for u := range d.Old.Units() {
		if !d.Gone.Contains(Unit(u)) && !slices.ContainsFunc(d.Pods, func(b Both) bool { return b.Old == Unit(u) }) {
			t.Fatalf("%s is nowhere", d.Old.Unit(Unit(u)).Example.Name)
		}
	}
	for u := range d.New.Units() {
		if !d.Come.Contains(Unit(u)) && !slices.ContainsFunc(d.Pods, func(b Both) bool { return b.New == Unit(u) }) {
			t.Fatalf("%s is nowhere", d.New.Unit(Unit(u)).Example.Name)
		}
	}
}

// sameMatch: the pods of Changes are those with one name in both versions, and of
// the others those of one workload; who has nobody is gone, or has come.
func sameMatch(t *testing.T, seed uint64, d *Difference) {
	t.Helper()
	old, young := d.Old.m.Snapshot.Pods, d.New.m.Snapshot.Pods
	want, gone, come := map[Both]bool{}, []Unit{}, []Unit{}
	partner := func(p *cluster.Pod, from, to *Chart) *cluster.Pod {
		if q := to.m.Index.Pod(p.Namespace, p.Name); q != nil && from.UnitOf(p) >= 0 && to.UnitOf(q) >= 0 {
			return q
		}
		return nil
	}
	heirs := map[*cluster.Pod]bool{}
	for i := range old {
		p := &old[i]
		if d.Old.UnitOf(p) < 0 {
			continue
		}
		if q := partner(p, d.Old, d.New); q != nil {
			want[Both{d.Old.UnitOf(p), d.New.UnitOf(q)}] = true
			continue
		}
		alone := true
		for j := range young {
			if q := &young[j]; d.New.UnitOf(q) >= 0 && partner(q, d.New, d.Old) == nil && !p.Owner.IsZero() && p.Owner == q.Owner {
				want[Both{d.Old.UnitOf(p), d.New.UnitOf(q)}], heirs[q], alone = true, true, false
			}
		}
		if alone {
			gone = append(gone, d.Old.UnitOf(p))
		}
	}
	for j := range young {
		if q := &young[j]; d.New.UnitOf(q) >= 0 && partner(q, d.New, d.Old) == nil && !heirs[q] {
			come = append(come, d.New.UnitOf(q))
		}
	}
	for i, b := range d.Pods {
		if !want[b] || slices.Contains(d.Pods[:i], b) {
			t.Fatalf("seed %d: %v is not in both, or told twice", seed, b)
		}
		if a, b := d.PodsOf(Unit(i)); !slices.Equal(a, d.Old.Pods(d.Pods[i].Old)) || !slices.Equal(b, d.New.Pods(d.Pods[i].New)) || len(a) == 0 || len(b) == 0 {
			t.Fatalf("seed %d: pods of %d: %v and %v", seed, i, a, b)
		}
	}
	if len(d.Pods) != len(want) || !slices.Equal(d.Gone.spans, SetOf(gone).spans) || !slices.Equal(d.Come.spans, SetOf(come).spans) {
		t.Fatalf("seed %d: %v are in both, %v are gone, %v have come; told %v, %v, %v", seed, want, gone, come, d.Pods, d.Gone, d.Come)
	}
}
