package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

// recorder judges in place of a Chart while a trip is walked. What is asked about
// the sender is noted instead; it is answered with a denial, so that the Model
// says which denials do not count. The rest is judged.
type recorder struct {
	*Chart
	pod  *cluster.Pod
	addr netip.Addr // of a client, instead of a pod
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
	if r.pod != nil {
		return q.Subject.Pod == r.pod || q.Peer.Pod == r.pod
	}
	return r.addr.IsValid() && q.Peer.Pod == nil && q.Peer.Addr == r.addr
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
	r.pod, r.addr = nil, netip.Addr{}
	switch from.kind {
	case flow.MachinePod:
		r.pod = from.pod
	case flow.MachineClient:
		r.addr = from.addr(to.Addr.Addr().Is6())
	default:
	}
	w := walker{m: r.m, from: from, proto: to.Protocol, to: to.Addr, fold: true, groups: nodes, record: &r.recorder}
	return w.walk()
}

// note keeps the questions of a stop that depend on the sender. It reports false
// when another question ended the packet.
func (w *walker) note(p *packet, s *model.Stop, judged []model.Judgement) bool {
	p.stops++
	denied, undecided := false, false
	before := len(p.checks)
	for i := range judged {
		j := &judged[i]
		switch {
		case !j.Exempt.IsZero():
		case w.record.about(&j.Question):
			p.checks = append(p.checks, check{Question: j.Question, stop: p.stops})
		case j.Passes():
		case j.Decision.Verdict == policy.Undecided:
			undecided = true
		default:
			denied = true
		}
	}
	seen := w.m.SeenFor(flow.DeniedByPolicy, w.proto, w.errorReturns(p, s.Node))
	for i := before; i < len(p.checks); i++ {
		p.checks[i].denied = seen
	}
	switch {
	case denied:
		p.checks = p.checks[:before]
		w.end(p, flow.DeniedByPolicy, s.Node)
	case undecided:
		w.endAs(p, flow.Unknown, flow.SeenUnknown)
	}
	return !denied && !undecided
}

// ending is how a leg ends for somebody.
type ending struct {
	fate flow.Fate
	seen flow.Seen
}

// endFor is how it ends for whom each check has an answer.
func (l *leg) endFor(answers func(*check) match) ending {
	for i := 0; i < len(l.checks); {
		stop, worst, denied := l.checks[i].stop, yes, l.checks[i].denied
		for ; i < len(l.checks) && l.checks[i].stop == stop; i++ {
			worst = min(worst, answers(&l.checks[i]))
		}
		switch worst {
		case no:
			if denied == flow.SeenUnknown {
				denied = flow.Timeout
			}
			return ending{flow.DeniedByPolicy, denied}
		case perhaps:
			return ending{flow.Unknown, flow.SeenUnknown}
		default:
		}
	}
	return ending{l.fate, l.seen}
}

// answerFor sums up the legs for somebody: all, or those by one first node.
func answerFor(legs []leg, first string, answers func(*check) match) Answer {
	var a Answer
	fates := make([]flow.Fate, 0, len(legs))
	for i := range legs {
		if first != "" && legs[i].first != first {
			continue
		}
		e := legs[i].endFor(answers)
		a.add(e.fate, e.seen, legs[i].count)
		fates = append(fates, e.fate)
	}
	a.sort()
	a.Verdict = flow.Sum(fates)
	return a
}

// equal reports whether two answers say the same.
func (a *Answer) equal(b *Answer) bool {
	return a.Verdict == b.Verdict && a.Delivered*b.Legs == b.Delivered*a.Legs && slices.Equal(a.Fates, b.Fates) && slices.Equal(a.Seen, b.Seen)
}

// part is units that fare alike.
type part struct {
	units  []span
	answer Answer
}

