package kube

import (
	"cmp"
	"slices"
	"time"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
)

// How is what became of an object.
type How uint8

// What may become of it.
const (
	Created How = iota + 1
	Changed
	Deleted
)

// Change is an object that says something else of traffic than before.
type Change struct {
	Object flow.Object
	How    How
	// By is the manager that wrote it last ("helm"), "" where that is not known, as of
	// what was deleted.
	By string
	// Owner is the controller of a pod or a workload, zero for others.
	Owner flow.Object
	// At is when it was heard of.
	At time.Time

	place
	old, young *manifest.Part
}

// place is where an object is kept.
type place struct {
	store *store
	key   string
}

// store is the objects of a resource, in the order of the API server's lists.
type store struct {
	keys  []string // namespace/name
	parts []*manifest.Part
}

func (s *store) find(key string) (int, bool) { return slices.BinarySearch(s.keys, key) }

// set puts an object in its place, nil takes it away, and returns what was there.
func (s *store) set(key string, p *manifest.Part) *manifest.Part {
	i, ok := s.find(key)
	var was *manifest.Part
	if ok {
		was = s.parts[i]
	}
	switch {
	case ok && p == nil:
		s.keys, s.parts = slices.Delete(s.keys, i, i+1), slices.Delete(s.parts, i, i+1)
	case ok:
		s.parts[i] = p
	case p != nil:
		s.keys, s.parts = slices.Insert(s.keys, i, key), slices.Insert(s.parts, i, p)
	}
	return was
}

func keyOf(o flow.Object) string { return o.Namespace + "/" + o.Name }

// storeOf sorts what was listed.
func storeOf(parts []*manifest.Part) store {
	type item struct {
		key  string
		part *manifest.Part
	}
	items := make([]item, 0, len(parts))
	for _, p := range parts {
		for i, one := range p.Split() {
			items = append(items, item{keyOf(p.Objects()[i]), one})
		}
	}
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(a.key, b.key) })
	s := store{keys: make([]string, 0, len(items)), parts: make([]*manifest.Part, 0, len(items))}
	for _, i := range items {
		s.set(i.key, i.part)
	}
	return s
}

// put takes over one object, or that it is gone. The lock is held.
func (m *Mirror) put(s *store, key string, young *manifest.Part) {
	old := s.set(key, young)
	if old == nil && young == nil || old != nil && young != nil && young.Same(old) {
		return
	}
	c := &Change{How: Changed, At: time.Now(), place: place{s, key}, old: old, young: young}
	if p := m.pending[c.place]; p != nil {
		c.old, c.At = p.old, p.At
	}
	said := cmp.Or(c.young, c.old)
	switch {
	case said == nil: // it came and went
		delete(m.pending, c.place)
		return
	case c.old == nil:
		c.How = Created
	case c.young == nil:
		c.How = Deleted
	}
	c.Object, c.Owner = said.Objects()[0], said.Owner()
	if young != nil {
		c.By = young.Manager()
	}
	m.pending[c.place] = c
	m.rouse()
}

// replace takes over a whole list. The lock is held.
func (m *Mirror) replace(f *follower, s store, bad map[string]Unread) {
	var gone []string
	for _, key := range f.store.keys {
		if _, ok := s.find(key); !ok {
			gone = append(gone, key)
		}
	}
	for _, key := range gone {
		m.put(&f.store, key, nil)
	}
	if len(f.store.keys) == 0 && len(m.pending) == 0 && !m.begun() {
		f.store = s // the first list is no change
	}
	for i, key := range s.keys {
		m.put(&f.store, key, s.parts[i])
	}
	if len(bad)+len(f.bad) > 0 {
		m.dirty = true
		m.rouse()
	}
	f.bad = bad
}

func (m *Mirror) begun() bool { return m.last != nil }
