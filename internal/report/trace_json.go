package report

import (
	"io"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
)

type traceDoc struct {
	head
	From        string        `json:"from"`
	To          string        `json:"to"`
	Via         string        `json:"via,omitempty"`
	Verdict     string        `json:"verdict"`
	Seen        []string      `json:"seen"`
	Reached     int           `json:"reached"`
	Paths       int           `json:"paths"`
	Targets     []targetJSON  `json:"targets"`
	SharedBy    []string      `json:"sharedBy"`
	Culprits    []string      `json:"culprits"`
	Nearest     []missJSON    `json:"nearest"`
	Pending     []reasonJSON  `json:"pending"`
	Traces      []traceJSON   `json:"traces"`
	Assumptions []reasonJSON  `json:"assumptions"`
	Deviations  []reasonJSON  `json:"deviations"`
	Ignored     []ignoredJSON `json:"ignored"`
	Others      []otherJSON   `json:"others"`
}

type targetJSON struct {
	Address string `json:"address"`
	Kind    string `json:"kind,omitempty"`
	Service string `json:"service,omitempty"`
	Pod     string `json:"pod,omitempty"`
	Node    string `json:"node,omitempty"`
	Chosen  bool   `json:"chosen"`
}

type traceJSON struct {
	From        string       `json:"from"`
	Target      string       `json:"target"`
	Count       int          `json:"count"`
	Fate        string       `json:"fate"`
	Seen        string       `json:"seen"`
	Firsts      []string     `json:"firsts"`
	Endpoints   []string     `json:"endpoints"`
	Sources     []string     `json:"sources"`
	Hops        []hopJSON    `json:"hops"`
	Assumptions []reasonJSON `json:"assumptions"`
	Deviations  []reasonJSON `json:"deviations"`
}

type hopJSON struct {
	Machine string     `json:"machine"`
	Steps   []stepJSON `json:"steps"`
}

type stepJSON struct {
	Hook   string `json:"hook"`
	Action string `json:"action"`
	reasonJSON
	Before  string       `json:"before"`
	After   string       `json:"after"`
	Origins []originJSON `json:"origins"`
}

// TraceJSON writes an answer as a document of kind Trace.
func TraceJSON(w io.Writer, s *explain.Summary) error {
	a := s.Answer
	d := traceDoc{
		head: head{APIVersion, "Trace"},
		From: Clean(a.Question.From), To: Clean(a.Question.To), Via: Clean(a.Question.Via),
		Verdict: a.Verdict.String(), Seen: stringsOf(s.Seen), Reached: s.Reached, Paths: s.Paths,
		Targets: []targetJSON{}, SharedBy: []string{}, Culprits: toObjects(s.Culprits), Nearest: toMisses(s.Misses), Pending: toReasons(s.Pending),
		Traces: []traceJSON{}, Assumptions: toReasons(a.Assumptions), Deviations: toReasons(a.Deviations), Ignored: toIgnored(s.Ignored), Others: toOthers(s.Others),
	}
	for i := range a.Targets {
		d.Targets = append(d.Targets, toTarget(&a.Targets[i]))
	}
	for _, svc := range s.Sharers {
		d.SharedBy = append(d.SharedBy, Clean(svc.Object().String()))
	}
	for i := range a.Traces {
		d.Traces = append(d.Traces, toTrace(&a.Traces[i]))
	}
	return write(w, d)
}

func toTarget(t *path.Target) targetJSON {
	j := targetJSON{Address: t.String(), Node: Clean(t.Node), Chosen: t.Chosen}
	if t.Front != nil {
		j.Kind, j.Service = t.Front.Kind.String(), Clean(t.Front.Service.Object().String())
	}
	if t.Pending != nil {
		j.Kind, j.Service = "vip", t.Pending.Object().String()
	}
	if !t.Pod.IsZero() {
		j.Pod = Clean(t.Pod.String())
	}
	return j
}

func toTrace(t *path.Walked) traceJSON {
	j := traceJSON{
		From: Clean(t.From), Target: t.Target.String(), Count: t.Count, Fate: t.Fate.String(), Seen: t.Seen.String(),
		Firsts: list(t.Firsts()), Endpoints: stringsOf(t.Endpoints), Sources: []string{}, Hops: make([]hopJSON, 0, len(t.Hops)),
		Assumptions: toReasons(t.Assumptions), Deviations: toReasons(t.Deviations),
	}
	for _, a := range t.Sources() {
		j.Sources = append(j.Sources, a.String())
	}
	for i := range t.Hops {
		h := hopJSON{Machine: Clean(t.Hops[i].Machine.String()), Steps: []stepJSON{}}
		for k := range t.Hops[i].Steps {
			h.Steps = append(h.Steps, toStep(&t.Hops[i].Steps[k]))
		}
		j.Hops = append(j.Hops, h)
	}
	return j
}

func toStep(s *flow.Step) stepJSON {
	return stepJSON{
		Hook: s.Hook.String(), Action: s.Action.String(), reasonJSON: toReason(s.Reason),
		Before: s.Before.String(), After: s.After.String(), Origins: toOrigins(s.Origins),
	}
}
