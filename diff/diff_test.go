package diff

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
)

func compare(t testing.TB, old, young *cluster.Snapshot) *Report {
	t.Helper()
	r, err := Compare(old, young)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// losses are all of a Report.
func losses(r *Report) []*Loss {
	var out []*Loss
	for i := range r.Services {
		for j := range r.Services[i].Items {
			out = append(out, &r.Services[i].Items[j].Loss)
		}
	}
	for i := range r.Connections {
		out = append(out, &r.Connections[i].Loss)
	}
	return out
}

// causes prints them: alternatives by "|", objects that do it together by "+".
func causes(l *Loss) string {
	var alternatives []string
	for _, set := range l.Causes {
		var names []string
		for _, o := range set {
			names = append(names, o.Object.String())
		}
		alternatives = append(alternatives, strings.Join(names, "+"))
	}
	return strings.Join(alternatives, "|")
}

// mutate changes one object of a random cluster.
func mutate(g *generate.Tangled) (*cluster.Snapshot, flow.Object) {
	s := *g.Snapshot
	s.Pods, s.NetworkPolicies = slices.Clone(s.Pods), slices.Clone(s.NetworkPolicies)
	s.Services, s.EndpointSlices, s.Namespaces = slices.Clone(s.Services), slices.Clone(s.EndpointSlices), slices.Clone(s.Namespaces)
	kind := g.IntN(6)
	if len(s.NetworkPolicies) > 0 && kind < 3 {
		i := g.IntN(len(s.NetworkPolicies))
		p := s.NetworkPolicies[i]
		switch kind {
		case 0:
			s.NetworkPolicies = slices.Delete(s.NetworkPolicies, i, i+1)
		case 1:
			p.Ingress, p.Egress = nil, nil
			s.NetworkPolicies[i] = p
		case 2:
			p.PodSelector, p.Name = cluster.LabelSelector{}, p.Name+"-new"
			s.NetworkPolicies = append(s.NetworkPolicies, p)
		}
		return &s, p.Object()
	}
	if len(s.Services) > 0 && kind < 5 {
		svc := &s.Services[g.IntN(len(s.Services))]
		switch g.IntN(3) {
		case 0:
			svc.ExternalTrafficPolicy = cluster.PolicyLocal
		case 1:
			svc.SourceRanges = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/25")}
		case 2:
			svc.InternalTrafficPolicy = cluster.PolicyLocal
		}
		return &s, svc.Object()
	}
	p := &s.Pods[g.IntN(len(s.Pods))]
	p.Labels = cluster.Labels{"app": "other"}
	return &s, workloadOf(p)
}

// What one object took or gave is told of that object and no other; without the
// change nothing is told.
func TestOneObject(t *testing.T) {
	told, silent := 0, 0
	for seed := uint64(1); seed <= 600; seed++ {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed)
		g.MorePolicies()
		young, o := mutate(g)
		r := compare(t, g.Snapshot, young)
		for _, l := range losses(r) {
			told++
			if got := causes(l); got != o.String() || l.More {
				t.Fatalf("seed %d: %q (more %v), but %s alone differs", seed, got, l.More, o)
			}
		}
		if len(losses(r)) == 0 {
			silent++
		}
		if again := compare(t, young, young); len(losses(again))+len(again.Objects) > 0 {
			t.Fatalf("seed %d: nothing changed, and %d objects differ, %d losses", seed, len(again.Objects), len(losses(again)))
		}
	}
	if told < 300 || silent > 550 {
		t.Errorf("%d told, %d clusters silent", told, silent)
	}
	t.Logf("%d told, %d clusters silent", told, silent)
}

// Of several objects that differ: with all that is named of a loss taken back, it is
// told no more.
func TestTakenBack(t *testing.T) {
	told, unknown, together := 0, 0, 0
	for seed := uint64(1); seed <= 400; seed++ {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed)
		g.MorePolicies()
		old := g.Snapshot
		for range 3 {
			g.Snapshot, _ = mutate(g)
		}
		young := g.Snapshot
		r := compare(t, old, young)
		for i := range r.Services {
			s := &r.Services[i]
			for j := range s.Items {
				it := &s.Items[j]
				told++
				if len(it.Causes) == 0 || it.More {
					unknown++
					continue
				}
				if slices.ContainsFunc(it.Causes, func(set []*Object) bool { return len(set) > 1 }) {
					together++
				}
				back := takeBack(old, young, it.Causes)
				for _, again := range serviceItems(compare(t, old, back), s) {
					if again.Lost == it.Lost && reflect.DeepEqual(again.Who, it.Who) && reflect.DeepEqual(again.Fronts, it.Fronts) {
						t.Fatalf("seed %d: %s %d from %+v: without %s it is told still", seed, s.Object, s.Port.Port, it.Who, causes(&it.Loss))
					}
				}
			}
		}
	}
	if told < 300 || unknown > told/20 || together == 0 {
		t.Errorf("%d told, %d without a cause, %d by several together", told, unknown, together)
	}
	t.Logf("%d told, %d without a cause, %d by several together", told, unknown, together)
}

func serviceItems(r *Report, s *Service) []Item {
	for i := range r.Services {
		if o := &r.Services[i]; o.Object == s.Object && o.Port.Port == s.Port.Port && o.Port.Protocol == s.Port.Protocol {
			return o.Items
		}
	}
	return nil
}

