package report

import (
	"io"
	"strings"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/proof"
)

type proofDoc struct {
	head
	Outcome     string          `json:"outcome"`
	Built       builtJSON       `json:"built"`
	Dataplane   dataplaneJSON   `json:"dataplane"`
	Replaced    []replacedJSON  `json:"replaced"`
	All         int             `json:"all"`
	Asked       int             `json:"asked"`
	AsPredicted int             `json:"asPredicted"`
	Differ      int             `json:"differ"`
	NotProvable int             `json:"notProvable"`
	Questions   []provedJSON    `json:"questions"`
	Fixes       []provedFixJSON `json:"fixes"`
	After       []provedJSON    `json:"after"`
	Trace       []roadJSON      `json:"trace"`
	Counters    []countedJSON   `json:"counters"`
	Captures    []captureJSON   `json:"captures"`
	Assumptions []reasonJSON    `json:"assumptions"`
}

type builtJSON struct {
	Kernel      string  `json:"kernel"`
	Nodes       int     `json:"nodes"`
	Pods        int     `json:"pods"`
	Clients     int     `json:"clients"`
	Routers     int     `json:"routers"`
	Rules       int     `json:"rules"`
	Rows        int     `json:"rows"`
	Connections int     `json:"connections"`
	Prepared    float64 `json:"preparedSeconds"`
	Asked       float64 `json:"askedSeconds"`
}

type dataplaneJSON struct {
	Proxy         string `json:"proxy"`
	Policy        string `json:"policy"`
	PodNetwork    string `json:"podNetwork"`
	PolicyHook    string `json:"policyHook,omitempty"`
	Deny          string `json:"deny,omitempty"`
	MasqueradeAll bool   `json:"masqueradeAll"`
}

type replacedJSON struct {
	Part  string   `json:"part"`
	Name  string   `json:"name"`
	Flags []string `json:"flags"`
	Text  string   `json:"text"`
}

type provedJSON struct {
	From      string      `json:"from"`
	Via       string      `json:"via,omitempty"`
	To        string      `json:"to"`
	Proved    bool        `json:"proved"`
	Agrees    bool        `json:"agrees"`
	Why       *reasonJSON `json:"why,omitempty"`
	Error     string      `json:"error,omitempty"`
	Tries     int         `json:"tries"`
	Loose     bool        `json:"loose"`
	Predicted provedSum   `json:"predicted"`
	Kernel    provedSum   `json:"kernel"`
	Ways      []wayJSON   `json:"ways"`
}

type provedSum struct {
	Verdict   string   `json:"verdict"`
	Seen      []string `json:"seen"`
	Endpoints []string `json:"endpoints"`
	Sources   []string `json:"sources"`
}

type wayJSON struct {
	From        string        `json:"from"`
	Via         string        `json:"via,omitempty"`
	Target      string        `json:"target"`
	Name        string        `json:"name"`
	Tries       int           `json:"tries"`
	Predicted   []outcomeJSON `json:"predicted"`
	Kernel      []outcomeJSON `json:"kernel"`
	Denied      []dropJSON    `json:"denied"`
	Drops       []dropJSON    `json:"drops"`
	Differences []reasonJSON  `json:"differences"`
}

type outcomeJSON struct {
	Seen     string `json:"seen"`
	Endpoint string `json:"endpoint,omitempty"`
	Source   string `json:"source,omitempty"`
}

type dropJSON struct {
	Node      string       `json:"node"`
	Direction string       `json:"direction"`
	Packet    string       `json:"packet"`
	Packets   int          `json:"packets,omitempty"`
	Policies  []originJSON `json:"policies"`
}

type provedFixJSON struct {
	From      string      `json:"from"`
	To        string      `json:"to"`
	Outcome   string      `json:"outcome"`
	Manifests []object    `json:"manifests"`
	Patches   []patchJSON `json:"patches"`
}

type roadJSON struct {
	Node    string     `json:"node"`
	Packet  string     `json:"packet"`
	Packets int        `json:"packets"`
	Verdict string     `json:"verdict"`
	Rules   []stopJSON `json:"rules"`
}

type stopJSON struct {
	Chain   string      `json:"chain"`
	Rule    string      `json:"rule"`
	Verdict string      `json:"verdict"`
	Rows    []foundJSON `json:"rows"`
}

type foundJSON struct {
	Row     string       `json:"row"`
	Origins []originJSON `json:"origins"`
}

type countedJSON struct {
	Node    string       `json:"node"`
	Denies  bool         `json:"denies"`
	Row     string       `json:"row"`
	Packets uint64       `json:"packets"`
	Origins []originJSON `json:"origins"`
}

type captureJSON struct {
	Machine string `json:"machine"`
	File    string `json:"file"`
	Packets int    `json:"packets"`
}

