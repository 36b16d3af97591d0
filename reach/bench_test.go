package reach

import (
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

var sizes = []generate.Size{generate.Small, generate.Medium, generate.Large, generate.Limits}

func bySize(b *testing.B, run func(b *testing.B, size generate.Size)) {
	b.Helper()
	for _, s := range sizes {
		b.Run("pods="+strconv.Itoa(s.Pods), func(b *testing.B) { run(b, s) })
	}
}

func modelOf(tb testing.TB, size generate.Size) *model.Model {
	tb.Helper()
	m, err := model.Compile(generate.Cluster(size, 1))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// cpu is the time this process has spent on any core: what a busy machine does
// not stretch.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reportCPU(b *testing.B, since time.Duration) {
	b.Helper()
	b.ReportMetric(float64(cpu()-since)/1e6/float64(b.N), "cpu-ms/op")
}

func heap() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

// From a compiled Model, and from decoded structs.
func BenchmarkCompile(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		m := modelOf(b, size)
		before := heap()
		c := Compile(m)
		c.unitsOf()
		bytes, since := int64(heap())-int64(before), cpu()
		for b.Loop() {
			Compile(m).unitsOf()
		}
		reportCPU(b, since)
		b.ReportMetric(float64(bytes)/float64(size.Pods), "bytes/pod")
		b.ReportMetric(float64(c.Units()), "units")
	})
}

func BenchmarkCompileAll(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		s := generate.Cluster(size, 1)
		since := cpu()
		for b.Loop() {
			m, err := model.Compile(s)
			if err != nil {
				b.Fatal(err)
			}
			Compile(m)
		}
		reportCPU(b, since)
	})
}

// Every pod to every pod, all ports.
func BenchmarkFlows(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		m := modelOf(b, size)
		n, spent := 0, time.Duration(0)
		for b.Loop() {
			b.StopTimer()
			c := Compile(m)
			b.StartTimer()
			since := cpu()
			n = 0
			for range c.Flows {
				n++
			}
			spent += cpu() - since
		}
		b.ReportMetric(float64(spent)/1e6/float64(b.N), "cpu-ms/op")
		b.ReportMetric(float64(n), "rectangles")
	})
}

// Every pod to every pod and every Service front from everywhere, on all cores.
func BenchmarkMap(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		m := modelOf(b, size)
		n, parts, spent := 0, 0, time.Duration(0)
		for b.Loop() {
			b.StopTimer()
			c := Compile(m)
			b.StartTimer()
			since := cpu()
			n, parts = wholeMap(c)
			spent += cpu() - since
		}
		b.ReportMetric(float64(spent)/1e6/float64(b.N), "cpu-ms/op")
		b.ReportMetric(float64(n), "rectangles")
		b.ReportMetric(float64(parts), "parts")
	})
}

// wholeMap counts rectangles and parts. One reader begins with the Flows; whoever
// is free takes the next Services.
func wholeMap(c *Chart) (rectangles, parts int) {
	var services []*cluster.Service
	for i := range c.m.Snapshot.Services {
		services = append(services, &c.m.Snapshot.Services[i])
	}
	flows := func() {
		for range c.Flows {
			rectangles++
		}
	}
	for _, fronts := range c.FrontsOf(services, everyCore, flows) {
		for i := range fronts {
			f := &fronts[i]
			parts += len(f.Outside) + len(f.Nodes) + len(f.Pods)
		}
	}
	return rectangles, parts
}

// everyCore is Cores. (internal/cores is not for pure packages.)
func everyCore(n int, worker func() func(int)) {
	var workers []func(int)
	for range runtime.GOMAXPROCS(0) {
		workers = append(workers, worker())
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for _, do := range workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}

// One verdict of policies, in random order.
func BenchmarkVerdict(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		m := modelOf(b, size)
		c := Compile(m)
		r := rand.New(rand.NewPCG(1, 1))
		pods := m.Snapshot.Pods
		questions := make([]policy.Question, 1<<16)
		for i := range questions {
			p, q := &pods[r.IntN(len(pods))], &pods[r.IntN(len(pods))]
			questions[i] = policy.Question{
				Direction: policy.Direction(1 + i%2), Subject: policy.Party{Addr: p.IPs[0], Pod: p}, Peer: policy.Party{Addr: q.IPs[0], Pod: q},
				Protocol: flow.TCP, Port: p.Ports[0].Port,
			}
		}
		i, since := 0, cpu()
		for b.Loop() {
			c.Judge(questions[i%len(questions)])
			i++
		}
		b.ReportMetric(float64(cpu()-since)/float64(b.N), "cpu-ns/op")
	})
}

