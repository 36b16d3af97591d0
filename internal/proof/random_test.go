//go:build linux

package proof_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

var (
	wantFlows    = flag.Int("proof.flows", 10000, "how many flows TestRandomClusters compares at least")
	wantClusters = flag.Int("proof.clusters", 300, "how many random clusters TestRandomClusters builds at least")
	firstSeed    = flag.Uint64("proof.seed", 1, "the seed of the first random cluster")
	atOnce       = flag.Int("proof.labs", 16, "how many labs are up at once: most of the time they wait for silence")
	mayShrink    = flag.Duration("proof.shrink", 2*time.Minute, "for how long counter-examples are made smaller")
)

// perCluster is how many questions one random cluster is asked. A question may
// be several flows: one for each first node that its packets may enter by.
const perCluster = 40

// TestRandomClusters asks a kernel with our own rules what the walk predicts of
// small hostile clusters, one lab each.
func TestRandomClusters(t *testing.T) {
	if testing.Short() {
		t.Skip("packets through random clusters take minutes; they are sent without -short")
	}
	began := time.Now()
	r := &run{t: t, next: *firstSeed, skipped: map[string]int{}, features: map[string]int{}}
	var wg sync.WaitGroup
	for range *atOnce {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for seed, more := r.seed(); more; seed, more = r.seed() {
				r.cluster(seed)
			}
		}()
	}
	wg.Wait()
	t.Logf("seeds %d to %d: %d clusters, %d questions, %d flows, %d connections in %v",
		*firstSeed, r.next-1, r.clusters, r.questions, r.flows, r.tries, time.Since(began).Round(time.Second))
	for _, why := range slices.Sorted(maps.Keys(r.skipped)) {
		t.Logf("not asked: %5d  %s", r.skipped[why], why)
	}
	r.table()
	until := time.Now().Add(*mayShrink)
	for _, w := range r.wrong {
		w.report(t, until)
	}
	if *firstSeed == 1 && *wantClusters >= 300 {
		for _, f := range missing(r.features) {
			t.Errorf("nothing that was asked has to do with %q: the generator tests too little", f)
		}
	}
}

// run counts what was asked of all clusters.
type run struct {
	t *testing.T

	mu       sync.Mutex
	next     uint64
	clusters int
	// questions are those that were compared, in so many flows and connections.
	questions, flows, tries int
	skipped                 map[string]int
	features                map[string]int
	wrong                   []*wrong
}

// mostWrong is how many clusters may disagree before the rest is left.
const mostWrong = 10

// seed is the next cluster's, as long as there is to be one.
func (r *run) seed() (uint64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	made := int(r.next - *firstSeed)
	if made >= *wantClusters && r.flows >= *wantFlows || len(r.wrong) >= mostWrong {
		return 0, false
	}
	r.next++
	return r.next - 1, true
}

// cluster proves one random cluster.
func (r *run) cluster(seed uint64) {
	g := generate.Tangle(generate.Runnable, seed)
	var questions []path.Question
	for range perCluster {
		q := g.Question()
		ask := path.Question{From: q.From, Via: q.Via, To: q.Target()}
		if !slices.Contains(questions, ask) {
			questions = append(questions, ask)
		}
	}
	e := enforcer{g.AfterSNAT, g.Rejects}
	m, lines, err := prove(r.t.Context(), g.Snapshot, e, questions)
	r.mu.Lock()
	defer r.mu.Unlock()
	var not *lab.Unbuildable
	switch {
	case errors.As(err, &not):
		r.skipped[not.Error()] += len(questions)
		return
	case err != nil:
		r.wrong = append(r.wrong, &wrong{seed: seed, snapshot: g.Snapshot, enforcer: e, err: err})
		return
	}
	r.clusters++
	for i := range lines {
		r.line(m, seed, e, &lines[i])
	}
}

func (r *run) line(m *model.Model, seed uint64, e enforcer, l *proof.Line) {
	switch {
	case l.Err != nil:
		r.skipped[fmt.Sprintf("%T", l.Err)]++
	case l.Unprovable != "":
		r.skipped[string(l.Unprovable)]++
	default:
		r.questions++
		r.flows += l.Flows
		r.tries += l.Tries
		a, err := path.Walk(m, l.Question)
		if err != nil {
			r.t.Error(err)
			return
		}
		for f := range featuresOf(m, a) {
			r.features[f]++
		}
	}
	if len(l.Differs) > 0 {
		w := &wrong{seed: seed, snapshot: m.Snapshot, enforcer: e, question: l.Question, differs: l.Differs, kind: kindOf(l)}
		if !slices.ContainsFunc(r.wrong, func(o *wrong) bool { return o.seed == seed }) {
			r.wrong = append(r.wrong, w)
		} else {
			r.t.Logf("seed %d also: %v", seed, l.Differs)
		}
	}
}

// enforcer is where the policy enforcer stands and what it does, beyond what a
// Fabric can say.
type enforcer struct{ afterSNAT, rejects bool }

// modelOf compiles a cluster under an enforcer.
func modelOf(s *cluster.Snapshot, e enforcer) (*model.Model, error) {
	m, err := model.Compile(s)
	if err != nil {
		return nil, err
	}
	p := *m.Profile
	if p.Policy.Enforces {
		p.Policy.AfterSNAT = e.afterSNAT
		if e.rejects {
			p.Policy.Deny = cluster.DenyReject
		}
	}
	m = m.WithProfile(&p)
	return m, errors.Join(m.PrintableProxy(), m.PrintablePolicy())
}

// prove builds a cluster, asks it, and takes it away.
func prove(ctx context.Context, s *cluster.Snapshot, e enforcer, questions []path.Question) (*model.Model, []proof.Line, error) {
	m, err := modelOf(s, e)
	if err != nil {
		return nil, nil, err
	}
	session, err := proof.Open(ctx, m, questions, proof.Options{})
	if err != nil {
		return nil, nil, err
	}
	lines, err := session.Run(ctx)
	return m, lines, errors.Join(err, session.Close())
}
