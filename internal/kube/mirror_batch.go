package kube

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
)

// Batch is what changed at one moment, and how the cluster is behind it.
type Batch struct {
	// First: there was no Batch before; everything is new and nothing a Change.
	First   bool
	Changes []Change
	// At is when the first of them was heard of.
	At time.Time
	// Input is the cluster, the same as before where nothing changed.
	Input *manifest.Input
	// Anew: what is known is another, though no object may have changed.
	Anew bool
	// Stale are the resources of which nothing is heard, Lately those of them that
	// were not among them before, Freshly those that are heard of again.
	Stale, Lately []Health
	Freshly       []string
	// Unread is what is not known of the cluster.
	Unread []Unread
	// Err is why what is known makes no cluster; Input is then the last one that did.
	Err error

	m     *Mirror
	state state
}

// state is the parts of a moment.
type state struct {
	lists  []held
	unread []Unread
	notes  []flow.Reason
	blind  bool // no pod could be read
}

// held is a list as it was; of is where it came from.
type held struct {
	Resource
	store
	of *store
}

func hold(r Resource, s *store) held {
	return held{r, store{slices.Clone(s.keys), slices.Clone(s.parts)}, s}
}

// Next waits until something has changed, and for what comes with it. The error is
// ctx's, or an *Error where what is known makes no cluster.
func (m *Mirror) Next(ctx context.Context) (*Batch, error) {
	first := m.last == nil
	m.pace.end(time.Now())
	for {
		if !first {
			if err := m.await(ctx); err != nil {
				m.rouse() // whoever asks again is told
				return nil, err
			}
		}
		begun := time.Now()
		b, err := m.batch(first)
		if err != nil || b != nil {
			if !first { // beginning costs more than going on
				m.pace.begun = begun
			}
			return b, err
		}
	}
}

// await returns when something has changed and a batch is complete. Where batches are
// costly the next one is given the time to grow.
func (m *Mirror) await(ctx context.Context) error {
	look := time.NewTicker(min(time.Second, m.opt.Stale/2))
	defer look.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-look.C:
		return nil
	case <-m.wake:
	}
	if err := pause(ctx, m.pace.rest()); err != nil {
		return err
	}
	longest := time.NewTimer(m.opt.Longest)
	defer longest.Stop()
	for {
		quiet := time.NewTimer(m.opt.Quiet)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-longest.C:
			return nil
		case <-quiet.C:
			return nil
		case <-m.wake:
			quiet.Stop()
		}
	}
}

// batch is what is pending, nil if nothing is.
func (m *Mirror) batch(first bool) (*Batch, error) {
	b := &Batch{First: first, m: m, Stale: m.staleNow()}
	m.mu.Lock()
	for _, c := range m.pending {
		if c.old == nil || c.young == nil || !c.young.Same(c.old) {
			b.Changes = append(b.Changes, *c)
		}
	}
	dirty := m.dirty || len(b.Changes) > 0 || first
	b.Anew = m.dirty
	clear(m.pending)
	m.dirty = false
	if dirty {
		b.state = m.freeze()
	}
	m.mu.Unlock()
	if first {
		b.Changes = nil
	}
	slices.SortFunc(b.Changes, func(x, y Change) int { return cmp.Or(x.At.Compare(y.At), x.Object.Compare(y.Object)) })
	if len(b.Changes) > 0 {
		b.At = b.Changes[0].At
	} else {
		b.At = time.Now()
	}
	b.Input, b.Unread = m.last, b.state.unread
	var names []string
	for _, h := range b.Stale {
		names = append(names, h.Resource)
		if !slices.Contains(m.told, h.Resource) {
			b.Lately = append(b.Lately, h)
		}
	}
	for _, t := range m.told {
		if !slices.Contains(names, t) {
			b.Freshly = append(b.Freshly, t)
		}
	}
	same := slices.Equal(m.told, names)
	m.told = names
	if !dirty {
		if same {
			return nil, nil
		}
		return b, nil
	}
	in, err := b.input()
	switch {
	case err == nil:
		b.Input = in
		m.mu.Lock()
		m.last = in
		m.mu.Unlock()
	case first:
		return nil, asError(m.c, err)
	default:
		b.Err = asError(m.c, err)
	}
	return b, nil
}

