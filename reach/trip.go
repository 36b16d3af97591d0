package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/walk"
)

// recorder judges in place of a Chart while a trip is walked. What is asked about
// the sender is noted instead; it is answered with a denial, so that the Model
// says which denials do not count. The rest is judged.
type recorder struct {
	*Chart
	pod  *cluster.Pod
	addr netip.Addr // of a client, instead of a pod
	all  bool       // every question is noted
}

// Judge implements model.Judges.
func (r *recorder) Judge(q policy.Question) policy.Decision {
	if r.about(&q) {
		return policy.Decision{Verdict: policy.Denied}
	}
	return r.Chart.Judge(q)
}

// about reports whether the answer depends on who sent the packet.
func (r *recorder) about(q *policy.Question) bool {
	if r.all {
		return true
	}
	if r.pod != nil {
		return q.Subject.Pod == r.pod || q.Peer.Pod == r.pod
	}
	return q.Peer.Pod == nil && q.Peer.Addr == r.addr
}

// recording is the Model while trips are walked.
type recording struct {
	recorder
	m *model.Model
}

func (c *Chart) recordingOf() *recording {
	if c.trips == nil {
		c.trips = &recording{recorder: recorder{Chart: c}}
		c.trips.m = c.m.JudgedBy(&c.trips.recorder)
	}
	return c.trips
}

// trip walks from a representative and leaves open what depends on who exactly
// it is.
func (c *Chart) trip(from *start, to Target, nodes [][]span) []leg {
	r := c.recordingOf()
	r.pod, r.addr, r.all = nil, netip.Addr{}, false
	switch from.Kind {
	case flow.MachinePod:
		r.pod = from.Pod
	case flow.MachineClient:
		r.addr = from.Addr(to.Addr.Addr().Is6())
	default:
	}
	w := walker{c: c, fold: true, groups: nodes, record: &r.recorder}
	w.Walker = walk.Walker{Model: r.m, Question: walk.Question{From: from, Protocol: to.Protocol, To: to.Addr}}
	return w.legs()
}

// ending is how a leg ends for somebody.
type ending struct {
	fate   flow.Fate
	seen   flow.Seen
	number int // of the stop, where several legs may end that are one way so far
	count  int
}

// endFor is how it ends for whom each check, by place, has an answer.
func (l *leg) endFor(answers func(int) match) ending {
	for i := 0; i < len(l.checks); {
		stop, worst, first := l.checks[i].stop, yes, &l.checks[i]
		count := l.count
		if first.number != 0 {
			count = first.count
		}
		for ; i < len(l.checks) && l.checks[i].stop == stop; i++ {
			worst = min(worst, answers(i))
		}
		switch worst {
		case no:
			return ending{flow.DeniedByPolicy, first.denied, first.number, count}
		case perhaps:
			return ending{flow.Unknown, flow.SeenUnknown, first.number, count}
		default:
		}
	}
	return ending{l.fate, l.seen, 0, l.count}
}

// answerFor sums up the legs for somebody: all, or those by one first node.
func answerFor(legs []leg, first string, answers func(*check) match) Answer {
	ends := make([]ending, 0, len(legs))
	for i := range legs {
		if first != "" && legs[i].first != first {
			continue
		}
		l := &legs[i]
		ends = append(ends, l.endFor(func(j int) match { return answers(&l.checks[j]) }))
	}
	return sum(ends)
}

// equal reports whether two answers say the same. A Verdict follows from the Fates.
func (a *Answer) equal(b *Answer) bool {
	return a.Delivered*b.Legs == b.Delivered*a.Legs && slices.Equal(a.Fates, b.Fates) && slices.Equal(a.Seen, b.Seen)
}

// unitAt is the unit of a pod, or -1 for nobody and for a pod that has none.
func (c *Chart) unitAt(p *cluster.Pod) int32 {
	if p == nil {
		return -1
	}
	if i := c.m.Index.NumberOf(p); i >= 0 {
		return c.units.ofPod[i]
	}
	return -1
}
