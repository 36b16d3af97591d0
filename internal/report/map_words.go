package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
)

// MapWords are what pictures of a Map say, in one language: the words of the
// text, so that both say the same.
type MapWords struct{ lang Lang }

// MapWords are those of the language.
func (l Lang) MapWords() MapWords { return MapWords{l} }

// Title is the headline of a picture.
func (w MapWords) Title() string { return w.lang.t(phraseMapTitle) }

// kindsOf are what groups of a list are.
func (w MapWords) kindsOf(list []atlas.Group) []string {
	codes := map[atlas.Sort]flow.Code{
		atlas.Namespace: wordByNamespace, atlas.Workload: wordByWorkload, atlas.BarePods: wordByWorkload, atlas.Class: wordByClass,
	}
	var words []string
	for i := range list {
		if c := codes[list[i].Sort]; c != "" {
			words = insert(words, w.lang.t(c))
		}
	}
	return words
}

// kindOf is what the groups of a list are, if they are all of one kind.
func (w MapWords) kindOf(list []atlas.Group) string {
	if kinds := w.kindsOf(list); len(kinds) == 1 {
		return kinds[0]
	}
	return w.lang.t(wordByGroup)
}

// Grouping says what the pods of a Map are put together by, on either side.
func (w MapWords) Grouping(m *atlas.Map) string {
	words := w.kindsOf(m.Rows)
	for _, k := range w.kindsOf(m.Columns) {
		words = insert(words, k)
	}
	if len(words) == 0 {
		return w.Fold(m.By)
	}
	return strings.Join(words, ", ")
}

// Size says how much a Map shows.
func (w MapWords) Size(m *atlas.Map) string {
	return w.lang.t(phraseMapSize, m.Size.Workloads, m.Size.Namespaces, m.Size.Pods) + w.semicolon() + w.lang.t(phraseMapBy, w.Grouping(m))
}

// Fold is what pods are put together by.
func (w MapWords) Fold(f atlas.Fold) string {
	switch f {
	case atlas.ByNamespace:
		return w.lang.t(wordByNamespace)
	case atlas.ByClass:
		return w.lang.t(wordByClass)
	case atlas.BySize, atlas.ByWorkload:
	}
	return w.lang.t(wordByWorkload)
}

// By says what pods are put together by.
func (w MapWords) By(f atlas.Fold) string { return w.lang.t(phraseMapBy, w.Fold(f)) }

// Level says what a shade of a cell means.
func (w MapWords) Level(l atlas.Level) string {
	switch l {
	case atlas.LevelAll:
		return w.lang.t(phraseMapFull)
	case atlas.LevelPart:
		return w.lang.t(phraseMapPart)
	case atlas.LevelUnsure:
		return w.lang.t(phraseMapDoubt)
	case atlas.LevelNone:
	}
	return w.lang.t(phraseMapNone)
}

// Point is the name of a vertex.
func (w MapWords) Point(v *atlas.Vertex) string {
	switch v.Point {
	case atlas.Outside:
		return w.lang.t(wordMapOutside)
	case atlas.Nodes:
		return w.lang.t(wordMapNodes)
	case atlas.SomeServices:
		return w.lang.t(phraseMapServicesOf, v.Count, v.Name)
	case atlas.Everybody:
		return w.lang.t(phraseMapEveryone)
	case atlas.OnePlace, atlas.OneService, atlas.Sender, atlas.Receiver, atlas.Joint:
	}
	return Clean(v.Name)
}

// Layer is the headline of a layer of a graph.
func (w MapWords) Layer(n int) string {
	return w.lang.t([]flow.Code{wordMapOutside, wordMapServices, phraseMapSends, phraseMapReceives}[n])
}

// Badge says what the mark of a group means.
func (w MapWords) Badge() string { return w.lang.t(phraseMapBadge) }

// NotAsked says what a cell means that no line has.
func (w MapWords) NotAsked() string { return w.lang.t(phraseMapNotAsked) }

// Axes says which way a matrix is read.
func (w MapWords) Axes() string { return w.lang.t(phraseMapAxes) }

// Filter stands in the box that filters.
func (w MapWords) Filter() string { return w.lang.t(phraseMapFilter) }

// Matrix is the headline of the matrix.
func (w MapWords) Matrix() string { return w.lang.t(phraseMapMatrix) }

// Graph is the headline of the graph.
func (w MapWords) Graph() string { return w.lang.t(phraseMapGraph) }

// Hover says how to get details.
func (w MapWords) Hover() string { return w.lang.t(phraseMapHover) }

// NoGraph says why there is none.
func (w MapWords) NoGraph() string { return w.lang.t(phraseMapNoGraph) }

// Endpoints says what a Service's own edges mean.
func (w MapWords) Endpoints() string { return w.lang.t(phraseMapEndpoint) }

// Ports says which ports of a line are open: those from all to all alone, behind
// "~" those from some or to some, behind "?" those that are not known; and how many
// more are closed.
func (w MapWords) Ports(l *reach.Line) string {
	words := w.open(l)
	switch n := l.Asked.Minus(l.Some.Union(l.Perhaps)).Count(); {
	case n > 1000:
		words = append(words, w.lang.t(phraseMapOthersClosed))
	case n > 0:
		words = append(words, w.lang.t(phraseMapManyClosed, n))
	}
	return strings.Join(words, w.semicolon())
}

