package upstream

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

var (
	wantClusters = flag.Int("clusters", usual, "how many random clusters TestRandomClusters builds")
	firstSeed    = flag.Uint64("seed", 1, "the seed of its first cluster")
	mayShrink    = flag.Duration("shrink", 2*time.Minute, "how long a counter-example may be made smaller")
)

// usual is how many clusters there are, if not told.
const usual = 110

// perCluster is how many questions one cluster is asked, in each of its states.
const perCluster = 40

// random is one random cluster as it is asked.
type random struct {
	seed      uint64
	mode      Mode
	afterSNAT bool
	rejects   bool
	// before is what it is built from, after is what becomes of its Services; nil:
	// they stay.
	before, after *cluster.Snapshot
	questions     []path.Question
}

// draw makes the cluster of a seed: every fourth is under kube-proxy's iptables
// mode, every other without an enforcer.
func draw(seed uint64) *random {
	g := generate.Tangle(generate.Runnable, seed)
	r := &random{seed: seed, mode: NFTables, afterSNAT: g.AfterSNAT, rejects: g.Rejects, before: g.Snapshot}
	if seed%4 == 0 {
		r.mode = IPTables
	}
	if seed%2 == 1 {
		g.Snapshot.Fabric.Dataplane.Policy = "none"
	}
	for range perCluster {
		q := g.Question()
		ask := path.Question{From: q.From, Via: q.Via, To: q.Target()}
		if !slices.Contains(r.questions, ask) {
			r.questions = append(r.questions, ask)
		}
	}
	r.questions = append(r.questions, detour(g.Snapshot)...)
	unique(g.Snapshot)
	r.after = changed(g)
	return r
}

// detour asks a client for a pod by way of another node.
func detour(s *cluster.Snapshot) []path.Question {
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.HostNetwork || p.Phase != cluster.PodRunning {
			continue
		}
		for _, port := range p.Ports {
			for j := range s.Nodes {
				if port.Protocol == flow.TCP && s.Nodes[j].Name != p.Node {
					return []path.Question{{From: "external/c1", Via: s.Nodes[j].Name, To: netip.AddrPortFrom(p.IPs[0], port.Port).String()}}
				}
			}
		}
	}
	return nil
}

// unique leaves every endpoint in one slice of its Service: which of two slices
// counts, kube-proxy calls undefined.
func unique(s *cluster.Snapshot) {
	in := map[string]int{}
	for i := range s.EndpointSlices {
		e := &s.EndpointSlices[i]
		e.Endpoints = slices.DeleteFunc(e.Endpoints, func(one cluster.Endpoint) bool {
			key := fmt.Sprint(e.Namespace, "/", e.Service, " ", one.Addresses[0])
			first, there := in[key]
			if !there {
				in[key] = i
			}
			return there && first != i
		})
	}
}

// changed is the cluster with some Services gone, and some endpoints. The lab's
// own listeners stay, so those with a health check do.
func changed(g *generate.Tangled) *cluster.Snapshot {
	s := *g.Snapshot
	s.Services = slices.DeleteFunc(slices.Clone(s.Services), func(svc cluster.Service) bool {
		return svc.HealthCheckNodePort == 0 && g.IntN(4) == 0
	})
	s.EndpointSlices = slices.DeleteFunc(slices.Clone(s.EndpointSlices), func(cluster.EndpointSlice) bool { return g.IntN(4) == 0 })
	for i := range s.EndpointSlices {
		e := &s.EndpointSlices[i]
		e.Endpoints = slices.DeleteFunc(slices.Clone(e.Endpoints), func(cluster.Endpoint) bool { return g.IntN(4) == 0 })
	}
	return &s
}

// modelOf compiles a state of the cluster under a proxy.
func (r *random) modelOf(s *cluster.Snapshot, proxy string) (*model.Model, error) {
	under := *s
	under.Fabric.Dataplane.Proxy = proxy
	m, err := model.Compile(&under)
	if err != nil {
		return nil, err
	}
	p := *m.Profile
	if p.Policy.Enforces {
		p.Policy.AfterSNAT = r.afterSNAT
		if r.rejects {
			p.Policy.Deny = cluster.DenyReject
		}
	}
	return m.WithProfile(&p), nil
}

// theirs asks the cluster with kube-proxy on its nodes, ours with our rules.
func (r *random) theirs(ctx context.Context) ([][]proof.Line, error) {
	return r.ask(ctx, "kube-proxy-"+string(r.mode), func(m *model.Model) (lab.Dataplane, error) { return NewDataplane(m) })
}

func (r *random) ours(ctx context.Context) ([][]proof.Line, error) {
	return r.ask(ctx, "portolan", func(m *model.Model) (lab.Dataplane, error) { return proof.Ours(m), nil })
}

// ask builds the cluster, asks it, changes it, and asks again.
func (r *random) ask(ctx context.Context, proxy string, plane func(*model.Model) (lab.Dataplane, error)) (all [][]proof.Line, err error) {
	m, err := r.modelOf(r.before, proxy)
	if err != nil {
		return nil, err
	}
	d, err := plane(m)
	if err != nil {
		return nil, err
	}
	session, err := proof.Open(ctx, m, r.questions, proof.Options{Dataplane: d})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	lines, err := session.Run(ctx)
	if err != nil || r.after == nil {
		return append(all, lines), err
	}
	all = append(all, lines)
	if m, err = r.modelOf(r.after, proxy); err != nil {
		return nil, err
	}
	if err := session.Change(ctx, m, inside(m, r.questions)); err != nil {
		return nil, err
	}
	lines, err = session.Run(ctx)
	return append(all, lines), err
}