// freeze keeps the parts of this moment. The lock is held.
func (m *Mirror) freeze() state {
	var s state
	for _, f := range m.followers {
		read := false
		for _, one := range append([]*follower{f}, f.parts...) {
			s.lists = append(s.lists, hold(one.Resource, &one.store))
			read = read || len(one.store.keys) > 0
			for _, key := range sortedKeys(one.bad) {
				s.unread = append(s.unread, one.bad[key])
			}
		}
		if f.state.unread() {
			s.unread = append(s.unread, Unread{Verb: "list", Resource: f.String(), Forbidden: f.state.Forbidden, Why: f.state.Why, Kind: f.Kind, Except: f.readIn()})
			s.blind = s.blind || f.Kind.Kind == "Pod" && !read
		}
	}
	for _, g := range m.stale {
		s.notes = append(s.notes, flow.Because(flow.CodeLiveStale, g))
	}
	s.lists = append(s.lists, hold(Resource{Kind: manifest.Kind{Kind: "ConfigMap"}}, &m.configs))
	s.unread = append(s.unread, m.missed...)
	return s
}

// input builds the cluster. Where nothing but policies changed the rest is the one
// before, list by list.
func (b *Batch) input() (*manifest.Input, error) {
	if in, ok, err := b.policies(); ok || err != nil {
		return in, err
	}
	return b.state.input(b.m)
}

func (s *state) input(m *Mirror) (*manifest.Input, error) {
	out := &Reading{Builder: manifest.NewBuilder(manifest.Options{Limits: m.opt.Limits}), Notes: slices.Clone(s.notes)}
	for _, u := range s.unread {
		if u.Kind.Kind == "ConfigMap" {
			out.Unread = append(out.Unread, u)
			continue
		}
		out.miss(u)
	}
	for _, l := range s.lists {
		if s.blind && makesPods(l.Group) {
			continue
		}
		for _, p := range l.parts {
			if err := out.Builder.AddPart(p.Again()); err != nil {
				return nil, err
			}
		}
	}
	out.Notes = append(out.Notes, unreadNotes(out.Unread)...)
	in, err := out.Input()
	if err == nil && m.opt.Fabric != nil {
		in.Snapshot.Fabric = *m.opt.Fabric
	}
	return in, err
}

// policies is the cluster before with the policies of now, where that is all.
func (b *Batch) policies() (in *manifest.Input, ok bool, err error) {
	was := b.m.last
	if b.Anew || was == nil {
		return nil, false, nil
	}
	known := map[string]bool{}
	for i := range was.Snapshot.Namespaces {
		if n := &was.Snapshot.Namespaces[i]; !n.Implied {
			known[n.Name] = true
		}
	}
	for i := range b.Changes {
		if c := &b.Changes[i]; c.Object.Kind != "NetworkPolicy" || !known[c.Object.Namespace] {
			return nil, false, nil
		}
	}
	builder, n := manifest.NewBuilder(manifest.Options{Limits: b.m.opt.Limits}), 0
	for _, l := range b.state.lists {
		if l.Kind.Kind != "NetworkPolicy" || l.Foreign {
			continue
		}
		for _, p := range l.parts {
			n++
			if err := builder.AddPart(p); err != nil {
				return nil, false, err
			}
		}
	}
	next, s := *was, *was.Snapshot
	s.NetworkPolicies = nil
	if n > 0 {
		few, err := builder.Input()
		if err != nil {
			return nil, false, err
		}
		s.NetworkPolicies = few.Snapshot.NetworkPolicies
	}
	next.Snapshot = &s
	return &next, true, nil
}

// With is the cluster as it was before the Batch, but for some of its Changes, by
// their places.
func (b *Batch) With(only ...int) (*cluster.Snapshot, error) {
	s := b.state
	s.lists = slices.Clone(s.lists)
	for i := range b.Changes {
		if slices.Contains(only, i) {
			continue
		}
		c := &b.Changes[i]
		for j := range s.lists {
			if l := &s.lists[j]; l.of == c.place.store {
				l.store = store{slices.Clone(l.keys), slices.Clone(l.parts)}
				l.set(c.key, c.old)
			}
		}
	}
	in, err := s.input(b.m)
	if err != nil {
		return nil, err
	}
	return in.Snapshot, nil
}
