package kube

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/portolan-net/portolan/internal/manifest"
)

// mostNamespaces bounds how many namespaces are tried one by one; those that somebody
// named come first.
const mostNamespaces = 200

// refusals is how many lists of a namespace may be refused in a row, before one is
// granted, until nothing else is asked of it.
const refusals = 3

// label is what may be the name of a namespace (RFC 1123), and a word of a path.
var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// narrow reads namespace by namespace what may not be listed of all: who has rights
// in one sees what is in it.
func (r *reader) narrow(ctx context.Context, lists []*listing) {
	var closed []*listing
	for _, l := range lists {
		if IsForbidden(l.err) && (l.Namespaced || l.Kind.Kind == "Namespace") {
			closed = append(closed, l)
		}
	}
	if len(closed) == 0 {
		return
	}
	slices.SortStableFunc(closed, func(a, b *listing) int { return cmp.Compare(rank(a.Name), rank(b.Name)) })
	names := r.namespaces(lists)
	read := make([][]*listing, len(names)) // by namespace, then as in closed; nil: not read
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, ns := range names {
		slots <- struct{}{}
		all.Add(1)
		go func() {
			defer all.Done()
			read[i] = r.within(ctx, closed, ns)
			<-slots
		}()
	}
	all.Wait()
	for i, ns := range names {
		for j, l := range closed {
			if one := read[i][j]; one != nil {
				l.only = append(l.only, ns)
				l.parts = append(l.parts, one.parts...)
				l.bad = append(l.bad, one.bad...)
				l.moments = max(l.moments, one.moments)
			}
		}
	}
}

// namespaces are those to try: the ones that were named, then all that are known, by
// name.
func (r *reader) namespaces(lists []*listing) []string {
	var out []string
	add := func(names []string) {
		for _, n := range names {
			if label.MatchString(n) && !slices.Contains(out, n) && len(out) < mostNamespaces {
				out = append(out, n)
			}
		}
	}
	add(r.opt.Namespaces)
	var known []string
	for _, l := range lists {
		for _, p := range l.parts {
			for _, o := range p.Objects() {
				if l.Kind.Kind == "Namespace" {
					known = append(known, o.Name)
				}
			}
		}
	}
	slices.Sort(known)
	add(known)
	slices.Sort(out)
	return out
}

// within reads the lists of one namespace, as far as they may be.
func (r *reader) within(ctx context.Context, lists []*listing, ns string) []*listing {
	out := make([]*listing, len(lists))
	granted, refused := false, 0
	for i, l := range lists {
		if !granted && refused == refusals {
			break
		}
		one := &listing{Resource: l.Resource, in: ns}
		if l.Kind.Kind == "Namespace" {
			r.namespace(ctx, one)
		} else {
			r.read(ctx, one)
		}
		if one.err == nil {
			granted = true
			out[i] = one
		} else {
			refused++
		}
	}
	return out
}

// namespace reads the object of one namespace, for its labels.
func (r *reader) namespace(ctx context.Context, l *listing) {
	data, err := r.c.Get(ctx, fmt.Sprintf("/api/v1/namespaces/%s", l.in), nil, "")
	if l.err = err; err != nil {
		return
	}
	p, err := manifest.ReadPart("", data, manifest.Options{Limits: r.opt.Limits})
	if l.err = err; err == nil {
		l.parts = []*manifest.Part{p}
	}
}
