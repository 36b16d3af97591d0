package report

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portolan-net/portolan/diff"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/watch"
)

// clock is how a moment is written in a line.
const clock = "15:04:05"

// Watch prints an event as one line. cluster is the name of what is watched.
func (p *Printer) Watch(e *watch.Event, cluster string) error {
	text := (&differ{p, false}).event(e, cluster)
	if len(e.Sources) > 0 && e.Kind != watch.Stale && e.Kind != watch.Fresh {
		text = p.t(phraseWatchTooOld, text, p.sources(e.Sources), oldest(e.Sources))
	}
	p.line(e.At.Local().Format(clock) + " " + strings.Join(strings.Fields(text), " "))
	return p.Err()
}

// WatchLine is an event in one line, without the time: for what others print.
func WatchLine(e *watch.Event, cluster string) string {
	p := NewPrinter(nil)
	return strings.Join(strings.Fields((&differ{p, false}).event(e, cluster)), " ")
}

func (d *differ) event(e *watch.Event, cluster string) string {
	switch e.Kind {
	case watch.Began:
		return d.t(phraseWatchWatching, Clean(cluster), d.began(e))
	case watch.Lost, watch.Gained:
		return d.change(e)
	case watch.Violated:
		return d.paint(red, d.t(phraseWatchViolated)) + " " + d.blamed(e, d.expectation(e))
	case watch.Restored:
		return d.paint(green, d.t(phraseWatchRestored)) + " " + d.blamed(e, d.expectation(e))
	case watch.Stale:
		return d.t(phraseWatchStale, d.sources(e.Sources), oldest(e.Sources), Clean(e.Sources[0].Why))
	case watch.Fresh:
		return d.t(phraseWatchFresh, d.sources(e.Sources))
	case watch.Unread:
		if len(e.Gaps) == 0 {
			return d.t(phraseWatchRead)
		}
		return d.t(phraseWatchUnread, d.gaps(e.Gaps))
	case watch.Trouble:
		return d.t(phraseWatchTrouble, Clean(e.Err.Error()))
	}
	return Clean(e.Kind.String())
}

// began is what is watched and how it answers.
func (d *differ) began(e *watch.Event) string {
	s := e.Summary
	var parts []string
	for i := range s.Answers {
		q := &s.Answers[i].Question
		parts = append(parts, d.t(phraseWatchAnswer, Clean(q.From), Clean(q.To), d.verdict(s.Answers[i].Verdict)))
	}
	const fewFronts = 4
	for i := range s.Fronts {
		if i == fewFronts {
			parts = append(parts, d.t(phraseMore, "", len(s.Fronts)-fewFronts))
			break
		}
		f := &s.Fronts[i]
		var places []string
		for _, at := range f.Places {
			places = append(places, d.t(phraseWatchPlace, d.place(at.From), d.verdict(at.Verdict)))
		}
		name := "svc/" + f.Service.Namespace + "/" + f.Service.Name + ":" + strconv.Itoa(f.Port)
		parts = append(parts, d.t(phraseWatchFront, Clean(name), f.Kind, strings.Join(places, d.comma())))
	}
	if len(parts) == 0 {
		parts = append(parts, d.t(phraseWatchAll, s.Services, s.Pods, s.Policies, s.Nodes))
		if n := s.Everybody + s.Some + s.Nobody + s.Unknown; n > 0 {
			parts = append(parts, d.t(phraseWatchPorts, s.Everybody, s.Some, s.Nobody))
		}
		if s.Unknown > 0 {
			parts = append(parts, d.t(phraseWatchUnknown, s.Unknown))
		}
	}
	if s.Expectations > 0 {
		parts = append(parts, d.t(phraseWatchHeld, s.Held, s.Expectations))
	}
	if len(e.Gaps) > 0 {
		parts = append(parts, d.t(phraseWatchMissing, d.gaps(e.Gaps)))
	}
	return strings.Join(parts, "; ")
}

func (d *differ) place(k diff.Kind) string {
	switch k {
	case diff.Nodes:
		return d.t(phraseWatchNodes)
	case diff.Pods:
		return d.t(phraseWatchPods)
	case diff.Outside:
	}
	return "external"
}

// change is what was lost or gained, by what.
func (d *differ) change(e *watch.Event) string {
	word := d.paint(red, d.t(phraseWatchLost))
	if e.Kind == watch.Gained {
		word = d.paint(green, d.t(phraseWatchGained))
	}
	var edge string
	switch {
	case e.Folded != nil:
		return word + " " + d.t(phraseWatchFolded, e.Folded.Services, e.Folded.Connections)
	case e.Question != nil:
		edge = d.t(phraseWatchVerdicts, d.t(phraseWatchEdge, Clean(e.Question.From), Clean(e.Question.To)), e.Was, e.Now)
		if e.Err != nil {
			edge = d.t(phraseWatchGone, edge, Clean(e.Err.Error()))
		}
	case e.Connection != nil:
		edge = d.link(e.Connection)
	default:
		edge = d.t(phraseWatchEdge, d.whoAsks(e.Items), servicePort(e.Service))
	}
	if !e.Sure {
		edge = d.t(phraseWatchPerhaps, edge)
	}
	return word + " " + d.blamed(e, edge)
}

