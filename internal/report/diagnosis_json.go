package report

import (
	"io"

	"github.com/portolan-net/portolan/explain"
)

type diagnosisDoc struct {
	head
	Target      string        `json:"target"`
	Outcome     string        `json:"outcome"`
	Accused     []string      `json:"accused"`
	Seen        []seenJSON    `json:"observations"`
	Causes      []causeJSON   `json:"causes"`
	Assumptions []reasonJSON  `json:"assumptions"`
	Deviations  []reasonJSON  `json:"deviations"`
	Ignored     []ignoredJSON `json:"ignored"`
}

type seenJSON struct {
	Text      string   `json:"text"`
	From      string   `json:"from"`
	Via       string   `json:"via"`
	To        string   `json:"to"`
	Seen      []string `json:"seen"`
	Predicted []string `json:"predicted"`
	Reached   int      `json:"reached"`
	Paths     int      `json:"paths"`
	Unknown   bool     `json:"unknown"`
	NoAddress bool     `json:"noAddress"`
	Agrees    bool     `json:"agrees"`
	Proofless bool     `json:"proofless"`
}

type causeJSON struct {
	Kind        string       `json:"kind"`
	Objects     []string     `json:"objects"`
	Accused     bool         `json:"accused"`
	Reason      reasonJSON   `json:"reason"`
	Because     []reasonJSON `json:"because"`
	Origins     []originJSON `json:"origins"`
	Under       *reasonJSON  `json:"under,omitempty"`
	Explains    []int        `json:"explains"`
	Contradicts []int        `json:"contradicts"`
	Next        *reasonJSON  `json:"next,omitempty"`
}

// DiagnosisJSON writes a document of kind Diagnosis.
func DiagnosisJSON(w io.Writer, d *explain.Diagnosis) error {
	j := diagnosisDoc{
		head: head{APIVersion, "Diagnosis"}, Target: Clean(d.Target), Outcome: d.Outcome.String(), Accused: toObjects(d.Accused()),
		Seen: []seenJSON{}, Causes: []causeJSON{},
		Assumptions: toReasons(d.Assumptions), Deviations: toReasons(d.Deviations), Ignored: toIgnored(d.Ignored),
	}
	for i := range d.Seen {
		c := &d.Seen[i]
		j.Seen = append(j.Seen, seenJSON{
			Text: Clean(c.Text), From: Clean(c.From), Via: Clean(c.Via), To: Clean(c.To), Seen: stringsOf(c.Observation.Seen),
			Predicted: stringsOf(c.Predicted), Reached: c.Reached, Paths: c.Of,
			Unknown: c.Unknown, NoAddress: c.NoAddress, Agrees: c.Fits, Proofless: c.Proofless,
		})
	}
	for i := range d.Causes {
		j.Causes = append(j.Causes, toCause(&d.Causes[i]))
	}
	return write(w, j)
}

func toCause(c *explain.Cause) causeJSON {
	j := causeJSON{
		Kind: c.Kind.String(), Objects: toObjects(c.Objects), Accused: c.Accused, Reason: toReason(c.Reason),
		Because: toReasons(c.Because), Origins: toOrigins(c.Origins),
		Explains: append([]int{}, c.Explains...), Contradicts: append([]int{}, c.Contradicts...),
	}
	if !c.Under.IsZero() {
		r := toReason(c.Under)
		j.Under = &r
	}
	if !c.Next.IsZero() {
		r := toReason(c.Next)
		j.Next = &r
	}
	return j
}