// inside are the questions that the nodes answer alone, but for the way in: once
// Services change, routers send their addresses elsewhere, and the lab's were
// built without that.
func inside(m *model.Model, questions []path.Question) []path.Question {
	return slices.DeleteFunc(slices.Clone(questions), func(q path.Question) bool {
		a, err := path.Walk(m, q)
		return err == nil && slices.ContainsFunc(a.Traces, func(t path.Walked) bool {
			routers := 0
			for i := range t.Hops {
				if t.Hops[i].Machine.Kind == flow.MachineRouter {
					routers++
				}
			}
			if strings.HasPrefix(q.From, "external/") && q.Via != "" {
				routers--
			}
			return routers > 0
		})
	})
}

// TestRandomClusters asks small hostile clusters what the walk predicts: of the
// kernel with kube-proxy on every node, then of the kernel with our rules. The
// Services change, and all is asked again.
func TestRandomClusters(t *testing.T) {
	began := time.Now()
	c := &counts{modes: map[Mode]int{}, skipped: map[string]int{}, explained: map[string]int{}}
	todo := make(chan uint64)
	var wg sync.WaitGroup
	for range *labs {
		wg.Go(func() {
			for seed := range todo {
				c.cluster(t, seed)
			}
		})
	}
	for i := range *wantClusters {
		todo <- *firstSeed + uint64(i)
	}
	close(todo)
	wg.Wait()
	t.Logf("seeds %d to %d: clusters %v, %d questions, %d flows, %d connections; %d flows on our rules too; %v", *firstSeed,
		*firstSeed+uint64(*wantClusters)-1, c.modes, c.questions, c.flows, c.tries, c.beside, time.Since(began).Round(time.Second))
	for _, why := range slices.Sorted(maps.Keys(c.skipped)) {
		t.Logf("not asked: %5d  %s", c.skipped[why], why)
	}
	for _, w := range c.wrong {
		w.report(t)
	}
	c.told(t)
}

// told holds docs/semantics.md to the known differences and, for the usual
// clusters, to the counts.
func (c *counts) told(t *testing.T) {
	t.Helper()
	all := *firstSeed == 1 && *wantClusters >= usual
	for _, d := range differences {
		t.Logf("differs:   %5d  %s", c.explained[d.name], d.name)
		if c.explained[d.name] == 0 && all {
			t.Errorf("nothing differs because of %q any more", d.name)
		}
		said(t, regexp.QuoteMeta("**"+d.name+"**"))
	}
	if all {
		said(t, "more than %d clusters with more than %d questions", c.modes[NFTables]+c.modes[IPTables], c.questions)
	}
}

// counts are what was asked of all clusters.
type counts struct {
	mu                      sync.Mutex
	modes                   map[Mode]int // clusters
	questions, flows, tries int          // of kube-proxy
	beside                  int          // flows that were compared with our rules
	explained               map[string]int
	skipped                 map[string]int
	wrong                   []*wrong
}

// mostWrong is how many clusters may disagree before the rest is left.
const mostWrong = 4

func (c *counts) cluster(t *testing.T, seed uint64) {
	c.mu.Lock()
	given := len(c.wrong) >= mostWrong
	c.mu.Unlock()
	if given {
		return
	}
	r := draw(seed)
	theirs, err := r.theirs(t.Context())
	var ours [][]proof.Line
	if err == nil && r.mode == NFTables {
		ours, err = r.ours(t.Context())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var not *lab.Unbuildable
	switch {
	case errors.As(err, &not):
		c.skipped[not.Error()] += len(r.questions)
		return
	case err != nil:
		c.wrong = append(c.wrong, &wrong{random: r, err: err})
		return
	}
	c.modes[r.mode]++
	for state := range theirs {
		for i := range theirs[state] {
			c.line(&theirs[state][i])
			differs := c.unexplained(r, &theirs[state][i])
			if ours != nil {
				differs = append(differs, c.compare(&theirs[state][i], &ours[state][i])...)
			}
			if len(differs) > 0 {
				c.wrong = append(c.wrong, &wrong{random: r, state: state, question: theirs[state][i].Question, differs: differs})
				return
			}
		}
	}
}

func (c *counts) line(l *proof.Line) {
	switch {
	case l.Err != nil:
		c.skipped[fmt.Sprintf("%T", l.Err)]++
	case l.Unprovable != "":
		c.skipped[string(l.Unprovable)]++
	default:
		c.questions++
		c.flows += l.Flows
		c.tries += l.Tries
	}
}

// compare says in what our rules differ from kube-proxy's, way by way. Where a
// client sees only some of what may be, both may have shown it another part.
func (c *counts) compare(theirs, ours *proof.Line) (differs []string) {
	if len(theirs.Ways) != len(ours.Ways) {
		return []string{fmt.Sprintf("%d ways beside kube-proxy, %d with our rules", len(theirs.Ways), len(ours.Ways))}
	}
	for i := range theirs.Ways {
		a, b := &theirs.Ways[i], &ours.Ways[i]
		c.beside++
		if !theirs.Loose && !slices.Equal(told(a), told(b)) {
			differs = append(differs, fmt.Sprintf("%s via %q -> %s: kube-proxy %v, our rules %v", a.From, a.Via, a.Name, a.Observed, b.Observed))
		}
	}
	return append(differs, ours.Differs...)
}

// told are the outcomes of a way without those that are chance.
func told(w *proof.Way) []proof.Outcome {
	return slices.DeleteFunc(slices.Clone(w.Observed), func(o proof.Outcome) bool {
		return w.Loops && (o.Seen == flow.Timeout || o.Seen == flow.Unreachable)
	})
}