// One connection from a pod to a pod's address, and to a Service, walked whole.
func BenchmarkAsk(b *testing.B) {
	m := modelOf(b, generate.Limits)
	c := Compile(m)
	r := rand.New(rand.NewPCG(1, 1))
	pods, services := m.Snapshot.Pods, m.Snapshot.Services
	for _, to := range []string{"pod", "clusterip"} {
		b.Run(to, func(b *testing.B) {
			since := cpu()
			for b.Loop() {
				from, _ := FromPod(&pods[r.IntN(len(pods))])
				t := Target{Protocol: flow.TCP, Addr: netip.AddrPortFrom(services[r.IntN(len(services))].ClusterIPs[0], 80)}
				if to == "pod" {
					p := &pods[r.IntN(len(pods))]
					t.Addr = netip.AddrPortFrom(p.IPs[0], p.Ports[0].Port)
				}
				c.Ask(from, t)
			}
			b.ReportMetric(float64(cpu()-since)/float64(b.N), "cpu-ns/op")
		})
	}
}

// One policy gets the rules of another, or its own again, and what that changes
// is listed.
func BenchmarkChange(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		m := modelOf(b, size)
		c := Compile(m)
		r := rand.New(rand.NewPCG(1, 1))
		now := make([]*cluster.NetworkPolicy, len(m.Snapshot.NetworkPolicies))
		for i := range now {
			now[i] = &m.Snapshot.NetworkPolicies[i]
		}
		var wall []time.Duration
		changes, began := 0, cpu()
		for b.Loop() {
			i, j := r.IntN(len(now)), r.IntN(len(now))
			p := *now[i]
			p.Ingress, p.Egress = now[j].Ingress, now[j].Egress
			if r.IntN(4) == 0 {
				p.IsolatesEgress = now[j].IsolatesEgress
			}
			since := time.Now()
			n, list := c.Replace(now[i], &p)
			wall = append(wall, time.Since(since))
			changes += len(list)
			c, now[i] = n, &p
		}
		mean := float64(cpu()-began) / 1000 / float64(b.N)
		slices.Sort(wall)
		at := func(q float64) float64 { return float64(wall[min(len(wall)-1, int(q*float64(len(wall))))]) / 1000 }
		b.ReportMetric(at(0.5), "p50-us")
		b.ReportMetric(at(0.99), "p99-us")
		b.ReportMetric(at(1), "max-us")
		b.ReportMetric(mean, "mean-cpu-us")
		b.ReportMetric(float64(changes)/float64(b.N), "changes/op")
	})
}

// Two versions of a whole cluster, one in a hundred policies different and one
// Service moved.
func BenchmarkDiff(b *testing.B) {
	bySize(b, func(b *testing.B, size generate.Size) {
		old := modelOf(b, size)
		s := generate.Cluster(size, 1)
		for i := range s.NetworkPolicies {
			if i%100 == 7 {
				s.NetworkPolicies[i].Ingress = s.NetworkPolicies[i-1].Ingress
			}
		}
		s.Services[0].ExternalTrafficPolicy = cluster.PolicyLocal
		young := compileSnapshot(b, s)
		changes, fronts, spent := 0, 0, time.Duration(0)
		for b.Loop() {
			b.StopTimer()
			x, y := Compile(old), Compile(young)
			b.StartTimer()
			since := cpu()
			d := Diff(x, y)
			changes, fronts = len(d.Changes), len(d.Fronts)
			spent += cpu() - since
		}
		b.ReportMetric(float64(spent)/1e6/float64(b.N), "cpu-ms/op")
		b.ReportMetric(float64(changes), "changes")
		b.ReportMetric(float64(fronts), "fronts")
	})
}
