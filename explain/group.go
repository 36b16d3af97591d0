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
	g.Starts = append(g.Starts, t.From)
	if t.First != "" {
		g.Firsts = append(g.Firsts, t.First)
	}
	if t.Source.IsValid() {
		g.Sources = append(g.Sources, t.Source.String())
	}
	if e := t.Endpoint.String(); e != "" {
		g.Endpoints = append(g.Endpoints, e)
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
