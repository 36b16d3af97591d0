package report

import (
	"strings"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// services prints a line for each Service port, those of a namespace that fare
// alike as one where they are many; or each address in full.
func (p *Printer) services(v *MapView) {
	if len(v.Services) == 0 {
		return
	}
	if v.Exposure {
		for i := range v.Services {
			p.line("")
			p.serviceInFull(v, &v.Services[i])
		}
		return
	}
	p.line("")
	rows := [][]string{{p.t(phraseMapService), p.t(phraseMapOutside), p.t(phraseMapNodes), p.t(phraseMapPods)}}
	at, counts := map[string]int{}, []int{0}
	for i := range v.Services {
		s := &v.Services[i]
		row := []string{Clean(s.Title), p.sum(&s.Outside, true), p.sum(&s.Nodes, false), p.sum(&s.Pods, false)}
		key := strings.Join(append(row[1:4:4], s.Service.Namespace), "\x00")
		n, ok := at[key]
		if !ok || len(v.Services) <= mostServiceLines || v.All {
			n = len(rows)
			at[key], rows, counts = n, append(rows, row), append(counts, 0)
		}
		if counts[n]++; counts[n] > 1 {
			rows[n][0] = p.t(phraseMapServicesOf, counts[n], s.Service.Namespace)
		}
	}
	left := 0
	if len(rows) > mostMapLines+1 && !v.All {
		left = len(rows) - mostMapLines - 1
		rows = rows[:mostMapLines+1]
	}
	p.grid(rows)
	if left > 0 {
		p.para("  ", p.t(phraseMapRest, left))
	}
	p.para("  ", p.t(phraseMapMore))
}

// sum is how many get an answer, and what the others see.
func (p *Printer) sum(s *atlas.Sum, kind bool) string {
	if s.Of == 0 {
		return "-"
	}
	lead := ""
	if kind {
		lead = s.Kind.String() + " "
	}
	var seen []string
	for _, x := range s.Seen {
		seen = append(seen, x.String())
	}
	switch s.Verdict {
	case flow.Reachable:
		return lead + p.paint(green, "ok")
	case flow.NotReachable:
		return lead + p.paint(red, "x "+strings.Join(seen, "/"))
	case flow.Depends:
		return lead + p.paint(yellow, "~ "+p.t(phraseMapOf, s.Reached, s.Of))
	case flow.VerdictUnknown:
	}
	return lead + p.paint(yellow, "? "+p.t(phraseUnknown))
}

func (p *Printer) serviceInFull(v *MapView, s *atlas.Service) {
	w := p.Lang.MapWords()
	text := string(s.Service.Type)
	if t := s.Service.ExternalTrafficPolicy; t != "" && s.Outside.Of > 0 {
		text += " (" + string(t) + ")"
	}
	if len(s.Behind) > 0 {
		text += p.pause() + p.t(phraseMapBehind, s.Endpoints, w.AllOf(s.Behind, v.Columns, 4))
	} else {
		text += p.pause() + p.t(phraseMapBehind, s.Endpoints, "-")
	}
	p.line(p.paint(bold, Clean(s.Title)))
	p.para("  ", Clean(text))
	for i := range s.Fronts {
		f := &s.Fronts[i]
		p.line("  " + f.Kind.String() + " " + f.Address)
		p.parts(phraseMapOutside, f.Outside, p.clients)
		p.parts(phraseMapNodes, f.Nodes, func(x *atlas.Part) string { return p.nodes(v, x) })
		p.parts(phraseMapPods, f.Pods, func(x *atlas.Part) string { return p.askers(v, x) })
	}
}

// parts prints who fares alike, and how.
func (p *Printer) parts(head flow.Code, parts []atlas.Part, who func(*atlas.Part) string) {
	for i := range parts {
		lead := ""
		if i == 0 {
			lead = p.t(head)
		}
		x := &parts[i]
		if len(x.Via) < 2 {
			p.para("    "+pad(lead, 9), who(x)+"  "+p.answer(x))
			continue
		}
		for n := range x.Via {
			if n > 0 {
				lead = ""
			}
			p.para("    "+pad(lead, 9), who(x)+" "+p.t(phraseMapVia, p.some(x.Via[n].Nodes.Names(), 4))+"  "+p.answer(&x.Via[n]))
		}
	}
}

// answer is a verdict with what is seen and why.
func (p *Printer) answer(x *atlas.Part) string {
	var why []string
	for _, f := range x.Answer.Fates {
		if f != flow.Delivered {
			why = append(why, f.String())
		}
	}
	s := atlas.Sum{Verdict: x.Answer.Verdict, Seen: x.Answer.Seen, Reached: x.Answer.Delivered, Of: max(x.Answer.Legs, 1)}
	text := p.sum(&s, false)
	if len(why) > 0 {
		text += " (" + strings.Join(why, ", ") + ")"
	}
	return text
}

func (p *Printer) clients(x *atlas.Part) string {
	switch {
	case len(x.Clients) > 0:
		return p.some(x.Clients, 4)
	case len(x.Ranges) == 0 || widest(x.Ranges):
		return p.t(phraseMapAnywhere)
	}
	return rangesWords(p, x.Ranges)
}

// widest reports whether ranges begin and end where addresses do: all outside.
func widest(rs []policy.Range) bool {
	return rs[0].First.IsUnspecified() && !rs[len(rs)-1].Last.Next().IsValid()
}

func (p *Printer) nodes(v *MapView, x *atlas.Part) string {
	if x.Places == v.Size.Nodes && x.Places > 1 {
		return p.t(phraseMapAllNodes, x.Places)
	}
	return p.some(x.Nodes.Names(), 4)
}

func (p *Printer) askers(v *MapView, x *atlas.Part) string {
	text := ""
	switch {
	case x.Self:
		text = p.t(phraseMapSelf, x.Pods)
	default:
		names := p.some(x.Namespaces.First, 3)
		if x.Namespaces.Count > 3 {
			names = p.t(phraseMore, strings.Join(x.Namespaces.First[:3], ", "), x.Namespaces.Count-3)
		}
		if x.Namespaces.All && x.Namespaces.Count > 3 {
			names = p.t(phraseMapEvery, p.t(wordByNamespace))
		}
		text = p.t(phraseMapPodsOf, x.Pods, names)
	}
	if !x.AnyNode && x.Nodes.Len() > 0 && x.Nodes.Len() < v.Size.Nodes {
		text += " " + p.t(phraseMapOn, p.some(x.Nodes.Names(), 3))
	}
	return text
}

// world says what addresses that are no pod's may connect to: who no policy
// isolates, and what policies admit.
func (p *Printer) world(v *MapView) {
	w := p.Lang.MapWords()
	var lines []string
	var free []int
	type kind struct{ code, ports, ranges string }
	at := map[kind]int{}
	var kinds []kind
	var who [][]int
	put := func(code flow.Code, ports, ranges string, j int) {
		k := kind{string(code), ports, ranges}
		n, ok := at[k]
		if !ok {
			n = len(kinds)
			at[k], kinds, who = n, append(kinds, k), append(who, nil)
		}
		who[n] = append(who[n], j)
	}
	for j := range v.Columns {
		g := &v.Columns[j]
		e := &g.Exposure
		if !v.About(j) {
			continue
		}
		if g.Isolated[policy.Ingress] == 0 {
			free = append(free, j)
			continue
		}
		if len(e.Some) > 0 {
			mark := ""
			if len(e.All) == 0 {
				mark = "~ "
			}
			put(phraseMapAdmitted, mark+w.ports(e.Some), "", j)
		}
		if len(e.Limited) > 0 {
			put(phraseMapLimited, w.ports(e.Limited), rangesWords(p, e.Ranges), j)
		}
		if len(e.Perhaps) > 0 {
			put(phraseMapPerhaps, w.ports(e.Perhaps), "", j)
		}
	}
	if len(free) > 0 {
		lines = append(lines, p.t(phraseMapFree, w.AllOf(free, v.Columns, 6)))
	}
	for n, k := range kinds {
		lines = append(lines, p.t(flow.Code(k.code), w.AllOf(who[n], v.Columns, 6), k.ports, k.ranges))
	}
	if len(lines) == 0 {
		lines = append(lines, p.t(phraseMapNoWorld))
	}
	if most := mostMapLines; len(lines) > most && !v.All {
		rest := len(lines) - most
		lines = append(lines[:most], p.t(phraseMapRest, rest))
	}
	p.line("")
	p.line(p.t(phraseMapWorld))
	for _, l := range lines {
		p.para("  ", l)
	}
}
