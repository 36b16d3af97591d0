package explain

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// suspicion is something that the input does not show and that would stop some
// packets: how likely it stops one from a place, and how that looks.
type suspicion struct {
	reason flow.Reason
	stops  func(*geometry) float64
	looks  []Sighting // besides SawFails
}

// geometry is where the packets of an observation go, once no object stops
// them: shares of its paths.
type geometry struct {
	outside, pod bool
	crosses      float64 // from one node to another
	entry        map[string]float64
	endpoint     map[string]float64
}

// arrives is the share of the paths that lead to some endpoint.
func (x *geometry) arrives() float64 {
	sum := 0.0
	for _, p := range x.endpoint {
		sum += p
	}
	return min(sum, 1)
}

func geometryOf(k *outlook) geometry {
	x := geometry{entry: map[string]float64{}, endpoint: map[string]float64{}}
	if k.of == 0 {
		return x
	}
	for t := range k.traces {
		share := float64(t.Count) / float64(k.of)
		if len(t.Hops) > 0 {
			x.outside = x.outside || t.Hops[0].Machine.Kind == flow.MachineClient
			x.pod = x.pod || t.Hops[0].Machine.Kind == flow.MachinePod
		}
		if crossesNodes(&t.Trace) {
			x.crosses += share
		}
		for _, n := range t.Firsts() {
			x.entry[n] += share / float64(len(t.Firsts()))
		}
		for _, e := range t.Endpoints {
			x.endpoint[e.String()] += share / float64(len(t.Endpoints))
		}
	}
	return x
}

func crossesNodes(t *flow.Trace) bool {
	var nodes []string
	for i := range t.Hops {
		if m := t.Hops[i].Machine; m.Kind == flow.MachineNode && !slices.Contains(nodes, m.Name) {
			nodes = append(nodes, m.Name)
		}
	}
	if t.Endpoint.Node != "" && len(nodes) > 0 && !slices.Contains(nodes, t.Endpoint.Node) {
		return true
	}
	return len(nodes) > 1
}

var (
	silent  = []Sighting{SawTimeout, SawUnreachable}
	anyLook = []Sighting{SawTimeout, SawUnreachable, SawRefused}
)

// suspicions ranks what no object shows: those that would explain every failure
// and contradict no success, then those that explain a part. open is the world
// in which no object stops the failing packets.
func (g *diagnosing) suspicions(base, open *world) (whole, part []Cause) {
	if len(g.failing) == 0 {
		return nil, []Cause{g.fallback()}
	}
	places := make([]geometry, len(g.obs))
	for i := range g.obs {
		places[i] = geometryOf(&open.looks[i])
		if g.obs[i].Failed() && !base.looks[i].fits(&g.obs[i], false) {
			// It failed in another way than the objects make it fail: what is suspected
			// must stand before them.
			places[i] = geometryOf(&base.looks[i])
		}
	}
	type scored struct {
		Cause
		likely float64
	}
	var all []scored
	for _, s := range g.listSuspects(places) {
		c, likely := g.weigh(&s, places)
		if len(c.Contradicts) == 0 && slices.ContainsFunc(c.Explains, func(i int) bool { return g.obs[i].Failed() }) {
			all = append(all, scored{c, likely})
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int {
		switch {
		case len(a.Explains) != len(b.Explains):
			return len(b.Explains) - len(a.Explains)
		case a.likely > b.likely:
			return -1
		case a.likely < b.likely:
			return 1
		}
		return 0
	})
	for _, s := range all {
		if len(s.Explains) == len(g.obs) {
			whole = append(whole, s.Cause)
		} else {
			part = append(part, s.Cause)
		}
	}
	if len(whole) == 0 {
		part = append(part, g.fallback())
	}
	return whole, part
}

// weigh compares a suspicion with every observation.
func (g *diagnosing) weigh(s *suspicion, places []geometry) (Cause, float64) {
	c := Cause{Kind: CauseSuspicion, Reason: s.reason}
	likely := 1.0
	for i := range g.obs {
		o := &g.obs[i]
		p := min(s.stops(&places[i]), 1)
		explains := true
		if o.Worked() {
			likely *= 1 - p
			if p > 0.999 {
				c.Contradicts = append(c.Contradicts, i)
				explains = false
			}
		}
		if o.Failed() {
			looks := !slices.ContainsFunc(o.Seen, func(x Sighting) bool {
				return !x.Good() && x != SawFails && !slices.Contains(s.looks, x)
			})
			explains = explains && p > 0 && looks
			if explains {
				likely *= p
			}
		}
		if explains {
			c.Explains = append(c.Explains, i)
		}
	}
	c.expects = g.suspects(s)
	return c, likely
}

// suspects is what a suspicion says about other places.
func (g *diagnosing) suspects(s *suspicion) func(*Observation) expectation {
	return func(o *Observation) expectation {
		w, err := g.foresee(g.full, o)
		if err != nil {
			return eitherWay
		}
		x := geometryOf(&w)
		switch p := s.stops(&x); {
		case p > 0.999:
			return expectsFailure
		case p < 0.001:
			return expectsConnected
		}
		return eitherWay
	}
}

// listSuspects are the suspicions that the observations can tell apart.
func (g *diagnosing) listSuspects(places []geometry) []suspicion {
	ends := shares(places, func(x *geometry) map[string]float64 { return x.endpoint })
	who := few(ends)
	out := []suspicion{
		{flow.Because(flow.CodeSuspectNetwork), func(x *geometry) float64 { return x.crosses }, silent},
		{flow.Because(flow.CodeSuspectOutside), func(x *geometry) float64 { return one(x.outside) }, anyLook},
		{flow.Because(flow.CodeSuspectRefusing, who), (*geometry).arrives, []Sighting{SawRefused}},
	}
	if entries := shares(places, func(x *geometry) map[string]float64 { return x.entry }); len(entries) > 1 {
		for _, n := range g.certainEntries(places) {
			out = append(out, suspicion{flow.Because(flow.CodeSuspectNode, n), func(x *geometry) float64 { return x.entry[n] }, anyLook})
		}
	}
	out = append(out, suspicion{flow.Because(flow.CodeSuspectSilent, who), (*geometry).arrives, silent})
	if len(ends) > 1 {
		for _, e := range ends[:min(len(ends), 8)] {
			out = append(out, suspicion{flow.Because(flow.CodeSuspectEndpoint, e), func(x *geometry) float64 { return x.endpoint[e] }, anyLook})
		}
	}
	return append(out, suspicion{flow.Because(flow.CodeSuspectPods), func(x *geometry) float64 { return one(x.pod) }, silent})
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// certainEntries are the nodes by which some failure certainly entered.
func (g *diagnosing) certainEntries(places []geometry) []string {
	var out []string
	for _, i := range g.failing {
		for n, p := range places[i].entry {
			if p > 0.999 && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return out
}

func shares(places []geometry, of func(*geometry) map[string]float64) []string {
	var out []string
	for i := range places {
		for name := range of(&places[i]) {
			if name != "" && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	slices.SortFunc(out, strings.Compare)
	return out
}

// fallback is what is left to say: the dump is older than the observation where
// something works that should not, else somebody unseen decides.
func (g *diagnosing) fallback() Cause {
	c := Cause{Kind: CauseSuspicion, Reason: flow.Because(flow.CodeSuspectUnseen)}
	for i := range g.d.Seen {
		s := &g.d.Seen[i]
		c.Explains = append(c.Explains, i)
		if s.Worked() && !s.Failed() && !s.Fits {
			c.Reason.Code = flow.CodeSuspectStale
		}
	}
	return c
}
