package kube

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/portolan-net/portolan/internal/manifest"
)

// What may not be listed of the whole cluster is followed namespace by namespace, as
// narrow reads it: each namespace of a resource has a follower of its own.
//
//	all ── 403 ──► which namespaces? ──► one follower each, with what is known of it
//	 ▲                                          │ 403: that namespace is not known
//	 └──────────── may be listed again ◄────────┘

// divisible: the resource may be readable in single namespaces.
func (f *follower) divisible() bool { return f.Namespaced || f.Kind.Kind == "Namespace" }

// path is where its list is.
func (f *follower) path() string { return f.Path(f.in) }

// readIn are the namespaces of which the resource is known, where it is not as a whole.
// The lock is held.
func (f *follower) readIn() []string {
	var out []string
	for _, p := range f.parts {
		if !p.state.Heard.IsZero() && !p.state.unread() {
			out = append(out, p.in)
		}
	}
	return out
}

// refusedIn remembers what may not be read in namespaces, so that it is not asked for at
// every turn. Whoever asks for names that nobody knows of is not answered with more.
type refusedIn struct {
	mu      sync.Mutex
	by      map[string]map[string]bool // resources, by namespace
	granted map[string]bool            // namespaces in which something may be read
}

// asks reports whether to ask for a resource in a namespace.
func (r *refusedIn) asks(ns, resource string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.by[ns][resource] && (r.granted[ns] || len(r.by[ns]) < refusals)
}

func (r *refusedIn) answer(ns, resource string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by, r.granted = map[string]map[string]bool{}, map[string]bool{}
	}
	if r.by[ns] == nil {
		r.by[ns] = map[string]bool{}
	}
	if ok {
		r.granted[ns] = true
	} else {
		r.by[ns][resource] = true
	}
}

// forget lets namespaces be asked again.
func (r *refusedIn) forget(namespaces []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ns := range namespaces {
		delete(r.by, ns)
	}
}

func (r *refusedIn) forgetAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.by)
	clear(r.granted)
}

// namespaces are those to try: the ones that were named, in which there were objects,
// and that are known. all says that no others exist. The lock is held.
func (m *Mirror) namespaces(also ...string) (names []string, all bool) {
	r := &reader{opt: m.opt.Options}
	r.opt.Namespaces = append(slices.Clone(r.opt.Namespaces), also...)
	var lists []*listing
	for _, f := range m.followers {
		if f.Kind.Kind != "Namespace" {
			continue
		}
		all = !f.state.unread()
		lists = append(lists, &listing{Resource: f.Resource, parts: f.store.parts})
		for _, p := range f.parts {
			lists = append(lists, &listing{Resource: f.Resource, parts: p.store.parts})
		}
	}
	return r.namespaces(lists), all
}

// held are the namespaces of which there are objects. The lock is held.
func (f *follower) held() []string {
	var out []string
	for _, key := range f.store.keys { // in order
		ns, name, _ := strings.Cut(key, "/")
		if ns = cmp.Or(ns, name); len(out) == 0 || out[len(out)-1] != ns {
			out = append(out, ns)
		}
	}
	return out
}

// narrowAll is narrow for everything that was refused at the start, namespace by
// namespace, and waits until what is granted was read.
func (m *Mirror) narrowAll(ctx context.Context) {
	m.mu.Lock()
	var closed []*follower
	for _, f := range m.followers {
		if f.divisible() && IsForbidden(f.state.err) {
			closed = append(closed, f)
		}
	}
	names, _ := m.namespaces()
	m.mu.Unlock()
	slices.SortStableFunc(closed, func(a, b *follower) int { return cmp.Compare(rank(a.Name), rank(b.Name)) })
	var all sync.WaitGroup
	var mu sync.Mutex
	granted := map[*follower][]string{}
	slots := make(chan struct{}, atOnce)
	if len(closed) > 0 {
		for _, ns := range names {
			slots <- struct{}{}
			all.Add(1)
			go func() {
				defer all.Done()
				for _, f := range closed {
					if f.may(ctx, ns) {
						mu.Lock()
						granted[f] = append(granted[f], ns)
						mu.Unlock()
					}
				}
				<-slots
			}()
		}
		all.Wait()
	}
	var begun []*follower
	m.mu.Lock()
	for _, f := range closed {
		begun = append(begun, f.divide(ctx, granted[f], slots)...)
	}
	m.narrows = true
	m.mu.Unlock()
	for _, p := range begun {
		select {
		case <-ctx.Done():
			return
		case <-p.answered:
		}
	}
}