// PortsInFull names those that are closed, too, behind "x".
func (w MapWords) PortsInFull(l *reach.Line) string {
	words := w.open(l)
	if closed := l.Asked.Minus(l.Some.Union(l.Perhaps)); len(closed) > 0 {
		words = append([]string{"x " + w.ports(closed)}, words...)
	}
	return strings.Join(words, w.semicolon())
}

func (w MapWords) open(l *reach.Line) []string {
	var words []string
	for _, p := range []struct {
		mark  string
		ports reach.Ports
	}{
		{"", l.All},
		{"~ ", l.Some.Minus(l.All)},
		{"? ", l.Perhaps.Minus(l.Some)},
	} {
		if len(p.ports) > 0 {
			words = append(words, p.mark+w.ports(p.ports))
		}
	}
	return words
}

// mostRanges bounds the runs of ports that are printed.
const mostRanges = 6

func (w MapWords) ports(p reach.Ports) string {
	switch {
	case p.IsAll():
		return w.lang.t(phraseMapAllPorts)
	case len(p) > mostRanges:
		return p[:mostRanges-1].String() + " +" + strconv.Itoa(len(p)-mostRanges+1)
	}
	return p.String()
}

// AllOf names groups by their places in a list: every one, all but few, all of a
// namespace, or the first of them.
func (w MapWords) AllOf(places []int, list []atlas.Group, most int) string {
	ofOne := len(list) > 0 && list[0].Namespace == list[len(list)-1].Namespace
	if len(places) == len(list) && len(list) > 1 && !ofOne {
		return w.lang.t(phraseMapEvery, w.kindOf(list))
	}
	if rest := len(list) - len(places); rest > 0 && rest <= 2 && len(places) > 3 {
		var but []string
		for i := range list {
			if _, in := slices.BinarySearch(places, i); !in {
				but = append(but, list[i].Name)
			}
		}
		return w.lang.t(phraseMapAllBut, strings.Join(but, ", "))
	}
	p := Printer{Lang: w.lang}
	return p.some(w.namesOf(places, list), most)
}

// namesOf are the groups' names, and one for all of a namespace.
func (w MapWords) namesOf(places []int, list []atlas.Group) []string {
	total, in, said := map[string]int{}, map[string]int{}, map[string]bool{}
	for i := range list {
		total[list[i].Namespace]++
	}
	for _, i := range places {
		in[list[i].Namespace]++
	}
	var names []string
	for _, i := range places {
		ns := list[i].Namespace
		switch {
		case total[ns] < 3 || in[ns] < total[ns]:
			names = append(names, Clean(list[i].Name))
		case !said[ns]:
			said[ns] = true
			names = append(names, w.lang.t(phraseMapAllOf, ns, total[ns]))
		}
	}
	return names
}

// ranges are the first of some addresses.
func rangesWords(p *Printer, rs []policy.Range) string {
	return p.some(stringsOf(rs), 3)
}

// EdgePorts says which ports an edge of a graph stands for.
func (w MapWords) EdgePorts(e *atlas.Edge) string {
	l := reach.Line{Some: e.Ports, Perhaps: e.Perhaps, Asked: e.Ports.Union(e.Perhaps)}
	if e.Level == atlas.LevelAll {
		l.All = e.Ports
	}
	return w.Ports(&l)
}

// Lang is the language's tag.
func (w MapWords) Lang() string {
	if w.lang == Chinese {
		return "zh"
	}
	return "en"
}

// notes say which ports count, and what is in no group.
func (w MapWords) notes(m *atlas.Map) []string {
	notes := []string{w.lang.t(map[atlas.Counting]flow.Code{
		atlas.Declared: phraseMapDeclared, atlas.Answered: phraseMapAnswered, atlas.Open: phraseMapOpen,
	}[m.Options.Ports])}
	if m.Place() != nil {
		notes = append(notes, w.lang.t(phraseMapPlace))
	}
	if len(m.Options.Imagined) > 0 {
		notes = append(notes, w.lang.t(phraseMapImagined), w.lang.t(phraseMapInvented))
	}
	if m.Size.HostPods > 0 {
		notes = append(notes, w.lang.t(phraseMapHostPods, m.Size.HostPods))
	}
	if len(m.Foreign) > 0 {
		var kinds []string
		for _, f := range m.Foreign {
			kinds = append(kinds, strconv.Itoa(f.Count)+" "+f.Kind)
		}
		notes = append(notes, w.lang.t(phraseMapForeign, strings.Join(kinds, ", ")))
	}
	return notes
}

// Notes are the notes of a Map and what it assumes.
func (w MapWords) Notes(m *atlas.Map) []string {
	out := w.notes(m)
	for _, r := range m.Assumptions {
		out = append(out, w.lang.Say(r))
	}
	return out
}

func (w MapWords) semicolon() string {
	if w.lang == Chinese {
		return "；"
	}
	return "; "
}
