package watch

import (
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/diff"
	"github.com/portolan-net/portolan/flow"
)

// Bounds of what one Step tells, one by one; the rest is counted.
const (
	mostServices    = 12
	mostConnections = 4
)

// compare says what the Step takes and gives.
func (w *Watch) compare(s *Step) ([]Event, error) {
	known := sameRights(w.chart.Model().Snapshot, s.Snapshot)
	r, next, err := diff.After(w.chart, s.Snapshot)
	if err != nil {
		return nil, err
	}
	w.chart, w.model = next, next.Model()
	w.someFronts(r)
	var out []Event
	var left [2]Folded // lost, gained
	count := func(e *Event) *Folded {
		if e.Kind == Lost {
			return &left[0]
		}
		return &left[1]
	}
	shown := 0
	for i := range r.Services {
		if !w.watched(&r.Services[i]) {
			continue
		}
		for _, items := range r.Services[i].ByCause() {
			e := w.lost(s, &items[0].Loss)
			e.Service, e.Items = &r.Services[i], items
			if shown++; shown > mostServices {
				count(&e).Services++
				continue
			}
			out = append(out, e)
		}
	}
	if w.opt.All {
		shown = 0
		for i := range r.Connections {
			c := &r.Connections[i]
			if c.Told {
				continue
			}
			e := w.lost(s, &c.Loss)
			e.Connection = c
			if shown++; shown > mostConnections {
				count(&e).Connections++
				continue
			}
			out = append(out, e)
		}
	}
	for i, k := range [2]Kind{Lost, Gained} {
		if left[i] != (Folded{}) {
			out = append(out, Event{Kind: k, Folded: &left[i], Sure: true})
		}
	}
	for i := range out {
		if !known { // nobody need have done it: it is no longer, or only now, seen
			out[i].Sure, out[i].Causes = false, nil
		}
	}
	return out, nil
}

// sameRights reports whether the same was read of both.
func sameRights(a, b *cluster.Snapshot) bool {
	unread := func(s *cluster.Snapshot) []cluster.Foreign {
		return slices.DeleteFunc(slices.Clone(s.Foreign), func(f cluster.Foreign) bool { return !f.Unread })
	}
	return slices.EqualFunc(a.Unread, b.Unread, func(x, y cluster.Unread) bool {
		return x.Kind == y.Kind && slices.Equal(x.Except, y.Except)
	}) && slices.EqualFunc(unread(a), unread(b), func(x, y cluster.Foreign) bool {
		return x.Object == y.Object && slices.Equal(x.Except, y.Except)
	})
}

// watched: the Service port is one of those that were asked for.
func (w *Watch) watched(s *diff.Service) bool {
	if w.opt.All {
		return true
	}
	return slices.ContainsFunc(w.targets, func(t target) bool { return t.is(s.Object, int(s.Port.Port)) })
}

func (t target) is(o flow.Object, port int) bool {
	return t.namespace == o.Namespace && t.name == o.Name && (t.port == 0 || t.port == port)
}

func (w *Watch) lost(s *Step, l *diff.Loss) Event {
	e := Event{Kind: Gained, Sure: l.Sure, More: l.More}
	if l.Lost {
		e.Kind = Lost
	}
	for _, set := range l.Causes {
		var causes []Cause
		for _, o := range set {
			causes = append(causes, w.cause(s, o.Object, howOf(o.How), o.Fields))
		}
		e.Causes = append(e.Causes, causes)
	}
	return e
}

func howOf(h diff.How) How {
	switch h {
	case diff.Added:
		return Created
	case diff.Removed:
		return Deleted
	case diff.Changed:
	}
	return Changed
}