// may asks whether the resource may be read in a namespace, if that is worth asking.
func (f *follower) may(ctx context.Context, ns string) bool {
	name := f.String()
	if !f.m.refused.asks(ns, name) {
		return false
	}
	path, q := f.Path(ns), url.Values{"limit": {"1"}}
	if f.Kind.Kind == "Namespace" {
		path, q = "/api/v1/namespaces/"+ns, nil
	}
	_, err := f.m.c.Get(ctx, path, q, "")
	if err == nil || IsForbidden(err) {
		f.m.refused.answer(ns, name, err == nil)
	}
	return err == nil
}

// narrow follows the resource in the namespaces in which it may be read, when it may
// no longer be as a whole, and lets go of those that are gone.
func (f *follower) narrow(ctx context.Context) {
	f.m.mu.Lock()
	ready := f.m.narrows && f.in == "" && f.divisible()
	var has []string
	for _, p := range f.parts {
		has = append(has, p.in)
	}
	names, all := f.m.namespaces(f.held()...)
	f.m.mu.Unlock()
	if !ready {
		return
	}
	var granted []string
	for _, ns := range names {
		if !slices.Contains(has, ns) && f.may(ctx, ns) {
			granted = append(granted, ns)
		}
	}
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.gone {
		return
	}
	f.divide(ctx, granted, f.slots)
	f.parts = slices.DeleteFunc(f.parts, func(p *follower) bool {
		if !all || slices.Contains(names, p.in) {
			return false
		}
		f.m.end(p)
		return true
	})
}

// divide begins to follow the resource in namespaces, each with the objects that are
// known of it. The lock is held.
func (f *follower) divide(ctx context.Context, namespaces []string, slots chan struct{}) []*follower {
	var begun []*follower
	for _, ns := range namespaces {
		p := f.m.begin(ctx, f.Resource, ns, slots)
		if !f.state.unread() {
			p.state.Heard = f.state.Heard
		}
		f.m.move(&f.store, &p.store, func(key string) bool {
			in, name, _ := strings.Cut(key, "/")
			return in == ns || in == "" && name == ns
		})
		f.parts = append(f.parts, p)
		begun = append(begun, p)
	}
	slices.SortFunc(f.parts, func(a, b *follower) int { return cmp.Compare(a.in, b.in) })
	return begun
}

// unite ends the followers of namespaces: the resource is read as a whole. The lock is
// held.
func (f *follower) unite() {
	for _, p := range f.parts {
		p.gone = true
		p.cancel()
		f.m.move(&p.store, &f.store, func(string) bool { return true })
		if len(p.bad) > 0 {
			f.m.dirty = true
		}
	}
	f.parts = nil
}

// end ends a follower whose objects are no longer there. The lock is held.
func (m *Mirror) end(f *follower) {
	for _, p := range f.parts {
		m.end(p)
	}
	f.parts = nil
	f.cancel()
	m.replace(f, store{}, nil)
	f.gone, m.dirty = true, true
	m.rouse()
}

// move takes objects from one store to another, with what is pending of them; that is no
// change of theirs. The lock is held.
func (m *Mirror) move(from, to *store, which func(key string) bool) {
	for k, c := range m.pending {
		if k.store == from && which(k.key) {
			delete(m.pending, k)
			c.place = place{to, k.key}
			m.pending[c.place] = c
		}
	}
	var kept store
	for i, key := range from.keys {
		if which(key) {
			to.set(key, from.parts[i])
			continue
		}
		kept.keys, kept.parts = append(kept.keys, key), append(kept.parts, from.parts[i])
	}
	*from = kept
}

// fill sets what is known of a resource, where a right came or went: nobody changed the
// objects. The lock is held.
func (m *Mirror) fill(f *follower, s store, bad map[string]Unread) {
	for k := range m.pending {
		if k.store == &f.store {
			delete(m.pending, k)
		}
	}
	if len(f.store.keys)+len(s.keys)+len(f.bad)+len(bad) > 0 {
		m.dirty = true
	}
	f.store, f.bad = s, bad
	m.rouse()
}

// single reads the object of one namespace now and then: who has rights in it may not
// watch it.
func (f *follower) single(ctx context.Context) error {
	data, err := f.m.c.Get(ctx, fmt.Sprintf("/api/v1/namespaces/%s", f.in), nil, "")
	if err != nil {
		return err
	}
	p, err := manifest.ReadPart("", data, manifest.Options{Limits: f.m.opt.Limits})
	if err != nil {
		return err
	}
	f.take(storeOf([]*manifest.Part{p}), nil)
	f.m.count(f, func(h *Health) { h.Polled = true })
	f.once.Do(func() { close(f.answered) })
	return pause(ctx, f.m.opt.Poll)
}

// take takes over a whole list.
func (f *follower) take(s store, bad map[string]Unread) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.gone {
		return
	}
	f.unite()
	if f.state.unread() || f.in != "" && f.state.Heard.IsZero() {
		f.m.fill(f, s, bad)
	} else {
		f.m.replace(f, s, bad)
	}
	f.spoke(true)
}