// takeBack is the new version with some objects as they were. Random clusters write
// their EndpointSlices apart from pods, so these stay.
func takeBack(old, young *cluster.Snapshot, causes [][]*Object) *cluster.Snapshot {
	named := func(o flow.Object) bool {
		return slices.ContainsFunc(causes, func(set []*Object) bool {
			return slices.ContainsFunc(set, func(x *Object) bool { return x.Object == o })
		})
	}
	s := *young
	s.NetworkPolicies = mixed(young.NetworkPolicies, old.NetworkPolicies, named, (*cluster.NetworkPolicy).Object)
	s.Services = mixed(young.Services, old.Services, named, (*cluster.Service).Object)
	s.Pods = mixed(young.Pods, old.Pods, named, workloadOf)
	return &s
}

// cpu is the time this process has spent: what a busy machine does not stretch.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Two versions at Kubernetes' limits: four policies and two Services differ.
func BenchmarkCompareLimits(b *testing.B) {
	old, young := generate.Cluster(generate.Limits, 1), generate.Cluster(generate.Limits, 1)
	for i := range 3 {
		young.NetworkPolicies[1000*i+7].Ingress = young.NetworkPolicies[1000*i+6].Ingress
	}
	young.NetworkPolicies = slices.Delete(young.NetworkPolicies, 5000, 5001)
	young.Services[0].ExternalTrafficPolicy = cluster.PolicyLocal
	young.Services[20].SourceRanges = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	services, links, unknown, since := 0, 0, 0, cpu()
	for b.Loop() {
		r, err := CompareOn(everyCore, old, young)
		if err != nil {
			b.Fatal(err)
		}
		services, links, unknown = len(r.Services), len(r.Connections), 0
		for _, l := range losses(r) {
			if len(l.Causes) == 0 {
				unknown++
			}
		}
	}
	b.ReportMetric(float64(cpu()-since)/1e6/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(services), "services")
	b.ReportMetric(float64(links), "connections")
	b.ReportMetric(float64(unknown), "unexplained")
}

// Of connections of pods: no cause is missing, and the old version with the causes
// alone loses the pair that shows it.
func TestConnections(t *testing.T) {
	told, unknown, told2 := 0, 0, 0
	for seed := uint64(1); seed <= 300; seed++ {
		s := generate.Knot(rand.New(rand.NewPCG(seed, 1)))
		young := *s
		young.NetworkPolicies = slices.Clone(s.NetworkPolicies)
		r := rand.New(rand.NewPCG(seed, 2))
		for i := range young.NetworkPolicies {
			p, q := &young.NetworkPolicies[i], s.NetworkPolicies[r.IntN(len(s.NetworkPolicies))]
			switch r.IntN(3) {
			case 0:
				p.Ingress, p.Egress = q.Ingress, q.Egress
			case 1:
				p.PodSelector = q.PodSelector
			}
		}
		rep := compare(t, s, &young)
		for i := range rep.Connections {
			c := &rep.Connections[i]
			told++
			if len(c.Causes) == 0 || c.More {
				unknown++
			}
			if len(c.Causes) > 0 && len(c.Causes[0]) > 1 {
				told2++
			}
		}
	}
	if told < 300 || unknown > told/50 || told2 == 0 {
		t.Errorf("%d told, %d without a cause, %d by several together", told, unknown, told2)
	}
	t.Logf("%d told, %d without a cause, %d by several together", told, unknown, told2)
}

// One policy in a hundred differs.
func BenchmarkCompareMany(b *testing.B) {
	for _, size := range []generate.Size{generate.Large, generate.Limits} {
		b.Run(strconv.Itoa(size.Pods), func(b *testing.B) {
			old, young := generate.Cluster(size, 1), generate.Cluster(size, 1)
			for i := range young.NetworkPolicies {
				if i%100 == 7 {
					young.NetworkPolicies[i].Ingress = young.NetworkPolicies[i-1].Ingress
				}
			}
			n, unknown, since := 0, 0, cpu()
			for b.Loop() {
				all := losses(compare(b, old, young))
				n, unknown = len(all), 0
				for _, l := range all {
					if len(l.Causes) == 0 {
						unknown++
					}
				}
			}
			b.ReportMetric(float64(cpu()-since)/1e6/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(n), "losses")
			b.ReportMetric(float64(unknown), "unexplained")
		})
	}
}

// everyCore is Cores. (internal/cores is not for pure packages.)
func everyCore(n int, worker func() func(int)) {
	do := worker()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

// Several cores tell what one does.
func TestCompareOn(t *testing.T) {
	old := generate.Cluster(generate.Medium, 1)
	young := generate.Cluster(generate.Medium, 1)
	young.NetworkPolicies[3].Ingress = nil
	young.Services[1].ExternalTrafficPolicy = cluster.PolicyLocal
	one := compare(t, old, young)
	several, err := CompareOn(everyCore, old, young)
	if err != nil {
		t.Fatal(err)
	}
	if len(one.Services)+len(one.Connections) == 0 {
		t.Fatal("nothing was lost or gained: the test shows nothing")
	}
	if !reflect.DeepEqual(several.Objects, one.Objects) || len(several.Services) != len(one.Services) || len(several.Connections) != len(one.Connections) {
		t.Errorf("%d objects, %d Services, %d connections; want %d, %d, %d", len(several.Objects), len(several.Services), len(several.Connections), len(one.Objects), len(one.Services), len(one.Connections))
	}
	young.Fabric.Dataplane.Profile = "no such profile"
	if _, err := CompareOn(everyCore, old, young); err == nil {
		t.Error("a Fabric that is wrong is compared")
	}
}
