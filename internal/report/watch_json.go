package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/portolan-net/portolan/internal/watch"
)

// watchDoc is one line: a document of kind WatchEvent.
type watchDoc struct {
	head
	Time     string             `json:"time"`
	Event    string             `json:"event"`
	Cluster  string             `json:"cluster"`
	Certain  bool               `json:"certain"`
	Service  string             `json:"service,omitempty"` // of a Service: its object
	Port     int                `json:"port,omitempty"`
	Protocol string             `json:"protocol,omitempty"`
	Changes  []diffItemJSON     `json:"changes,omitempty"`
	Link     *watchLinkJSON     `json:"connection,omitempty"`
	Question *watchQuestionJSON `json:"question,omitempty"`
	Folded   *watchFoldedJSON   `json:"folded,omitempty"`
	Causes   [][]watchCauseJSON `json:"causes"`
	More     bool               `json:"more"`
	Result   *resultJSON        `json:"expectation,omitempty"`
	Stale    []watchSourceJSON  `json:"stale"`
	Fresh    []string           `json:"fresh,omitempty"`
	Unread   []watchGapJSON     `json:"unread,omitempty"`
	Error    string             `json:"error,omitempty"`
	Summary  *watchSummaryJSON  `json:"summary,omitempty"`
}

type watchLinkJSON struct {
	From  diffEndJSON `json:"from"`
	To    diffEndJSON `json:"to"`
	Ports []string    `json:"ports"`
}

type watchQuestionJSON struct {
	From string `json:"from"`
	To   string `json:"to"`
	Was  string `json:"was"`
	Now  string `json:"now"`
}

type watchFoldedJSON struct {
	Services    int `json:"services"`
	Connections int `json:"connections"`
}

type watchCauseJSON struct {
	Object string   `json:"object"`
	How    string   `json:"how"`
	By     string   `json:"by"`
	Fields []string `json:"fields"`
}

type watchSourceJSON struct {
	Resource string `json:"resource"`
	Heard    string `json:"heard"`
	Why      string `json:"why"`
}

type watchGapJSON struct {
	Verb      string `json:"verb"`
	Resource  string `json:"resource"`
	Forbidden bool   `json:"forbidden"`
	Why       string `json:"why"`
	// Except are the namespaces in which it can be read.
	Except []string `json:"except,omitempty"`
}

type watchSummaryJSON struct {
	Nodes           int                 `json:"nodes"`
	Pods            int                 `json:"pods"`
	Services        int                 `json:"services"`
	NetworkPolicies int                 `json:"networkPolicies"`
	Everybody       int                 `json:"everybody"`
	Some            int                 `json:"some"`
	Nobody          int                 `json:"nobody"`
	Unknown         int                 `json:"unknown"`
	Fronts          []watchFrontJSON    `json:"fronts"`
	Answers         []watchQuestionJSON `json:"answers"`
	Expectations    int                 `json:"expectations"`
	Held            int                 `json:"held"`
}

type watchFrontJSON struct {
	Service  string            `json:"service"`
	Port     int               `json:"port"`
	Protocol string            `json:"protocol"`
	Front    string            `json:"front"`
	Address  string            `json:"address,omitempty"`
	Verdicts map[string]string `json:"verdicts"`
}

// WatchJSON writes an event as one line.
func WatchJSON(w io.Writer, e *watch.Event, cluster string) error {
	d := watchDoc{
		head: head{APIVersion, "WatchEvent"}, Time: stamp(e.At), Event: e.Kind.String(), Cluster: Clean(cluster), Certain: e.Sure,
		Causes: [][]watchCauseJSON{}, More: e.More, Stale: []watchSourceJSON{}, Summary: toWatchSummary(e.Summary),
	}
	switch {
	case e.Service != nil:
		these := *e.Service
		these.Items = e.Items
		s := toDiffService(&these)
		d.Service, d.Port, d.Protocol, d.Changes = s.Service, s.Port, s.Protocol, s.Changes
	case e.Connection != nil:
		c := e.Connection
		d.Link = &watchLinkJSON{toDiffEnd(&c.From), toDiffEnd(&c.To), stringsOf(c.Ports)}
	case e.Question != nil:
		d.Question = &watchQuestionJSON{Clean(e.Question.From), Clean(e.Question.To), e.Was.String(), e.Now.String()}
	case e.Folded != nil:
		d.Folded = &watchFoldedJSON{e.Folded.Services, e.Folded.Connections}
	}
	for _, set := range e.Causes {
		d.Causes = append(d.Causes, toWatchCauses(set))
	}
	if e.Result != nil {
		r := toResult(e.Result)
		d.Result = &r
	}
	for _, s := range e.Sources {
		if e.Kind == watch.Fresh {
			d.Fresh = append(d.Fresh, Clean(s.Resource))
			continue
		}
		d.Stale = append(d.Stale, watchSourceJSON{Clean(s.Resource), stamp(s.Heard), Clean(s.Why)})
	}
	for _, g := range e.Gaps {
		d.Unread = append(d.Unread, watchGapJSON{Clean(g.Verb), Clean(g.Resource), g.Forbidden, Clean(g.Why), g.Except})
	}
	if e.Err != nil {
		d.Error = Clean(e.Err.Error())
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(true)
	return enc.Encode(d)
}

// stamp is a moment in UTC, to the millisecond.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

func toWatchCauses(set []watch.Cause) []watchCauseJSON {
	out := make([]watchCauseJSON, 0, len(set))
	for i := range set {
		c := &set[i]
		out = append(out, watchCauseJSON{Clean(c.Object.String()), c.How.String(), Clean(c.By), cleanAll(c.Fields)})
	}
	return out
}

func toWatchSummary(s *watch.Summary) *watchSummaryJSON {
	if s == nil {
		return nil
	}
	j := &watchSummaryJSON{
		Nodes: s.Nodes, Pods: s.Pods, Services: s.Services, NetworkPolicies: s.Policies, Everybody: s.Everybody, Some: s.Some, Nobody: s.Nobody, Unknown: s.Unknown,
		Fronts: []watchFrontJSON{}, Answers: []watchQuestionJSON{}, Expectations: s.Expectations, Held: s.Held,
	}
	for i := range s.Fronts {
		f := &s.Fronts[i]
		one := watchFrontJSON{Service: Clean(f.Service.String()), Port: f.Port, Protocol: f.Protocol.String(), Front: f.Kind.String(), Verdicts: map[string]string{}}
		if f.Addr.IsValid() {
			one.Address = f.Addr.String()
		}
		for _, p := range f.Places {
			one.Verdicts[p.From.String()] = p.Verdict.String()
		}
		j.Fronts = append(j.Fronts, one)
	}
	for i := range s.Answers {
		a := &s.Answers[i]
		j.Answers = append(j.Answers, watchQuestionJSON{Clean(a.Question.From), Clean(a.Question.To), a.Verdict.String(), a.Verdict.String()})
	}
	return j
}
