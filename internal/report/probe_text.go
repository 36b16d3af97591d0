package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/prober"
)

// ProbePlan prints what a probe would do: how, where to, what it runs and creates.
func (p *Printer) ProbePlan(plan *prober.Plan) error {
	q := plan.Options.Question
	p.para("", p.t(phraseProbePlan, plan.ID, plan.From, q.To))
	p.line("")
	p.para(p.lead(phraseProbeBy), p.means(plan))
	o := &plan.Options
	p.para(p.lead(phraseProbeBounds), p.t(phraseProbeLimits, plan.Connections(), strconv.FormatFloat(o.Rate, 'g', 4, 64), o.Timeout))
	p.line("")
	p.asks(plan)
	p.probeCommands(plan)
	if objects := probeObjects(plan); len(objects) > 0 {
		p.line("")
		p.para(p.lead(phraseProbeCreates), p.t(phraseProbeGoes))
		var b strings.Builder
		if err := writeYAML(&b, objects); err != nil {
			return err
		}
		for _, l := range strings.Split(strings.TrimSpace(b.String()), "\n") {
			p.line("  " + l)
		}
	}
	p.notes(plan.Notes)
	return p.Err()
}

// means says how the connections are made, and how else.
func (p *Printer) means(plan *prober.Plan) string {
	text := ""
	for _, m := range plan.Means {
		here := ""
		switch m {
		case prober.Dialing:
			here = p.t(phraseProbeDial)
		case prober.Exec:
			containers := plan.Pod.Containers
			if c := plan.Options.Container; c != "" {
				containers = []string{c}
			}
			here = p.t(phraseProbeExec, plan.From, p.some(containers, 5))
		case prober.Ephemeral:
			here = p.t(phraseProbeEphemeral, plan.Options.Image, plan.From)
		case prober.NewPod:
			here = p.t(phraseProbePod, plan.Namespace+"/"+plan.Name(), plan.Node, plan.Options.Image, plan.Lifetime())
		case prober.NoMeans:
		}
		if text != "" {
			here = p.t(phraseProbeElse, text, here)
		}
		text = here
	}
	return text
}

func (p *Printer) asks(plan *prober.Plan) {
	rows := [][]string{{p.t(phraseProbeStage), p.t(phraseProbeAddress), p.t(phraseProbeTimes), p.t(phraseColumnModel)}}
	for i := range plan.Asks {
		k := &plan.Asks[i]
		rows = append(rows, []string{p.stage(k.Stage), k.Target.String(), strconv.Itoa(k.Count), p.expected(&k.Expected)})
	}
	p.addresses(rows)
}

func (p *Printer) stage(s prober.Stage) string {
	return p.t([]flow.Code{phraseProbeAsked, phraseProbeDirect, phraseProbeNode}[min(int(s), 2)])
}

func (p *Printer) expected(e *prober.Expected) string {
	if e.Unknown {
		return p.t(phraseUnknown)
	}
	words := strings.Join(stringsOf(e.Seen), "/")
	if e.Reached > 0 && e.Reached < e.Paths {
		return p.t(phrasePredicted, words, e.Reached, e.Paths)
	}
	return words
}

func (p *Printer) probeCommands(plan *prober.Plan) {
	commands := plan.Commands()
	if len(commands) == 0 {
		return
	}
	p.line("")
	p.para(p.lead(phraseProbeRuns), p.t(phraseProbeFirst))
	p.line("  " + commandLine(commands[0]))
	p.para(pad("", 10), p.t(phraseProbeOneOf))
	for _, c := range commands[1:] {
		p.line("  " + commandLine(c))
	}
}

// commandLine is a command as a shell takes it; of a script only its first words.
func commandLine(command []string) string {
	words := make([]string, 0, len(command))
	for _, w := range command {
		if first, _, long := strings.Cut(w, "\n"); long {
			w = first + " ..."
		}
		words = append(words, shellWord(w))
	}
	return Clean(strings.Join(words, " "))
}

func (p *Printer) notes(notes []flow.Reason) {
	if len(notes) > 0 {
		p.line("")
	}
	for _, n := range notes {
		p.para(p.lead(phraseProbeNote), p.say(n))
	}
}

// Probe prints what a probe found: each address, what was predicted and what was
// seen, what that says, and where it differs, which assumption would explain it.
func (p *Printer) Probe(r *prober.Result, x *prober.Explanation) error {
	by := r.Means.String()
	if r.Tool != "" && r.Means != prober.Dialing {
		by += ", " + r.Tool
	}
	p.para(p.paint(bold, p.agreed(r.Verdict()))+"  ", Clean(r.Plan.From+" -> "+r.Plan.Options.Question.To+" ("+by+")"))
	p.line("")
	rows := [][]string{{p.t(phraseProbeStage), p.t(phraseProbeAddress), p.t(phraseColumnModel), p.t(phraseColumnSeen), ""}}
	for i := range r.Answers {
		a := &r.Answers[i]
		rows = append(rows, []string{p.stage(a.Stage), a.Target.String(), p.expected(&a.Expected), p.happened(a), p.agreed(a.Verdict)})
	}
	p.addresses(rows)
	for i := range r.Answers {
		p.details(&r.Answers[i])
	}
	if reading := r.Reading(); !reading.IsZero() {
		p.line("")
		p.para("  ", p.say(reading))
	}
	p.notes(r.Notes)
	p.notes(r.Plan.Notes)
	return p.explanation(x)
}

