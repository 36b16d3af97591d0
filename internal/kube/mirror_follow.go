package kube

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/portolan-net/portolan/internal/manifest"
)

// follower keeps one resource current, of the whole cluster or of one namespace.
type follower struct {
	Resource
	in       string // the namespace, "" for all
	m        *Mirror
	cancel   context.CancelFunc
	slots    chan struct{} // bounds how many lists are read side by side at the start
	answered chan struct{} // closed when the first list was read, or could not be
	once     sync.Once
	version  string // resourceVersion to go on from, "" for a list

	// The Mirror's lock guards these.
	store store
	bad   map[string]Unread // objects that could not be understood
	state Health
	parts []*follower // of namespaces, by name, where it may not be listed as a whole
	gone  bool        // nothing of it counts any more
}

// run follows the resource until ctx ends.
func (f *follower) run(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		err := f.round(ctx)
		f.once.Do(func() { close(f.answered) })
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			failures = 0
			continue
		}
		if IsForbidden(err) {
			f.narrow(ctx) // first, so that nothing is forgotten that may still be read
		}
		f.lost(err)
		failures++
		if pause(ctx, max(f.wait(failures, err), retryAfter(err))) != nil {
			return
		}
	}
}

// wait is the pause behind a failure, with jitter, so that not all come at once.
func (f *follower) wait(failures int, err error) time.Duration {
	const most = 40
	d := f.m.opt.Retry * time.Duration(min(1<<min(failures-1, 10), most))
	if hasCode(err, http.StatusForbidden, http.StatusNotFound) {
		d = f.m.opt.Poll
	}
	return d/2 + rand.N(d/2+1) //nolint:gosec // jitter is no secret
}

// round lists where that is needed, and watches to the end of one watch.
func (f *follower) round(ctx context.Context) error {
	if f.in != "" && !f.Namespaced {
		return f.single(ctx)
	}
	if f.version == "" {
		if err := f.list(ctx); err != nil {
			return err
		}
		f.once.Do(func() { close(f.answered) })
	}
	err := f.watch(ctx)
	switch {
	case hasCode(err, http.StatusGone):
		f.version = ""
		f.m.count(f, func(h *Health) { h.Relists++ })
		return nil
	case hasCode(err, http.StatusForbidden, http.StatusMethodNotAllowed):
		f.version = ""
		polled := false
		f.m.count(f, func(h *Health) { polled, h.Polled = h.Polled, true })
		if !polled {
			return nil // whether it may be listed shows at once
		}
		return pause(ctx, f.m.opt.Poll)
	case errors.Is(err, errSilent):
		return nil // whether somebody is there shows at once
	}
	return err
}

// list reads the whole list and takes over what differs.
func (f *follower) list(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case f.slots <- struct{}{}:
	}
	defer func() { <-f.slots }()
	r := &reader{c: f.m.c, opt: f.m.opt.Options}
	l := &listing{Resource: f.Resource}
	version, read := "", 0
	each := func(ch Chunk) error {
		part, bad, err := r.part(l, ch.Data)
		if err != nil {
			return err
		}
		for _, p := range part {
			read += len(p.Objects())
		}
		l.parts, l.bad, version = append(l.parts, part...), append(l.bad, bad...), ch.Meta.ResourceVersion
		f.m.progress(f, read, read+ch.Meta.RemainingItemCount)
		return nil
	}
	begin := func() { l.parts, l.bad, read = nil, nil, 0 }
	moments, err := f.m.c.list(ctx, f.path(), begin, each)
	if err == nil && moments > 1 {
		// Nothing can be watched from the moment of the first chunk: it is gone.
		begin()
		err = f.whole(ctx, each)
	}
	if err != nil {
		return err
	}
	bad := map[string]Unread{}
	for _, u := range l.bad {
		bad[keyOf(u.Object)] = u
	}
	f.take(storeOf(l.parts), bad)
	f.version = version
	return nil
}

// whole reads a list in one answer.
func (f *follower) whole(ctx context.Context, each func(Chunk) error) error {
	data, err := f.m.c.Get(ctx, f.path(), nil, "")
	if err != nil {
		return err
	}
	meta, err := listMeta(data)
	if err != nil {
		return err
	}
	return each(Chunk{Data: data, Meta: meta})
}

// watch reads one watch to its end.
func (f *follower) watch(ctx context.Context) error {
	const shortest = 240
	q := url.Values{
		"watch": {"1"}, "allowWatchBookmarks": {"true"}, "resourceVersion": {f.version},
		"timeoutSeconds": {strconv.Itoa(shortest + rand.IntN(shortest))}, //nolint:gosec // so that not all end at once
	}
	err := f.m.c.stream(ctx, f.path(), q, f.m.opt.Idle, func() { f.opened() }, f.event)
	if err == nil {
		f.m.count(f, func(h *Health) { h.Watches++ })
	}
	return err
}

// event takes over one event.
func (f *follower) event(e *event) error {
	if e.Type == "ERROR" {
		return failure(e.Object)
	}
	var o struct {
		Metadata struct{ ResourceVersion string }
	}
	if err := json.Unmarshal(e.Object, &o); err != nil {
		return err
	}
	if o.Metadata.ResourceVersion == "" {
		return errors.New("an event without a resourceVersion")
	}
	if e.Type != "BOOKMARK" {
		f.object(e)
	}
	f.version = o.Metadata.ResourceVersion
	f.heard(false)
	return nil
}

// object takes over one object. One that is not understood is noted and absent.
func (f *follower) object(e *event) {
	name := nameOf(f.Kind.Kind, e.Object)
	p, err := manifest.ReadPart("", e.Object, manifest.Options{Limits: f.m.opt.Limits})
	if err == nil && len(p.Objects()) > 0 {
		name = p.Objects()[0]
	}
	key := keyOf(name)
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if f.gone {
		return
	}
	_, was := f.bad[key]
	odd := err != nil && e.Type != "DELETED"
	if was || odd {
		f.m.dirty = true
		f.m.rouse()
		delete(f.bad, key)
	}
	switch {
	case odd:
		f.bad[key] = Unread{Verb: "list", Resource: f.String(), Why: err.Error(), Kind: f.Kind, Object: name}
		f.m.put(&f.store, key, nil)
	case e.Type == "DELETED":
		f.m.put(&f.store, key, nil)
	default:
		f.m.put(&f.store, key, p)
	}
	if f.Kind.Kind == "CustomResourceDefinition" || f.Kind.Kind == "APIService" {
		select {
		case f.m.look <- struct{}{}:
		default:
		}
	}
}
