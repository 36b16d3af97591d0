package explain

import (
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

// Culprits returns the policies that deny some trace of the answer, the one to
// blame first: the policy whose removal alone would let the packet pass; then
// the isolating policy with the nearest miss; then the newest; then by name.
func Culprits(m *model.Model, a *path.Answer) []flow.Object {
	blame := map[flow.Object]score{}
	for i := range a.Traces {
		for j := range a.Traces[i].Denied {
			blameJudgement(m, &a.Traces[i].Denied[j], blame)
		}
	}
	all := make([]flow.Object, 0, len(blame))
	for o := range blame {
		all = append(all, o)
	}
	slices.SortFunc(all, func(x, y flow.Object) int { return blame[x].compare(blame[y], x, y) })
	return all
}

// score orders suspects; lower blames more.
type score struct {
	alone   bool // its removal alone lets a packet pass
	near    int  // how many parts of its nearest rule fail
	created string
}

func (s score) compare(o score, a, b flow.Object) int {
	switch {
	case s.alone != o.alone && s.alone:
		return -1
	case s.alone != o.alone:
		return 1
	case s.near != o.near:
		return s.near - o.near
	case s.created > o.created:
		return -1
	case s.created < o.created:
		return 1
	}
	return a.Compare(b)
}

func blameJudgement(m *model.Model, j *model.Judgement, blame map[flow.Object]score) {
	if j.Decision.Verdict != policy.Denied {
		return
	}
	misses := m.Policies.Explain(j.Question)
	for _, p := range j.Decision.Isolating {
		s := score{
			// A denial means that no rule of any policy admits, so one policy's removal
			// lets the packet pass exactly if it isolates alone.
			alone:   len(j.Decision.Isolating) == 1,
			near:    missing(misses, p),
			created: p.Created,
		}
		if old, seen := blame[p.Object()]; !seen || s.compare(old, p.Object(), p.Object()) < 0 {
			blame[p.Object()] = s
		}
	}
}

// rank is the place of the policy's nearest rule among the misses, or -1.
func rank(misses []policy.Miss, p *cluster.NetworkPolicy) int {
	return slices.IndexFunc(misses, func(miss policy.Miss) bool { return miss.Policy == p })
}

// missing is how many parts of the policy's nearest rule fail.
func missing(misses []policy.Miss, p *cluster.NetworkPolicy) int {
	if i := rank(misses, p); i >= 0 {
		return misses[i].Parts()
	}
	return 0
}
