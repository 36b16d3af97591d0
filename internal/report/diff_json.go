package report

import (
	"io"

	"github.com/portolan-net/portolan/diff"
	"github.com/portolan-net/portolan/reach"
)

type diffDoc struct {
	head
	Objects     []diffObjectJSON  `json:"objects"`
	Services    []diffServiceJSON `json:"services"`
	Connections []diffLinkJSON    `json:"connections"`
	Gone        []diffGroupJSON   `json:"gone"`
	Come        []diffGroupJSON   `json:"come"`
	Unaffected  int               `json:"unaffected"`
	Unaddressed int               `json:"unaddressed,omitempty"`
	Focus       *diffFocusJSON    `json:"focus,omitempty"`
	Unread      []string          `json:"unread,omitempty"` // kinds that could not be read, with the right
}

// diffFocusJSON is what was asked for, and how many changes are outside it.
type diffFocusJSON struct {
	From      string `json:"from,omitempty"`
	To        string `json:"to,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Outside   int    `json:"outside"`
}

func toDiffFocus(r *diff.Report) *diffFocusJSON {
	if r.Focus.All() {
		return nil
	}
	j := &diffFocusJSON{Outside: r.Beyond}
	if r.Focus.From != nil {
		j.From = Clean(r.Focus.From.Text)
	}
	if r.Focus.To != nil {
		j.To = Clean(r.Focus.To.Text)
	}
	if r.Focus.From == nil && r.Focus.To == nil {
		j.Namespace = Clean(r.Focus.Namespace)
	}
	return j
}

type diffObjectJSON struct {
	Object string   `json:"object"`
	How    string   `json:"how"`
	Fields []string `json:"fields"`
	File   string   `json:"file,omitempty"`
	Line   int      `json:"line,omitempty"`
}

// diffLossJSON is what every loss and gain has.
type diffLossJSON struct {
	Change      string             `json:"change"` // lost or gained
	Certain     bool               `json:"certain"`
	Causes      [][]diffObjectJSON `json:"causes"`
	More        bool               `json:"more"`
	Fingerprint string             `json:"fingerprint"`
	Ask         *diffAskJSON       `json:"ask,omitempty"`
}

type diffAskJSON struct {
	From string `json:"from"`
	Via  string `json:"via"`
	To   string `json:"to"`
}

type diffServiceJSON struct {
	Service   string         `json:"service"`
	Port      int            `json:"port"`
	Protocol  string         `json:"protocol"`
	Addresses []string       `json:"addresses"`
	File      string         `json:"file,omitempty"`
	Line      int            `json:"line,omitempty"`
	Changes   []diffItemJSON `json:"changes"`
	Kept      []diffWhoJSON  `json:"kept"`
	Beside    []string       `json:"beside"`
	Taken     []reasonJSON   `json:"taken"`
}

type diffItemJSON struct {
	diffLossJSON
	From   diffWhoJSON    `json:"from"`
	Fronts []string       `json:"fronts"`
	Family string         `json:"family,omitempty"`
	Was    diffAnswerJSON `json:"was"`
	Now    diffAnswerJSON `json:"now"`
	Moved  *diffMovedJSON `json:"moved,omitempty"`
}

type diffMovedJSON struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type diffAnswerJSON struct {
	Verdict   string   `json:"verdict"`
	Fates     []string `json:"fates"`
	Seen      []string `json:"seen"`
	Delivered int      `json:"delivered"`
	Ways      int      `json:"ways"`
}

type diffWhoJSON struct {
	Kind    string          `json:"kind"`
	All     bool            `json:"all"`
	Clients []string        `json:"clients"`
	Ranges  []string        `json:"ranges"`
	Nodes   []string        `json:"nodes"`
	Of      int             `json:"of"`
	Pods    []diffGroupJSON `json:"pods"`
}

type diffGroupJSON struct {
	Everybody bool   `json:"everybody,omitempty"`
	Namespace string `json:"namespace"`
	Object    string `json:"object,omitempty"`
	Pods      int    `json:"pods"`
}

type diffLinkJSON struct {
	diffLossJSON
	From  diffEndJSON `json:"from"`
	To    diffEndJSON `json:"to"`
	Ports []string    `json:"ports"`
	// Told: a Service of the document leads there, with the same causes.
	Told bool `json:"told"`
}

type diffEndJSON struct {
	Pods   []diffGroupJSON `json:"pods"`
	Ranges []string        `json:"ranges"`
}

// DiffJSON writes a document of kind Diff.
func DiffJSON(w io.Writer, r *diff.Report) error {
	d := diffDoc{
		head: head{APIVersion, "Diff"}, Objects: toDiffObjects(r.Objects), Services: []diffServiceJSON{}, Connections: []diffLinkJSON{},
		Gone: toDiffGroups(r.Gone), Come: toDiffGroups(r.Come), Unaffected: r.Same, Unaddressed: r.Unaddressed, Focus: toDiffFocus(r),
		Unread: cleanAll(r.Unread),
	}
	for i := range r.Services {
		d.Services = append(d.Services, toDiffService(&r.Services[i]))
	}
	for i := range r.Connections {
		c := &r.Connections[i]
		d.Connections = append(d.Connections, diffLinkJSON{
			diffLossJSON: toDiffLoss(&c.Loss, &c.Ask, connectionRule(c), linkName(c)),
			From:         toDiffEnd(&c.From), To: toDiffEnd(&c.To), Ports: stringsOf(c.Ports), Told: c.Told,
		})
	}
	return write(w, d)
}

func toDiffObjects(all []*diff.Object) []diffObjectJSON {
	out := make([]diffObjectJSON, 0, len(all))
	for _, o := range all {
		j := diffObjectJSON{Object: Clean(o.Object.String()), How: o.How.String(), Fields: []string{}, File: Clean(o.Position.File), Line: o.Position.Line}
		for _, f := range o.Fields {
			j.Fields = append(j.Fields, Clean(f))
		}
		out = append(out, j)
	}
	return out
}

func toDiffGroups(all []diff.Group) []diffGroupJSON {
	out := make([]diffGroupJSON, 0, len(all))
	for _, g := range all {
		j := diffGroupJSON{Everybody: g.Everybody, Namespace: Clean(g.Namespace), Pods: g.Pods}
		if !g.Object.IsZero() {
			j.Object = Clean(g.Object.String())
		}
		out = append(out, j)
	}
	return out
}

func toDiffService(s *diff.Service) diffServiceJSON {
	j := diffServiceJSON{
		Service: Clean(s.Object.String()), Port: int(s.Port.Port), Protocol: s.Port.Protocol.String(), Addresses: addresses(s.Addrs),
		File: Clean(s.Position.File), Line: s.Position.Line, Changes: []diffItemJSON{}, Kept: []diffWhoJSON{}, Beside: cleanAll(s.Beside), Taken: toReasons(s.Taken),
	}
	for i := range s.Items {
		it := &s.Items[i]
		c := diffItemJSON{
			diffLossJSON: toDiffLoss(&it.Loss, &it.Ask, serviceRule(it), servicePort(s)),
			From:         toDiffWho(&it.Who), Fronts: stringsOf(it.Fronts), Family: family(it), Was: toDiffAnswer(&it.Was), Now: toDiffAnswer(&it.Now),
		}
		if it.Moved {
			c.Moved = &diffMovedJSON{it.MovedFrom(), it.MovedTo()}
		}
		j.Changes = append(j.Changes, c)
	}
	for i := range s.Kept {
		j.Kept = append(j.Kept, toDiffWho(&s.Kept[i]))
	}
	return j
}

func toDiffAnswer(a *reach.Answer) diffAnswerJSON {
	return diffAnswerJSON{a.Verdict.String(), stringsOf(a.Fates), stringsOf(a.Seen), a.Delivered, a.Legs}
}

func toDiffWho(w *diff.Who) diffWhoJSON {
	return diffWhoJSON{
		Kind: w.Kind.String(), All: w.All, Clients: cleanAll(w.Clients), Ranges: stringsOf(w.Ranges), Nodes: cleanAll(w.Nodes), Of: w.Total,
		Pods: toDiffGroups(w.Groups),
	}
}

func toDiffEnd(e *diff.End) diffEndJSON {
	return diffEndJSON{toDiffGroups(e.Groups), stringsOf(e.Ranges)}
}

func toDiffLoss(l *diff.Loss, q *diff.Question, rule, object string) diffLossJSON {
	j := diffLossJSON{Change: "gained", Certain: l.Sure, Causes: [][]diffObjectJSON{}, More: l.More, Fingerprint: lossFingerprint(l, rule, object)}
	if l.Lost {
		j.Change = "lost"
	}
	for _, set := range l.Causes {
		j.Causes = append(j.Causes, toDiffObjects(set))
	}
	if q.From != "" {
		j.Ask = &diffAskJSON{Clean(q.From), Clean(q.Via), Clean(q.To)}
	}
	return j
}
