package kube

import (
	"net/http"
	"slices"
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
	// Forbidden: who asks may not list it. Polled: may not watch it.
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
	h := &f.state
	was := h.Connected
	h.Heard = time.Now()
	if connected {
		if h.unread() {
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
	h := &f.state
	if h.Connected || h.since.IsZero() {
		h.since = time.Now()
	}
	unread := h.unread()
	h.Connected, h.Why, h.err = false, plain(err), err
	h.Forbidden = IsForbidden(err)
	if h.Forbidden || hasCode(err, http.StatusNotFound) {
		f.version = ""
		f.m.replace(f, store{}, nil)
	}
	if h.unread() != unread {
		f.m.dirty = true
	}
	f.m.rouse()
}

// unread: nothing is known of the resource, for it may not be listed, or never was.
func (h *Health) unread() bool { return h.err != nil && (h.Forbidden || h.Heard.IsZero()) }

func (f *follower) health() Health {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return f.state
}

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
		all[i] = f.state
		all[i].Objects = len(f.store.keys)
	}
	return all
}

// staleNow are the resources that were read and are no longer heard of.
func (m *Mirror) staleNow() []Health {
	now := time.Now()
	return slices.DeleteFunc(m.Health(), func(h Health) bool { return !h.stale(now, m.opt.Stale) })
}

// stale: what is known of the resource may be over.
func (h *Health) stale(now time.Time, after time.Duration) bool {
	return h.err != nil && !h.unread() && !h.Connected && now.Sub(h.since) >= after && !hasCode(h.err, http.StatusNotFound)
}
