package kube

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/manifest"
)

// MirrorOptions say how to keep a cluster current. Zero durations take their defaults.
type MirrorOptions struct {
	Options
	// Fabric is what the API server does not know; nil is nothing.
	Fabric *cluster.Fabric
	// Quiet is how long nothing may come until a batch counts as complete (4 ms), and
	// Longest how long it may grow (50 ms).
	Quiet, Longest time.Duration
	// Idle is how long a watch may be silent (150 s: bookmarks come every minute).
	Idle time.Duration
	// Stale is how long a resource may be unheard of before it is said (5 s).
	Stale time.Duration
	// Retry is the first pause behind a failure (250 ms); it doubles up to 40 times that.
	Retry time.Duration
	// Poll is how often what cannot be watched is read again (1 minute), and Look how
	// often the server is asked what it serves (5 minutes).
	Poll, Look time.Duration
}

func (o *MirrorOptions) defaults() {
	for _, d := range []struct {
		to *time.Duration
		by time.Duration
	}{
		{&o.Quiet, 4 * time.Millisecond},
		{&o.Longest, 50 * time.Millisecond},
		{&o.Idle, 150 * time.Second},
		{&o.Stale, 5 * time.Second},
		{&o.Retry, 250 * time.Millisecond},
		{&o.Poll, time.Minute},
		{&o.Look, 5 * time.Minute},
	} {
		if *d.to == 0 {
			*d.to = d.by
		}
	}
}

// Mirror keeps what is read of a cluster current.
//
//	list ──► parts by name ◄── watch ◄── events, bookmarks
//	           │                 │ ended: go on where it was; 410: list again
//	           ▼                 ▼
//	        changes ── a few ms ──► Batch ──► manifest.Builder ──► Snapshot
//
// One goroutine for each resource, and for each namespace of one that may not be read as
// a whole (mirror_narrow.go); Next is for one reader.
type Mirror struct {
	c   *Client
	opt MirrorOptions

	mu        sync.Mutex
	followers []*follower // in the order of a reading
	stale     []string    // groups whose API server does not answer
	configs   store       // the ConfigMaps of dataplanes
	missed    []Unread    // ConfigMaps that could not be read
	narrows   bool        // what is refused is looked for in single namespaces
	refused   refusedIn
	pending   map[place]*Change
	dirty     bool // what is known has changed, though no object has
	look      chan struct{}
	wake      chan struct{}
	work      sync.WaitGroup

	last *manifest.Input // what Next returned
	told []string        // resources that Next called stale
	pace pace
}

// Mirror prepares to keep a cluster current.
func (c *Client) Mirror(opt MirrorOptions) *Mirror {
	opt.defaults()
	return &Mirror{c: c, opt: opt, pending: map[place]*Change{}, wake: make(chan struct{}, 1), look: make(chan struct{}, 1)}
}

// Start reads everything once and begins to watch, until ctx ends. The error, an
// *Error, is for when nothing can be read.
func (m *Mirror) Start(ctx context.Context) error {
	found, stale, err := m.c.Discover(ctx)
	if err != nil {
		return err
	}
	slots := make(chan struct{}, atOnce)
	m.mu.Lock()
	m.stale = stale
	for _, l := range wanted(found) {
		m.follow(ctx, l.Resource, slots)
	}
	begun := slices.Clone(m.followers)
	m.mu.Unlock()
	lists := make([]*listing, len(begun))
	for _, f := range begun {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-f.answered:
		}
	}
	m.narrowAll(ctx)
	m.mu.Lock()
	for i, f := range begun {
		lists[i] = &listing{Resource: f.Resource, err: f.state.err, only: f.readIn()}
	}
	m.mu.Unlock()
	if err := (&reader{c: m.c}).fatal(lists); err != nil {
		return err
	}
	m.readConfigs(ctx)
	m.mu.Lock()
	m.dirty = true
	clear(m.pending)
	m.mu.Unlock()
	m.work.Add(1)
	go m.keep(ctx)
	return nil
}

// Wait returns when nothing runs any more; ctx of Start has to end first.
func (m *Mirror) Wait() { m.work.Wait() }

// follow begins to follow a resource. The lock is held.
func (m *Mirror) follow(ctx context.Context, r Resource, slots chan struct{}) {
	m.followers = append(m.followers, m.begin(ctx, r, "", slots))
}

// begin makes a follower, of a namespace or of all (""), and lets it run. The lock is
// held.
func (m *Mirror) begin(ctx context.Context, r Resource, namespace string, slots chan struct{}) *follower {
	ctx, cancel := context.WithCancel(ctx)
	f := &follower{Resource: r, in: namespace, m: m, cancel: cancel, answered: make(chan struct{}), slots: slots}
	f.state.Resource = r.String()
	m.work.Add(1)
	go func() {
		defer m.work.Done()
		f.run(ctx)
	}()
	return f
}

// rouse tells Next that there is something.
func (m *Mirror) rouse() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// keep looks after what is not watched: ConfigMaps, and what the server serves.
func (m *Mirror) keep(ctx context.Context) {
	defer m.work.Done()
	poll, look := time.NewTicker(m.opt.Poll), time.NewTicker(m.opt.Look)
	defer poll.Stop()
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			m.refused.forget(m.opt.Namespaces)
			m.readConfigs(ctx)
			continue
		case <-look.C:
			m.refused.forgetAll()
		case <-m.look:
			// What a definition of resources offers is served a moment later.
			if pause(ctx, 4*m.opt.Retry) != nil {
				return
			}
		}
		m.discover(ctx)
	}
}

// discover follows what is served now. A failure changes nothing.
func (m *Mirror) discover(ctx context.Context) {
	found, stale, err := m.c.Discover(ctx)
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Equal(m.stale, stale) {
		m.stale, m.dirty = stale, true
		m.rouse()
	}
	lists := wanted(found)
	for _, l := range lists {
		if !slices.ContainsFunc(m.followers, func(f *follower) bool { return f.Resource == l.Resource }) {
			m.follow(ctx, l.Resource, make(chan struct{}, 1))
		}
	}
	kept := m.followers[:0]
	for _, f := range m.followers {
		if len(stale) > 0 || slices.ContainsFunc(lists, func(l *listing) bool { return f.Resource == l.Resource }) {
			kept = append(kept, f)
			continue
		}
		m.end(f)
	}
	m.followers = kept
	slices.SortFunc(m.followers, func(a, b *follower) int { return compareResources(&a.Resource, &b.Resource) })
}
