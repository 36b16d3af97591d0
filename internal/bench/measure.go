package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/cores"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
)

// figures are what one size costs.
type figures struct {
	Pods, Policies, Services, Units int
	Rectangles, Changes             int
	Load, Compile, Map, Diff        spent
	ChangeP50, ChangeP99            time.Duration
	Verdict, FromPod, FromOutside   time.Duration // of processors
	Peak                            int64         // bytes, 0 where the system does not say
	PerPod                          float64
}

// repeats is how often the big ones are timed; the best counts.
const repeats = 3

func measure(file string) (*figures, error) {
	began := now()
	in, err := manifest.Load([]string{file}, manifest.Options{})
	if err != nil {
		return nil, err
	}
	s := in.Snapshot
	f := &figures{Load: began.until(), Pods: len(s.Pods), Policies: len(s.NetworkPolicies), Services: len(s.Services)}
	if f.Pods == 0 || f.Policies == 0 || f.Services == 0 {
		return nil, errors.New("nothing to measure: a cluster has pods, policies and Services")
	}
	for i := range repeats {
		m, err := f.compileAndMap(s)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			f.Peak = peak()
		}
		if i == repeats-1 {
			f.measureEngine(m)
			f.questions(m)
			if err := f.traces(m); err != nil {
				return nil, err
			}
			if err := f.difference(m); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// spent is time, and processor time of all cores, which other work on the machine
// does not stretch.
type spent struct{ Wall, CPU time.Duration }

// moment is when something began.
type moment struct {
	wall time.Time
	cpu  time.Duration
}

func now() moment { return moment{time.Now(), processorTime()} }

func (m moment) until() spent { return spent{time.Since(m.wall), processorTime() - m.cpu} }

func processorTime() time.Duration {
	var use syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &use) != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// keepBest keeps the shortest of either.
func (s *spent) keepBest(o spent) {
	if s.Wall == 0 || o.Wall < s.Wall {
		s.Wall = o.Wall
	}
	if s.CPU == 0 || o.CPU < s.CPU {
		s.CPU = o.CPU
	}
}

func (f *figures) compileAndMap(s *cluster.Snapshot) (*model.Model, error) {
	runtime.GC()
	began := now()
	m, err := model.CompileOn(cores.All, s)
	if err != nil {
		return nil, err
	}
	c := reach.Compile(m)
	f.Compile.keepBest(began.until())
	runtime.GC()
	began = now()
	f.Rectangles = wholeMap(c)
	f.Map.keepBest(began.until())
	f.Units = c.Units()
	return m, nil
}

// wholeMap counts the connections of all pods, as rectangles, and the fronts of
// all Services with their answers.
func wholeMap(c *reach.Chart) int {
	all := c.Model().Snapshot.Services
	services := make([]*cluster.Service, len(all))
	for i := range all {
		services[i] = &all[i]
	}
	n := 0
	flows := func() {
		for range c.Flows {
			n++
		}
	}
	for _, fronts := range c.FrontsOf(services, cores.All, flows) {
		n += len(fronts)
	}
	return n
}

func (f *figures) measureEngine(m *model.Model) {
	before := heap()
	c := reach.Compile(m)
	c.Units()
	f.PerPod = float64(heap()-before) / float64(f.Pods)
	runtime.KeepAlive(c)
}

func heap() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// questions are verdicts of policies in random order; then policies change: each
// gets the rules of another, and what that takes and gives is listed.
func (f *figures) questions(m *model.Model) {
	c, r := reach.Compile(m), rand.New(rand.NewPCG(1, 1))
	pods := m.Snapshot.Pods
	questions := make([]policy.Question, 1<<16)
	for i := range questions {
		p, q := &pods[r.IntN(len(pods))], &pods[r.IntN(len(pods))]
		questions[i] = policy.Question{
			Direction: policy.Direction(1 + i%2), Subject: policy.Party{Addr: p.IPs[0], Pod: p}, Peer: policy.Party{Addr: q.IPs[0], Pod: q},
			Protocol: flow.TCP, Port: p.Ports[0].Port,
		}
	}
	c.Units()
	var all spent
	for range repeats {
		began := now()
		for i := range questions {
			c.Judge(questions[i])
		}
		all.keepBest(began.until())
	}
	f.Verdict = all.CPU / time.Duration(len(questions))
	f.changes(m, c, r)
}

// changes replace one policy after another.
func (f *figures) changes(m *model.Model, c *reach.Chart, r *rand.Rand) {
	var each []time.Duration
	rules := make([]*cluster.NetworkPolicy, f.Policies)
	for i := range rules {
		rules[i] = &m.Snapshot.NetworkPolicies[i]
	}
	for range 2000 {
		i, j := r.IntN(len(rules)), r.IntN(len(rules))
		p := *rules[i]
		p.Ingress, p.Egress = rules[j].Ingress, rules[j].Egress
		if r.IntN(4) == 0 {
			p.IsolatesEgress = rules[j].IsolatesEgress
		}
		began := time.Now()
		c, _ = c.Replace(rules[i], &p)
		each = append(each, time.Since(began))
		rules[i] = &p
	}
	slices.Sort(each)
	f.ChangeP50, f.ChangeP99 = each[len(each)/2], each[len(each)*99/100]
}

// traces are whole ones, with every hop and reason, as `portolan trace` makes.
func (f *figures) traces(m *model.Model) error {
	r := rand.New(rand.NewPCG(2, 2))
	var inside, outside []path.Question
	for range 1000 {
		p, svc := &m.Snapshot.Pods[r.IntN(f.Pods)], &m.Snapshot.Services[r.IntN(f.Services)]
		inside = append(inside, path.Question{From: "pod/" + p.Namespace + "/" + p.Name, To: "svc/" + svc.Namespace + "/" + svc.Name})
	}
	for len(outside) < 1000 {
		if svc := &m.Snapshot.Services[r.IntN(f.Services)]; svc.Type == cluster.ServiceLoadBalancer {
			outside = append(outside, path.Question{From: "external/198.51.100.7", To: "svc/" + svc.Namespace + "/" + svc.Name + "@vip"})
		}
	}
	for _, t := range []struct {
		ask []path.Question
		is  *time.Duration
	}{{inside, &f.FromPod}, {outside, &f.FromOutside}} {
		var all spent
		for range repeats {
			began := now()
			for _, q := range t.ask {
				if _, err := path.Ask(m, q); err != nil {
					return fmt.Errorf("trace from %s to %s: %w", q.From, q.To, err)
				}
			}
			all.keepBest(began.until())
		}
		*t.is = all.CPU / time.Duration(len(t.ask))
	}
	return nil
}

// difference is of two whole versions: one in a hundred policies has the rules of
// another, and one Service another traffic policy.
func (f *figures) difference(old *model.Model) error {
	s := *old.Snapshot
	s.NetworkPolicies = slices.Clone(s.NetworkPolicies)
	for i := range s.NetworkPolicies {
		if i%100 == 7 {
			s.NetworkPolicies[i].Ingress = s.NetworkPolicies[i-1].Ingress
		}
	}
	s.Services = slices.Clone(s.Services)
	s.Services[0].ExternalTrafficPolicy = cluster.PolicyLocal
	young, err := model.Compile(&s)
	if err != nil {
		return err
	}
	for range repeats {
		x, y := reach.Compile(old), reach.Compile(young)
		runtime.GC()
		began := now()
		d := reach.Diff(x, y)
		f.Diff.keepBest(began.until())
		f.Changes = len(d.Changes)
	}
	return nil
}

// peak is the largest resident set that the process had, in bytes.
func peak() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kilobytes, _, _ := strings.Cut(rest, "kB")
	n, err := strconv.ParseInt(strings.TrimSpace(kilobytes), 10, 64)
	if err != nil {
		return 0
	}
	return n * 1024
}