func (p *Printer) agreed(v prober.Verdict) string {
	switch v {
	case prober.Agrees:
		return p.paint(green, p.t(phraseProbeAgrees))
	case prober.Differs:
		return p.paint(red, p.t(phraseProbeDiffers))
	case prober.Undecided:
	}
	return p.paint(yellow, p.t(phraseProbeUndecided))
}

// addresses prints rows whose second cell is an address: on a line of its own where
// the row is too wide with it.
func (p *Printer) addresses(rows [][]string) {
	total := 2
	for at := range rows[0] {
		total += columnWidth(rows, at) + 2
	}
	for i, r := range rows {
		line := "  "
		for at, c := range r {
			if at == 1 && total > p.Width {
				if i > 0 {
					p.line("  " + c)
				}
				continue
			}
			line += pad(c, columnWidth(rows, at)+2)
		}
		p.line(line)
	}
}

// happened counts what was seen: "connected x3, timeout x1".
func (p *Printer) happened(a *prober.Answered) string {
	count := map[string]int{}
	for _, o := range a.Outcomes {
		count[o.Seen.String()]++
	}
	if s := counted(count); s != "" {
		return s
	}
	return p.t(phraseProbeNothing)
}

func counted(count map[string]int) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(count)) {
		out = append(out, fmt.Sprintf("%s x%d", Clean(k), count[k]))
	}
	return strings.Join(out, ", ")
}

func (p *Printer) details(a *prober.Answered) {
	servers, peers := map[string]int{}, map[string]int{}
	for _, o := range a.Outcomes {
		if o.Server != "" {
			servers[o.Server]++
		}
		if o.Peer.IsValid() {
			peers[o.Peer.String()]++
		}
	}
	lead := "  " + a.Target.String() + "  "
	if len(servers) > 0 {
		p.para(lead, p.t(phraseProbeServers, counted(servers)))
	}
	if len(peers) > 0 {
		p.para(lead, p.t(phraseProbeSources, counted(peers)))
	}
	for _, w := range a.Why {
		p.para(lead, p.say(w))
	}
}

func (p *Printer) explanation(x *prober.Explanation) error {
	if x == nil {
		return p.Err()
	}
	p.line("")
	p.line(p.paint(bold, p.t(phraseProbeWrong)))
	p.line("")
	if len(x.Others) > 0 {
		p.para("", p.t(phraseProbeProfiles))
		p.others(x.Others)
		p.line("")
	}
	if x.Diagnosis != nil {
		return p.Diagnosis(x.Diagnosis)
	}
	p.reasons(phraseProbeTrust, x.Assumptions)
	return p.Err()
}

// Leftovers prints the pods of earlier probes.
func (p *Printer) Leftovers(pods []prober.Pod) error {
	if len(pods) == 0 {
		p.line(p.t(phraseProbeNoneLeft))
		return p.Err()
	}
	p.line(p.t(phraseProbeLeftovers, len(pods)))
	for _, x := range pods {
		p.line("  " + Clean("Pod/"+x.Namespace+"/"+x.Name) + "  " + Clean(x.Phase))
	}
	return p.Err()
}

// Removed says how many are gone, and what is not.
func (p *Printer) Removed(n int, left []flow.Reason) error {
	p.line(p.t(phraseProbeRemoved, n))
	p.notes(left)
	return p.Err()
}

// Confirm is the question before something is done, or deleted.
func (l Lang) Confirm(deleting bool) string {
	if deleting {
		return l.t(phraseProbeRemove)
	}
	return l.t(phraseProbeConfirm)
}

// ProbeYAML writes what a probe would create, for kubectl to look at.
func ProbeYAML(w io.Writer, plan *prober.Plan) error { return writeYAML(w, probeObjects(plan)) }

// probeObjects are what is created. An ephemeral container is shown as the patch of
// its pod.
func probeObjects(plan *prober.Plan) []object {
	var out []object
	if plan.Container != nil {
		out = append(out, object{
			{"apiVersion", "v1"},
			{"kind", "Pod"},
			{"metadata", object{{"name", plan.Pod.Name}, {"namespace", plan.Pod.Namespace}}},
			{"spec", object{{"ephemeralContainers", []any{inOrder(plan.Container)}}}},
		})
	}
	if plan.Object != nil {
		out = append(out, inOrder(plan.Object))
	}
	return out
}

// firstFields are those that people write first.
var firstFields = []string{"apiVersion", "kind", "metadata", "name", "namespace"}

// inOrder is plain data with its fields in order.
func inOrder(x map[string]any) object {
	o := object{}
	for _, k := range firstFields {
		if f, ok := x[k]; ok {
			o = append(o, field{k, ordered(f)})
		}
	}
	for _, k := range slices.Sorted(maps.Keys(x)) {
		if !slices.Contains(firstFields, k) {
			o = append(o, field{k, ordered(x[k])})
		}
	}
	return o
}

func ordered(v any) any {
	switch x := v.(type) {
	case map[string]any:
		return inOrder(x)
	case []any:
		out := make([]any, 0, len(x))
		for _, i := range x {
			out = append(out, ordered(i))
		}
		return out
	}
	return v
}

// On is the Printer for another writer.
func (p *Printer) On(w io.Writer) *Printer {
	q := *p
	q.w, q.err = w, nil
	return &q
}