// partition cuts units by how they fare on a trip, all of one kind.
func (c *Chart) partition(legs []leg, rep *cluster.Pod, f family, units []span) []part {
	type piece struct {
		units   []span
		answers []match
	}
	var checks []*check
	for i := range legs {
		for j := range legs[i].checks {
			checks = append(checks, &legs[i].checks[j])
		}
	}
	pieces := []piece{{units: units}}
	numbers := make(map[*check]int, len(checks))
	var seen []cutKey
	var at []int
	for _, ch := range checks {
		key := c.cutKey(ch, rep)
		if n := slices.Index(seen, key); n >= 0 {
			numbers[ch] = at[n]
			continue
		}
		n := len(at)
		numbers[ch] = n
		seen, at = append(seen, key), append(at, n)
		cut := c.cut(ch, rep, f)
		var next []piece
		for _, p := range pieces {
			for m, s := range cut {
				if u := intersect2(p.units, s); len(u) > 0 {
					next = append(next, piece{u, append(slices.Clip(p.answers), match(m))})
				}
			}
		}
		pieces = next
	}
	var out []part
	for _, p := range pieces {
		a := answerFor(legs, "", func(ch *check) match { return p.answers[numbers[ch]] })
		n := slices.IndexFunc(out, func(o part) bool { return o.answer.equal(&a) })
		if n < 0 {
			out = append(out, part{answer: a, units: p.units})
			continue
		}
		out[n].units = union(out[n].units, p.units)
	}
	return out
}

// cutKey is equal for checks that cut units alike.
type cutKey struct {
	egress bool
	row    int32 // of the target's ingress
	target int32 // its unit, for egress
	addr   netip.Addr
	key    key
}

func (c *Chart) cutKey(ch *check, rep *cluster.Pod) cutKey {
	k := cutKey{egress: ch.Subject.Pod == rep, key: keyOf(ch.Protocol, ch.Port)}
	u := c.units
	if k.egress {
		if k.target = c.unitAt(ch.Peer.Pod); k.target < 0 {
			k.addr = ch.Peer.Addr
		}
		return k
	}
	k.target = c.unitAt(ch.Subject.Pod)
	if k.target >= 0 {
		k.row = u.rows[ingress].ofUnit[familyOf(ch.Subject.Addr)][k.target]
		k.target = 0
	}
	return k
}

func (c *Chart) unitAt(p *cluster.Pod) int32 {
	if p == nil {
		return -1
	}
	if i := c.m.Index.PodNumber(p.Namespace, p.Name); i >= 0 {
		return c.units.ofPod[i]
	}
	return -1
}

// cut are the units for which a check's answer is no, perhaps and yes.
func (c *Chart) cut(ch *check, rep *cluster.Pod, f family) [3][]span {
	u := c.units
	k := keyOf(ch.Protocol, ch.Port)
	if ch.Subject.Pod != rep {
		row := &row{segments: []segment{{int32(allKeys), everybody}}}
		if t := c.unitAt(ch.Subject.Pod); t >= 0 && u.rows[ingress].ofUnit[f][t] >= 0 {
			row = u.rows[ingress].list[f][u.rows[ingress].ofUnit[f][t]]
		}
		s := c.peersAt(row, row.at(k), f)
		return [3][]span{minus(u.members[f], union(s.yes, s.perhaps)), s.perhaps, s.yes}
	}
	return c.egressCut(ch, f, k)
}

func (r *row) at(k key) int32 {
	g := group{segments: r.segments}
	return g.at(k)
}

// egressCut asks every row of egress that is not open.
func (c *Chart) egressCut(ch *check, f family, k key) [3][]span {
	u := c.units
	rows := u.rows[egress]
	answers := make([]match, len(rows.list[f]))
	class := c.classOf(ch.Peer.Pod)
	for i, r := range rows.list[f] {
		if i == 0 {
			answers[0] = yes
			continue
		}
		answers[i] = r.doubt.of(c.set(r.at(k)).holds(class, &ch.Peer, c.profile.Identities))
	}
	var out [3][]span
	for _, run := range rows.closed[f] {
		m := answers[run.row]
		out[m] = appendSpan(out[m], run.span)
	}
	out[yes] = minus(u.members[f], union(out[no], out[perhaps]))
	return out
}