// ProveJSON writes a document of kind Proof.
func ProveJSON(w io.Writer, x *Proof) error {
	b := &x.Built
	d := proofDoc{
		head: head{APIVersion, "Proof"}, Outcome: x.Outcome().String(), All: x.All, Asked: len(x.Lines),
		Built: builtJSON{
			Clean(b.Kernel), b.Nodes, b.Pods, b.Clients, b.Routers, b.Rules, b.Rows, b.Connections,
			b.Prepared.Seconds(), b.Asked.Seconds(),
		},
		Dataplane: toDataplane(&x.Dataplane), Replaced: []replacedJSON{}, Questions: toProved(x.Lines), Fixes: toProvedFixes(x.Fixes),
		After: toProved(x.After), Trace: []roadJSON{}, Counters: []countedJSON{}, Captures: []captureJSON{}, Assumptions: toReasons(x.Assumptions),
	}
	d.AsPredicted, d.Differ, d.NotProvable = count(x.Lines)
	for _, r := range x.Replaced {
		d.Replaced = append(d.Replaced, replacedJSON{r.Part, Clean(r.Name), list(r.Flags), NewPrinter(nil).replaced(r)})
	}
	for i := range x.Roads {
		d.Trace = append(d.Trace, toRoad(&x.Roads[i]))
	}
	for i := range x.Counted {
		c := &x.Counted[i]
		d.Counters = append(d.Counters, countedJSON{Clean(c.Node), c.Denies(), Clean("@" + c.Set + " " + c.Text), c.Packets, toOrigins(c.Origins)})
	}
	for _, c := range x.Captures {
		d.Captures = append(d.Captures, captureJSON{Clean(c.Machine), Clean(c.File), c.Packets})
	}
	return write(w, d)
}

func toDataplane(d *Dataplane) dataplaneJSON {
	j := dataplaneJSON{Proxy: Clean(d.Proxy), Policy: Clean(d.Policy), PodNetwork: d.PodNetwork, MasqueradeAll: d.MasqueradeAll}
	if d.Enforces {
		j.PolicyHook, j.Deny = proof.BeforeSNAT, proof.Drops
		if d.AfterSNAT {
			j.PolicyHook = proof.AfterSNAT
		}
		if d.Rejects {
			j.Deny = proof.Rejects
		}
	}
	return j
}

func toProved(lines []proof.Line) []provedJSON {
	out := make([]provedJSON, 0, len(lines))
	for i := range lines {
		l := &lines[i]
		j := provedJSON{
			From: Clean(l.Question.From), Via: Clean(l.Question.Via), To: Clean(l.Question.To),
			Proved: l.Proved(), Agrees: l.Agrees(), Tries: l.Tries, Loose: l.Loose,
			Predicted: toProvedSum(&l.Predicted), Kernel: toProvedSum(&l.Observed), Ways: []wayJSON{},
		}
		if l.Unprovable != "" {
			why := toReason(flow.Because(unprovableCodes[l.Unprovable]))
			j.Why = &why
		}
		if l.Err != nil {
			j.Error = Clean(l.Err.Error())
		}
		for k := range l.Ways {
			j.Ways = append(j.Ways, toWay(&l.Ways[k]))
		}
		out = append(out, j)
	}
	return out
}

func toProvedSum(s *proof.Sum) provedSum {
	return provedSum{s.Verdict.String(), stringsOf(s.Seen), list(s.Endpoints), list(s.Sources)}
}

func toWay(w *proof.Way) wayJSON {
	j := wayJSON{
		From: Clean(w.From), Via: Clean(w.Via), Target: w.Target.String(), Name: Clean(w.Name), Tries: w.Tries,
		Predicted: toOutcomes(w.Predicted), Kernel: toOutcomes(w.Observed), Denied: toDrops(w.Denied), Drops: toDrops(w.Drops),
		Differences: []reasonJSON{},
	}
	for i := range w.Differences {
		j.Differences = append(j.Differences, toReason(differenceReason(&w.Differences[i])))
	}
	return j
}

func toOutcomes(all []proof.Outcome) []outcomeJSON {
	out := make([]outcomeJSON, 0, len(all))
	for _, o := range all {
		out = append(out, outcomeJSON{o.Seen.String(), Clean(o.Endpoint), Clean(o.Source)})
	}
	return out
}

func toDrops(all []proof.Drop) []dropJSON {
	out := make([]dropJSON, 0, len(all))
	for i := range all {
		d := &all[i]
		out = append(out, dropJSON{Clean(d.Node), strings.ToLower(d.Direction.String()), d.Tuple.String(), d.Packets, toOrigins(d.By)})
	}
	return out
}

func toRoad(r *proof.Road) roadJSON {
	j := roadJSON{Node: Clean(r.Node), Packet: r.Tuple.String(), Packets: r.Packets, Verdict: Clean(r.Verdict), Rules: []stopJSON{}}
	for i := range r.Stops {
		s := &r.Stops[i]
		one := stopJSON{Clean(s.Chain), Clean(s.Rule), Clean(s.Verdict), []foundJSON{}}
		for _, f := range s.Rows {
			one.Rows = append(one.Rows, foundJSON{Clean(f.Text), toOrigins(f.Origins)})
		}
		j.Rules = append(j.Rules, one)
	}
	return j
}

func toProvedFixes(all []*explain.Fix) []provedFixJSON {
	out := make([]provedFixJSON, 0, len(all))
	for _, f := range all {
		out = append(out, provedFixJSON{Clean(f.Question.From), Clean(f.Question.To), f.Outcome.String(), toManifests(f.Policies), toPatches(f.Edits)})
	}
	return out
}
