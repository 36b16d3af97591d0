package report

import (
	"encoding/json"
	"io"

	"github.com/portolan-net/portolan/internal/prober"
)

type probeAskJSON struct {
	Stage     string   `json:"stage"`
	From      string   `json:"from"`
	Via       string   `json:"via"`
	To        string   `json:"to"`
	Address   string   `json:"address"`
	Times     int      `json:"times"`
	Verdict   string   `json:"predictedVerdict"`
	Predicted []string `json:"predicted"`
	Reached   int      `json:"reached"`
	Paths     int      `json:"paths"`
	Sources   []string `json:"predictedSources"`
	Endpoints []string `json:"predictedEndpoints"`
}

type probePlanDoc struct {
	head
	ID       string         `json:"id"`
	From     string         `json:"from"`
	Means    []string       `json:"means"`
	Rate     float64        `json:"rate"`
	Timeout  string         `json:"timeout"`
	Asks     []probeAskJSON `json:"asks"`
	Commands [][]string     `json:"commands"`
	Creates  []object       `json:"creates"`
	Notes    []reasonJSON   `json:"notes"`
}

// ProbePlanJSON writes a document of kind ProbePlan.
func ProbePlanJSON(w io.Writer, p *prober.Plan) error {
	d := probePlanDoc{
		head: head{APIVersion, "ProbePlan"}, ID: p.ID, From: Clean(p.From), Means: stringsOf(p.Means),
		Rate: p.Options.Rate, Timeout: p.Options.Timeout.String(), Asks: []probeAskJSON{},
		Commands: p.Commands(), Creates: probeObjects(p), Notes: toReasons(p.Notes),
	}
	if d.Commands == nil {
		d.Commands = [][]string{}
	}
	if d.Creates == nil {
		d.Creates = []object{}
	}
	for i := range p.Asks {
		d.Asks = append(d.Asks, toProbeAsk(&p.Asks[i]))
	}
	return write(w, d)
}

func toProbeAsk(k *prober.Ask) probeAskJSON {
	e := &k.Expected
	return probeAskJSON{
		Stage: k.Stage.String(), From: Clean(k.Question.From), Via: Clean(k.Question.Via), To: Clean(k.Question.To),
		Address: k.Target.String(), Times: k.Count, Verdict: e.Verdict.String(), Predicted: stringsOf(e.Seen),
		Reached: e.Reached, Paths: e.Paths, Sources: stringsOf(e.Sources), Endpoints: list(e.Endpoints),
	}
}

type probeAnswerJSON struct {
	probeAskJSON
	Verdict  string             `json:"verdict"`
	Why      []reasonJSON       `json:"why"`
	Outcomes []probeOutcomeJSON `json:"outcomes"`
}

type probeOutcomeJSON struct {
	Seen    string  `json:"seen"`
	Detail  string  `json:"detail"`
	Source  string  `json:"source"`
	Server  string  `json:"server"`
	Peer    string  `json:"peer"`
	Seconds float64 `json:"seconds"`
}

type probeDoc struct {
	head
	ID          string            `json:"id"`
	From        string            `json:"from"`
	To          string            `json:"to"`
	Means       string            `json:"means"`
	Tool        string            `json:"tool"`
	Verdict     string            `json:"verdict"`
	Answers     []probeAnswerJSON `json:"answers"`
	Reading     *reasonJSON       `json:"reading,omitempty"`
	Notes       []reasonJSON      `json:"notes"`
	Created     []string          `json:"created"`
	Left        []string          `json:"left"`
	Others      []otherJSON       `json:"others"`
	Assumptions []reasonJSON      `json:"assumptions"`
	Causes      []causeJSON       `json:"causes"`
}

// ProbeJSON writes a document of kind Probe.
func ProbeJSON(w io.Writer, r *prober.Result, x *prober.Explanation) error {
	d := probeDoc{
		head: head{APIVersion, "Probe"}, ID: r.Plan.ID, From: Clean(r.Plan.From), To: Clean(r.Plan.Options.Question.To),
		Means: r.Means.String(), Tool: Clean(r.Tool), Verdict: r.Verdict().String(), Answers: []probeAnswerJSON{},
		Notes: append(toReasons(r.Notes), toReasons(r.Plan.Notes)...), Created: list(r.Created), Left: list(r.Left),
		Others: []otherJSON{}, Assumptions: []reasonJSON{}, Causes: []causeJSON{},
	}
	for i := range r.Answers {
		d.Answers = append(d.Answers, toProbeAnswer(&r.Answers[i]))
	}
	if reading := r.Reading(); !reading.IsZero() {
		j := toReason(reading)
		d.Reading = &j
	}
	if x != nil {
		d.Others, d.Assumptions = toOthers(x.Others), toReasons(x.Assumptions)
		if x.Diagnosis != nil {
			for i := range x.Diagnosis.Causes {
				d.Causes = append(d.Causes, toCause(&x.Diagnosis.Causes[i]))
			}
		}
	}
	return write(w, d)
}

func toProbeAnswer(a *prober.Answered) probeAnswerJSON {
	j := probeAnswerJSON{probeAskJSON: toProbeAsk(a.Ask), Verdict: a.Verdict.String(), Why: toReasons(a.Why), Outcomes: []probeOutcomeJSON{}}
	for i := range a.Outcomes {
		o := &a.Outcomes[i]
		k := probeOutcomeJSON{Seen: o.Seen.String(), Detail: Clean(o.Detail), Server: Clean(o.Server), Seconds: o.Took.Seconds()}
		if o.Source.IsValid() {
			k.Source = o.Source.String()
		}
		if o.Peer.IsValid() {
			k.Peer = o.Peer.String()
		}
		j.Outcomes = append(j.Outcomes, k)
	}
	return j
}

// DialJSON writes what one connection came to, on one line.
func DialJSON(w io.Writer, d prober.Dialed) error { return json.NewEncoder(w).Encode(d) }
