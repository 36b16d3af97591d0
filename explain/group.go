package explain

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
)

// Group is traces that differ only in which machine stands at a place: the same
// decisions for the same reasons. 300 nodes that fare alike are one Group.
type Group struct {
	Traces []*path.Walked // never empty; the first one is shown
	Count  int            // how many paths they stand for
	// Starts, Firsts, Sources and Endpoints are what differs, each sorted.
	Starts    []string
	Firsts    []string
	Sources   []string
	Endpoints []string
}

// Shown is the trace that stands for the group.
func (g *Group) Shown() *path.Walked { return g.Traces[0] }

// Groups folds the traces of an answer, in the order of their first trace,
// those that fail first.
func Groups(a *path.Answer) []*Group {
	byShape := map[string]*Group{}
	var groups []*Group
	for i := range a.Traces {
		t := &a.Traces[i]
		k := shape(t)
		g := byShape[k]
		if g == nil {
			g = &Group{}
			byShape[k] = g
			groups = append(groups, g)
		}
		g.add(t)
	}
	for _, g := range groups {
		for _, list := range []*[]string{&g.Starts, &g.Firsts, &g.Sources, &g.Endpoints} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
	}
	slices.SortStableFunc(groups, func(a, b *Group) int {
		return order(a.Shown().Fate) - order(b.Shown().Fate)
	})
	return groups
}

func order(f flow.Fate) int {
	if f == flow.Delivered {
		return 1
	}
	return 0
}

func (g *Group) add(t *path.Walked) {
	g.Traces = append(g.Traces, t)
	g.Count += t.Count
	g.Starts = append(g.Starts, t.From)
	g.Firsts = append(g.Firsts, t.Firsts()...)
	for _, a := range t.Sources() {
		g.Sources = append(g.Sources, a.String())
	}
	for _, e := range t.Endpoints {
		g.Endpoints = append(g.Endpoints, e.String())
	}
}

// shape is what two traces must share to be told as one: the decisions in their
// order, the objects behind them, the fate.
func shape(t *path.Walked) string {
	var b strings.Builder
	b.WriteString(t.Fate.String() + t.Seen.String())
	for _, h := range t.Hops {
		b.WriteByte('|')
		b.WriteString(h.Machine.Kind.String())
		for _, s := range h.Steps {
			b.WriteByte(';')
			b.WriteString(s.Hook.String() + s.Action.String() + string(s.Reason.Code))
			for _, o := range s.Origins {
				b.WriteString(o.Object.String())
			}
		}
	}
	return b.String()
}
