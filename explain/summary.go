package explain

import (
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

// Summary is an answer as it is told.
type Summary struct {
	Answer   *path.Answer
	Groups   []*Group
	Seen     []flow.Seen
	Reached  int // traces delivered
	Culprits []flow.Object
	// Misses are, for the first culprit's denial, the rules that came nearest.
	Misses []policy.Miss
	// Denied is the judgement the Misses are about; nil where no policy denies.
	Denied *model.Judgement
	// Sharers are the Services that have the target address.
	Sharers []*cluster.Service
	Ignored []Ignored
}

// Ignored is a kind of object that was read and not used, folded.
type Ignored struct {
	Reason flow.Reason
	Kind   string
	Count  int
	First  flow.Object
}

// Summarize tells an answer.
func Summarize(m *model.Model, a *path.Answer) *Summary {
	s := &Summary{Answer: a, Groups: Groups(a), Culprits: Culprits(m, a), Ignored: ignored(m.Snapshot)}
	for i := range a.Traces {
		t := &a.Traces[i]
		s.Seen = append(s.Seen, t.Seen)
		if t.Fate == flow.Delivered {
			s.Reached++
		}
		s.near(m, t)
	}
	slices.Sort(s.Seen)
	s.Seen = slices.Compact(s.Seen)
	if len(a.Targets) == 1 {
		s.Sharers = m.Services.Owners(a.Targets[0].Addr.Addr())
	}
	return s
}

// near keeps the misses of the first trace that the first culprit denies.
func (s *Summary) near(m *model.Model, t *path.Walked) {
	if s.Denied != nil || len(s.Culprits) == 0 {
		return
	}
	for i := range t.Denied {
		j := &t.Denied[i]
		if j.Decision.Verdict != policy.Denied {
			continue
		}
		if !slices.ContainsFunc(j.Decision.Isolating, func(p *cluster.NetworkPolicy) bool { return p.Object() == s.Culprits[0] }) {
			continue
		}
		s.Denied, s.Misses = j, m.Policies.Explain(j.Question)
		hintServicePort(s.Misses, t)
		return
	}
}

// hintServicePort marks the commonest wrong port: a rule that names the
// Service's port, or its NodePort, where policy sees the target port.
func hintServicePort(misses []policy.Miss, t *path.Walked) {
	f := t.Target.Front
	if f == nil {
		return
	}
	for i := range misses {
		for j, r := range misses[i].Ports {
			if r.Code != flow.CodeMissPort || len(r.Args) < 2 {
				continue
			}
			if p := r.Args[0]; p == strconv.Itoa(int(f.Named.Port)) || p == strconv.Itoa(int(f.Named.NodePort)) {
				misses[i].Ports[j] = flow.Because(flow.CodeMissPortIsFront, p, r.Args[1])
			}
		}
	}
}

// Fold tells what was assumed for several nodes in one sentence.
func Fold(rs []flow.Reason) []flow.Reason {
	var out []flow.Reason
	at := map[string]int{}
	for _, r := range rs {
		if r.Code != flow.CodeAssumedMasquerade {
			out = append(out, r)
			continue
		}
		toward, one := r.Args[2], r.Args[0]+" "+r.Args[1]
		i, ok := at[toward]
		if !ok {
			at[toward] = len(out)
			out = append(out, flow.Because(flow.CodeAssumedMasquerades, one, toward, "1"))
			continue
		}
		n, _ := strconv.Atoi(out[i].Args[2])
		switch n++; {
		case n <= mostNodes:
			out[i].Args[0] += ", " + one
		case n == mostNodes+1:
			out[i].Args[0] += ", ..."
		}
		out[i].Args[2] = strconv.Itoa(n)
	}
	return out
}

const mostNodes = 4

func ignored(s *cluster.Snapshot) []Ignored {
	var out []Ignored
	at := map[string]int{}
	for _, x := range s.Ignored {
		k := x.Object.Kind + x.Reason.String()
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Ignored{Reason: x.Reason, Kind: x.Object.Kind, First: x.Object})
		}
		out[i].Count++
	}
	return out
}
