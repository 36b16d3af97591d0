package explain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// Summary is an answer as it is told.
type Summary struct {
	Answer   *path.Answer
	Groups   []*Group
	Seen     []flow.Seen
	Reached  int // paths delivered
	Paths    int // of how many
	Culprits []flow.Object
	// Misses are, for the first culprit's denial, the rules that came nearest.
	Misses []policy.Miss
	// Denied is the judgement the Misses are about; nil where no policy denies.
	Denied *model.Judgement
	// Sharers are the Services that have the target address.
	Sharers []*cluster.Service
	// Pending says why the Service has no load balancer address, where a node port
	// was asked instead.
	Pending []flow.Reason
	Ignored []Ignored
	// Others is what other profiles that fit would answer, where they were asked.
	Others []Other
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
	s := &Summary{Answer: a, Groups: Groups(a), Culprits: Culprits(m, a), Ignored: Unused(m.Snapshot)}
	for i := range a.Traces {
		t := &a.Traces[i]
		s.Seen = append(s.Seen, t.Seen)
		s.Paths += t.Count
		if t.Fate == flow.Delivered {
			s.Reached += t.Count
		}
		s.near(m, t)
	}
	slices.Sort(s.Seen)
	s.Seen = slices.Compact(s.Seen)
	if len(a.Targets) == 1 {
		s.Sharers = m.Services.Owners(a.Targets[0].Addr.Addr())
		if t := &a.Targets[0]; t.Chosen && t.Front != nil && t.Front.Kind == service.NodePort {
			s.Pending = path.WhyPending(m, t.Front.Service)
		}
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
		list, toward, ok := masquerades(r)
		if !ok {
			out = append(out, r)
			continue
		}
		i, known := at[toward]
		if !known {
			at[toward] = len(out)
			out = append(out, flow.Because(flow.CodeAssumedMasquerades, strings.Join(list, ", "), toward))
			continue
		}
		have := strings.Split(out[i].Args[0], ", ")
		for _, one := range list {
			if !slices.Contains(have, one) {
				have = append(have, one)
			}
		}
		have = slices.DeleteFunc(have, func(s string) bool { return s == "..." })
		if len(have) > mostNodes {
			have = append(have[:mostNodes], "...")
		}
		out[i].Args[0] = strings.Join(have, ", ")
	}
	return out
}

// masquerades reads "NODE ADDRESS" pairs and where to out of either sentence
// about assumed source addresses.
func masquerades(r flow.Reason) (list []string, toward string, ok bool) {
	switch r.Code {
	case flow.CodeAssumedMasquerade:
		return []string{r.Args[0] + " " + r.Args[1]}, r.Args[2], true
	case flow.CodeAssumedMasquerades:
		return strings.Split(r.Args[0], ", "), r.Args[1], true
	default:
		return nil, "", false
	}
}

const mostNodes = 4

// Unused is what the snapshot's reader ignored, folded by kind and reason.
func Unused(s *cluster.Snapshot) []Ignored {
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
