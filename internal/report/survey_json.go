package report

import (
	"io"

	"github.com/portolan-net/portolan/explain"
)

type surveyDoc struct {
	head
	Surveys []surveyJSON `json:"surveys"`
}

type surveyJSON struct {
	Title       string            `json:"title"`
	Service     string            `json:"service,omitempty"`
	Port        int               `json:"port,omitempty"`
	Protocol    string            `json:"protocol,omitempty"`
	Columns     []columnJSON      `json:"columns"`
	Rows        []rowJSON         `json:"rows"`
	Reasons     []becauseJSON     `json:"reasons"`
	Pending     []reasonJSON      `json:"pending"`
	Proofless   []string          `json:"proofless"`
	Sharing     *sharingJSON      `json:"sharing,omitempty"`
	Sampled     int               `json:"sampled"`
	Assumptions []reasonJSON      `json:"assumptions"`
	Deviations  []reasonJSON      `json:"deviations"`
	Ignored     []ignoredJSON     `json:"ignored"`
	Others      []otherSurveyJSON `json:"others"`
}

type columnJSON struct {
	Kind string `json:"kind"`
	To   string `json:"to"`
}

type rowJSON struct {
	Kind   string     `json:"kind"`
	Group  string     `json:"group,omitempty"`
	Places []string   `json:"places"`
	Cells  []cellJSON `json:"cells"`
}

type cellJSON struct {
	Asked   bool     `json:"asked"`
	Verdict string   `json:"verdict,omitempty"`
	Seen    []string `json:"seen"`
	Sources []string `json:"sources"`
	Reached int      `json:"reached"`
	Paths   int      `json:"paths"`
	Reasons []int    `json:"reasons"`
}

type becauseJSON struct {
	Fate     string       `json:"fate"`
	Culprit  string       `json:"culprit,omitempty"`
	Reason   reasonJSON   `json:"reason"`
	Origins  []originJSON `json:"origins"`
	Subjects []string     `json:"subjects"`
	Saw      []string     `json:"saw"`
	SawAs    string       `json:"sawAs,omitempty"`
}

var sawAs = [...]string{explain.AsOther: "", explain.AsItself: "client", explain.AsNode: "node", explain.AsPod: "pod"}

type sharingJSON struct {
	Address  string       `json:"address"`
	Entries  []string     `json:"entries"`
	Missing  string       `json:"missing,omitempty"` // why entries are not known
	Services []sharerJSON `json:"services"`
	Pairs    []pairJSON   `json:"pairs"`
	Losers   []loserJSON  `json:"losers"`
}

type sharerJSON struct {
	Service       string   `json:"service"`
	TrafficPolicy string   `json:"externalTrafficPolicy"`
	Ports         []string `json:"ports"`
	Nodes         []string `json:"nodes"`
	DeadUnder     []string `json:"droppedUnderLocal"`
}

// SurveyJSON writes a document of kind Survey.
func SurveyJSON(w io.Writer, all []*explain.Survey) error {
	d := surveyDoc{head: head{APIVersion, "Survey"}, Surveys: make([]surveyJSON, 0, len(all))}
	for _, s := range all {
		d.Surveys = append(d.Surveys, toSurvey(s))
	}
	return write(w, d)
}

func toSurvey(s *explain.Survey) surveyJSON {
	j := surveyJSON{
		Title: Clean(s.Title), Columns: []columnJSON{}, Rows: []rowJSON{}, Reasons: []becauseJSON{}, Pending: toReasons(s.Pending),
		Proofless: list(s.Proofless), Sharing: toSharing(s.Sharing), Sampled: s.Sampled,
		Assumptions: toReasons(s.Assumptions), Deviations: toReasons(s.Deviations), Ignored: toIgnored(s.Ignored),
		Others: toOtherSurveys(s.Others),
	}
	if s.Service != nil {
		j.Service, j.Port, j.Protocol = Clean(s.Service.Object().String()), int(s.Port.Port), s.Port.Protocol.String()
	}
	for _, c := range s.Columns {
		j.Columns = append(j.Columns, columnJSON{c.Kind.String(), Clean(c.To)})
	}
	for _, r := range s.Rows {
		row := rowJSON{Kind: r.Kind.String(), Group: Clean(r.Group), Places: list(r.Places), Cells: []cellJSON{}}
		for i := range r.Cells {
			row.Cells = append(row.Cells, toCell(&r.Cells[i]))
		}
		j.Rows = append(j.Rows, row)
	}
	for _, b := range s.Reasons {
		x := becauseJSON{Fate: b.Fate.String(), Reason: toReason(b.Reason), Origins: toOrigins(b.Origins), Subjects: list(b.Subjects), Saw: list(b.Saw), SawAs: sawAs[b.As]}
		x.Reason.Text = NewPrinter(nil).reason(&b)
		if !b.Culprit.IsZero() {
			x.Culprit = Clean(b.Culprit.String())
		}
		j.Reasons = append(j.Reasons, x)
	}
	return j
}

func toCell(c *explain.Cell) cellJSON {
	j := cellJSON{Asked: !c.None, Seen: stringsOf(c.Seen), Sources: list(c.Sources), Reached: c.Reached, Paths: c.Of, Reasons: append([]int{}, c.Reasons...)}
	if !c.None {
		j.Verdict = c.Verdict.String()
	}
	return j
}

func toSharing(s *explain.Sharing) *sharingJSON {
	if s == nil {
		return nil
	}
	j := &sharingJSON{Address: s.Addr.String(), Entries: list(s.Entries), Services: []sharerJSON{}, Pairs: toPairs(s.Pairs), Losers: toLosers(s.Losers)}
	if !s.Missing.IsZero() {
		j.Missing = Clean(English.Say(s.Missing))
	}
	for _, x := range s.Services {
		j.Services = append(j.Services, sharerJSON{
			Clean(x.Service.Object().String()), string(x.Service.ExternalTrafficPolicy), list(x.Ports), list(x.Nodes), list(x.Dead),
		})
	}
	return j
}

func list(names []string) []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		out = append(out, Clean(English.word(n)))
	}
	return out
}