// whoAsks are the clients of items that stand together, pods under few names.
func (d *differ) whoAsks(items []diff.Item) string {
	alike := sameFronts(items)
	var parts, pods []string
	add := func(s string) {
		if !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	for i := range items {
		it := &items[i]
		switch {
		case it.Kind == diff.Pods && !it.Moved:
			for j := range it.Groups {
				if s := d.group(&it.Groups[j]); !slices.Contains(pods, s) {
					pods = append(pods, s)
				}
			}
			continue
		case it.Kind != diff.Outside || it.Moved:
			add(d.who(it, false))
			continue
		}
		one := "external"
		if !it.Who.All && len(it.Clients) > 0 || !it.Who.All && !wholeRanges(it) {
			one = d.t(phraseWatchExternal, d.few(append(slices.Clone(it.Clients), ranges(it.Ranges)...)))
		}
		if len(it.Nodes) > 0 {
			one = d.t(phraseWatchVia, one, d.few(it.Nodes))
		}
		add(one)
	}
	if len(pods) > 0 {
		const fewPods = 2
		add(d.some(pods, fewPods))
	}
	s := strings.Join(parts, d.comma())
	if alike && !items[0].All && !items[0].Moved {
		s = d.t(phraseDiffFronts, s, kinds(&items[0]))
	}
	return s
}

func wholeRanges(it *diff.Item) bool {
	return len(it.Ranges) > 0 && it.Ranges[0].First.IsUnspecified()
}

// blamed is a text with who did it.
func (d *differ) blamed(e *watch.Event, text string) string {
	if len(e.Causes) == 0 {
		return d.t(phraseWatchNobody, text)
	}
	sets := make([]string, len(e.Causes))
	for i, set := range e.Causes {
		for j := range set {
			c := d.caused(&set[j])
			if j == 0 {
				sets[i] = c
			} else {
				sets[i] = d.t(phraseWatchAnd, sets[i], c)
			}
		}
	}
	by := sets[0]
	for _, s := range sets[1:] {
		by = d.t(phraseWatchOr, by, s)
	}
	if e.More {
		by = d.t(phraseWatchMore, by)
	}
	return d.t(phraseWatchBy, text, by)
}

// caused is "NetworkPolicy test/deny created by helm".
func (d *differ) caused(c *watch.Cause) string {
	name := named(c.Object)
	if len(c.Fields) > 0 && c.How == watch.Changed {
		name += " (" + Clean(strings.Join(c.Fields, ", ")) + ")"
	}
	code := phraseWatchChanged
	switch c.How {
	case watch.Created:
		code = phraseWatchCreated
	case watch.Deleted:
		code = phraseWatchDeleted
	case watch.Changed:
	}
	s := d.t(code, name)
	if c.By != "" && c.How != watch.Deleted {
		s = d.t(phraseWatchWho, s, Clean(c.By))
	}
	return s
}

// named is "NetworkPolicy test/deny".
func named(o flow.Object) string {
	if o.Namespace == "" {
		return Clean(o.Kind + " " + o.Name)
	}
	return Clean(o.Kind + " " + o.Namespace + "/" + o.Name)
}

func (d *differ) expectation(e *watch.Event) string {
	r := e.Result
	q := d.t(phraseWatchEdge, Clean(r.Expectation.From), Clean(r.Expectation.To))
	if r.Expectation.Via != "" {
		q = d.t(phraseWatchVia, q, Clean(r.Expectation.Via))
	}
	set := Clean(r.Expectation.Set)
	switch {
	case e.Kind == watch.Restored:
		return d.t(phraseWatchHolds, q, set)
	case r.Err != nil:
		return d.t(phraseWatchGone, d.t(phraseWatchHolds, q, set), Clean(r.Err.Error()))
	}
	if len(r.Differs) == 0 {
		return d.t(phraseWatchHolds, q, set)
	}
	expected, got := d.differing(r, r.Differs[0])
	return d.t(phraseWatchExpects, q, set, r.Differs[0], expected, got)
}

func (p *Printer) sources(all []watch.Source) string {
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Resource
	}
	return p.some(names, mostNames)
}

func oldest(all []watch.Source) string {
	var t time.Time
	for i := range all {
		if t.IsZero() || all[i].Heard.Before(t) {
			t = all[i].Heard
		}
	}
	return t.Local().Format(clock)
}

func (p *Printer) gaps(all []watch.Gap) string {
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Verb + " " + all[i].Resource
		if len(all[i].Except) > 0 {
			names[i] += " -A" // some namespaces can be
		}
	}
	return p.some(names, mostNames)
}
