package kube

import (
	"net/http"
	"time"
)

// Health is how current a resource is.
type Health struct {
	Resource string
	// Heard is when the server last said something of it: a list, an event, a bookmark,
	// or that it takes a watch. Zero: never.
	Heard time.Time
	// Connected: a watch is open. What is polled is connected while it can be read.
	Connected bool
	// Forbidden: who asks may not list it, or in some namespaces alone, whose objects
	// count. Polled: may not watch it.
	Forbidden, Polled bool
	// Why is what went wrong last, "" while nothing does.
	Why string
	// Objects is how many there are; Relists and Watches how often the list was read
	// anew because a watch had expired, and how many watches came to their end.
	Objects, Relists, Watches int

	err   error
	since time.Time // not connected
}

// heard notes that the server spoke.
func (f *follower) heard(connected bool) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.spoke(connected)
}

// spoke is heard. The lock is held.
func (f *follower) spoke(connected bool) {
	h := &f.state
	was := h.Connected
	first := f.in != "" && h.Heard.IsZero()
	h.Heard = time.Now()
	if connected {
		if h.unread() || first {
			f.m.dirty = true
		}
		h.Connected, h.Forbidden, h.Why, h.err = true, false, "", nil
	}
	if !was && f.m.begun() {
		f.m.rouse()
	}
}

// opened notes that a watch is open.
func (f *follower) opened() {
	f.m.count(f, func(h *Health) { h.Polled = false })
	f.heard(true)
}

// lost notes a failure. What may no longer be listed is forgotten: nobody knows how
// long it was so.
func (f *follower) lost(err error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.gone {
		return
	}
	h := &f.state
	if h.Connected || h.since.IsZero() {
		h.since = time.Now()
	}
	unread := h.unread()
	h.Connected, h.Why, h.err = false, plain(err), err
	h.Forbidden = IsForbidden(err)
	if h.Forbidden || hasCode(err, http.StatusNotFound) {
		f.version = ""
		f.m.fill(f, store{}, nil)
	}
	if h.unread() != unread {
		f.m.dirty = true
	}
	f.m.rouse()
}

// unread: nothing is known of the resource, for it may not be listed, or never was.
func (h *Health) unread() bool { return h.err != nil && (h.Forbidden || h.Heard.IsZero()) }

func (m *Mirror) count(f *follower, add func(*Health)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	add(&f.state)
}

func (m *Mirror) progress(f *follower, read, of int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.opt.Progress != nil && !m.begun() {
		m.opt.Progress(f.Name, read, of)
	}
}

// Health is how current each resource is, in order.
func (m *Mirror) Health() []Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]Health, len(m.followers))
	for i, f := range m.followers {
		all[i] = f.summed()
	}
	return all
}

// summed is the Health of a resource with its parts: no more current than the oldest of
// them. The lock is held.
func (f *follower) summed() Health {
	h := f.state
	h.Objects = len(f.store.keys)
	for i, p := range f.parts {
		s := &p.state
		h.Objects += len(p.store.keys)
		h.Relists, h.Watches = h.Relists+s.Relists, h.Watches+s.Watches
		if i == 0 || s.Heard.Before(h.Heard) {
			h.Heard = s.Heard
		}
		h.Connected = s.Connected && (i == 0 || h.Connected)
	}
	return h
}

// staleNow are the resources that were read and are no longer heard of, each once.
func (m *Mirror) staleNow() []Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	var out []Health
	for _, f := range m.followers {
		n := len(out)
		for _, one := range append([]*follower{f}, f.parts...) {
			switch {
			case !one.state.stale(now, m.opt.Stale):
			case len(out) == n:
				out = append(out, one.state)
			case one.state.Heard.Before(out[n].Heard):
				out[n] = one.state
			}
		}
	}
	return out
}

// stale: what is known of the resource may be over.
func (h *Health) stale(now time.Time, after time.Duration) bool {
	return h.err != nil && !h.unread() && !h.Connected && now.Sub(h.since) >= after && !hasCode(h.err, http.StatusNotFound)
}
