package diff

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
)

// link is a rectangle of connections of one cause: numbers of Difference.Pods at
// either end, or addresses.
type link struct {
	Loss
	from, to  end
	ports     reach.Ports
	families  reach.Families
	ask       Question
	cut       cut
	fromKey   string
	toKey     string
	portsText string
}

type end struct {
	numbers []int
	ranges  []policy.Range
}

func (e *end) key() string {
	b := make([]byte, 0, 4*len(e.numbers))
	for _, n := range e.numbers {
		b = binary.AppendUvarint(b, uint64(n)+1)
	}
	return string(b) + fmt.Sprint(e.ranges)
}

// sign is which of the objects that differ are about a pod: as the one that
// connects, or that is connected to. Pods of one sign share the causes.
func (x *comparison) sign(n int, ingress bool) string {
	k := signKey{n, ingress}
	if s, ok := x.signs[k]; ok {
		return s
	}
	if x.signs == nil {
		x.signs = map[signKey]string{}
	}
	both := x.d.Pods[n]
	var about []int
	pods := [2]*cluster.Pod{x.charts[0].Unit(both.Old).Example, x.charts[1].Unit(both.New).Example}
	for v, p := range pods {
		for _, o := range []flow.Object{workloadOf(p), {Kind: "Namespace", Name: p.Namespace}} {
			if i, ok := x.number[o]; ok {
				about = append(about, i)
			}
		}
		for _, i := range x.changing[v][p.Namespace] {
			np := &x.s[v].NetworkPolicies[i]
			isolates := np.IsolatesEgress
			if ingress {
				isolates = np.IsolatesIngress
			}
			if isolates && np.PodSelector.Matches(p.Labels) {
				about = append(about, x.number[np.Object()])
			}
		}
	}
	slices.Sort(about)
	s := fmt.Sprint(slices.Compact(about))
	x.signs[k] = s
	return s
}

type signKey struct {
	n       int
	ingress bool
}

// apart splits half of an end by their sign; addresses are one, nil.
func (x *comparison) apart(s *reach.Side, ingress bool, h half) [][]int {
	if len(s.Ranges) > 0 {
		if x.addressed(s.Ranges, ingress, h) {
			return [][]int{nil}
		}
		return nil
	}
	by := map[string][]int{}
	for n := range s.Units.All {
		if !x.numbered(int(n), ingress, h) {
			continue
		}
		k := x.sign(int(n), ingress)
		by[k] = append(by[k], int(n))
	}
	return sorted(by)
}

// connections tells what becomes of connections of pods.
func (x *comparison) connections() {
	var links []link
	seen := map[string]bool{}
	for _, sure := range []bool{true, false} {
		for i := range x.d.Changes {
			if c := &x.d.Changes[i]; c.Sure == sure {
				for _, k := range x.cuts() {
					links = append(links, x.links(c, k, seen)...)
				}
			}
		}
	}
	links = foldLinks(links)
	slices.SortStableFunc(links, func(a, b link) int {
		return cmp.Or(order(b.Lost)-order(a.Lost), order(b.Sure)-order(a.Sure), a.from.compare(&b.from), a.to.compare(&b.to))
	})
	for i := range links {
		x.r.Connections = append(x.r.Connections, x.connection(&links[i]))
	}
}

// compare puts pods before addresses.
func (e *end) compare(o *end) int {
	return cmp.Or(cmp.Compare(len(e.ranges), len(o.ranges)), slices.Compare(e.numbers, o.numbers),
		slices.CompareFunc(e.ranges, o.ranges, func(a, b policy.Range) int { return cmp.Or(a.First.Compare(b.First), a.Last.Compare(b.Last)) }))
}

// links cuts a Change to what has one cause. Only ports count on which the pods
// answer, going by what they declare.
func (x *comparison) links(c *reach.Change, half cut, seen map[string]bool) []link {
	var out []link
	froms, tos := x.apart(&c.From, false, half.from), x.apart(&c.To, true, half.to)
	for _, to := range tos {
		for _, heard := range x.heard(to, c) {
			for _, from := range froms {
				from = x.others(from, heard.numbers)
				l := link{
					Loss: Loss{Lost: c.Lost, Sure: c.Sure}, families: c.Families, ports: heard.ports, cut: half,
					from: end{from, c.From.Ranges}, to: end{heard.numbers, c.To.Ranges},
				}
				k := fmt.Sprint(l.Lost, l.from.key(), l.to.key(), l.ports)
				if seen[k] || from != nil && len(from) == 0 {
					continue
				}
				seen[k] = true
				out = append(out, x.caused(&l)...)
			}
		}
	}
	return out
}

// others are those who connect without the pod that they connect to, where it is a
// single one: a pod and itself are no matter (T15). nil stays nil, for addresses.
func (x *comparison) others(from, to []int) []int {
	if len(to) != 1 || x.names.info[to[0]].Pods != 1 || !slices.Contains(from, to[0]) {
		return from
	}
	return slices.DeleteFunc(slices.Clone(from), func(n int) bool { return n == to[0] })
}

// listening is pods that answer on the same of some ports.
type listening struct {
	numbers []int
	ports   reach.Ports
}

func (x *comparison) heard(to []int, c *reach.Change) []listening {
	if to == nil {
		return []listening{{nil, c.Ports}}
	}
	var out []listening
	for _, n := range to {
		b := x.d.Pods[n]
		on := x.charts[1].Listens(b.New)
		if c.Lost {
			on = x.charts[0].Listens(b.Old)
		}
		ports := c.Ports.And(on)
		if len(ports) == 0 {
			continue
		}
		i := slices.IndexFunc(out, func(l listening) bool { return l.ports.Equal(ports) })
		if i < 0 {
			i = len(out)
			out = append(out, listening{ports: ports})
		}
		out[i].numbers = append(out[i].numbers, n)
	}
	return out
}

// mostRanges is how many ranges of ports are asked one by one.
const mostRanges = 6

// caused finds the causes of a link, port by port, and joins ports of one cause.
func (x *comparison) caused(l *link) []link {
	var out []link
	for i, r := range l.ports {
		if i >= mostRanges {
			out[len(out)-1].ports = out[len(out)-1].ports.Union(l.ports[i:])
			break
		}
		one := *l
		one.ports = reach.Ports{r}
		x.explainLink(&one)
		n := slices.IndexFunc(out, func(o link) bool { return o.Loss.key() == one.Loss.key() })
		if n < 0 {
			out = append(out, one)
			continue
		}
		out[n].ports = out[n].ports.Union(one.ports)
	}
	return out
}

// ends are the pods of both versions that stand for one end, nil for addresses: of
// those to pick from, nil being all.
func (x *comparison) ends(e *end, not []*cluster.Pod, pick func(*cluster.Pod) bool) (old, young *cluster.Pod) {
	for _, n := range e.numbers {
		was, now := x.d.PodsOf(reach.Unit(n))
		for i, p := range now {
			if slices.Contains(not, p) || pick != nil && !pick(p) {
				continue
			}
			q := x.charts[0].Model().Index.Pod(p.Namespace, p.Name)
			if q == nil {
				q = was[min(i, len(was)-1)]
			}
			return q, p
		}
	}
	return nil, nil
}

func (x *comparison) explainLink(l *link) {
	if x.beyond {
		return
	}
	froms, tos := x.pick(false, l.cut.from), x.pick(true, l.cut.to)
	a, b := x.ends(&l.to, nil, tos)
	p, q := x.ends(&l.from, []*cluster.Pod{b}, froms)
	if p == nil {
		p, q = x.ends(&l.from, nil, froms)
		if other, o := x.ends(&l.to, []*cluster.Pod{q}, tos); other != nil && q != nil {
			a, b = other, o
		}
	}
	in := reach.IPv4
	if l.families&reach.IPv4 == 0 {
		in = reach.IPv6
	}
	port := l.ports[0]
	l.question(q, b, port)
	w := witness{}
	w.touched = *w.touched.plus(p, q).plus(a, b)
	x.twins(&w.touched)
	w.ask = func(c *reach.Chart) level {
		from, to := either(c, p, q), either(c, a, b)
		switch {
		case l.from.ranges != nil:
			return addressLevel(c, to, l.from.ranges, port, true)
		case l.to.ranges != nil:
			return addressLevel(c, from, l.to.ranges, port, false)
		case from == nil || to == nil || c.UnitOf(from) < 0 || c.UnitOf(to) < 0:
			return levelNo
		}
		sure, maybe := c.Between(c.UnitOf(from), c.UnitOf(to), in)
		return portLevel(sure, maybe, port)
	}
	w.was, w.now = w.ask(x.charts[0]), w.ask(x.charts[1])
	l.Sure = l.Sure && w.was != levelUnknown && w.now != levelUnknown
	if (w.now < w.was) == l.Lost && w.now != w.was {
		x.explain(&w, &l.Loss)
	}
}

func portLevel(sure, maybe reach.Ports, r reach.PortRange) level {
	switch {
	case sure.Contains(r.Protocol, r.First):
		return levelYes
	case maybe.Contains(r.Protocol, r.First):
		return levelUnknown
	}
	return levelNo
}

func addressLevel(c *reach.Chart, pod *cluster.Pod, ranges []policy.Range, r reach.PortRange, ingress bool) level {
	if pod == nil || c.UnitOf(pod) < 0 {
		return levelNo
	}
	list := c.ToAddresses(c.UnitOf(pod))
	if ingress {
		list = c.FromAddresses(c.UnitOf(pod))
	}
	best := levelNo
	for i := range list {
		a := &list[i]
		if !a.Ports.Contains(r.Protocol, r.First) || !slices.ContainsFunc(a.Ranges, func(o policy.Range) bool { return o.Contains(ranges[0].First) }) {
			continue
		}
		if a.Sure {
			return levelYes
		}
		best = levelUnknown
	}
	return best
}

// question is one that shows the link.
func (l *link) question(from, to *cluster.Pod, r reach.PortRange) {
	target := func(host string) string {
		port := max(r.First, 1)
		s := host + ":" + fmt.Sprint(port)
		if r.Protocol != flow.TCP {
			s += "/" + strings.ToLower(r.Protocol.String())
		}
		return s
	}
	switch {
	case from != nil && to != nil:
		l.ask = Question{From: "pod/" + from.Namespace + "/" + from.Name, To: target("pod/" + to.Namespace + "/" + to.Name)}
	case to != nil:
		l.ask = Question{From: "external/" + first(l.from.ranges).String(), To: target("pod/" + to.Namespace + "/" + to.Name)}
	case from != nil:
		a := first(l.to.ranges)
		host := a.String()
		if a.Is6() {
			host = "[" + host + "]"
		}
		l.ask = Question{From: "pod/" + from.Namespace + "/" + from.Name, To: target(host)}
	}
}

// first is an address of the ranges that somebody could have.
func first(rs []policy.Range) netip.Addr {
	a := rs[0].First
	if a.IsUnspecified() {
		a = a.Next()
	}
	return a
}

// foldLinks joins links that differ in one thing: families, ports, one end.
func foldLinks(links []link) []link {
	for i := range links {
		links[i].fromKey, links[i].toKey = links[i].from.key(), links[i].to.key()
	}
	links = foldBy(links, func(l *link) string { return l.Loss.key() + l.fromKey + l.toKey }, func(a, b *link) {
		a.ports, a.families = a.ports.Union(b.ports), a.families|b.families
	})
	for i := range links {
		links[i].portsText = links[i].ports.String()
	}
	links = foldBy(links, func(l *link) string { return l.Loss.key() + l.portsText + l.toKey + kindOfEnd(&l.from) }, func(a, b *link) { a.from.join(&b.from) })
	for i := range links {
		links[i].fromKey = links[i].from.key()
	}
	return foldBy(links, func(l *link) string { return l.Loss.key() + l.portsText + l.fromKey + kindOfEnd(&l.to) }, func(a, b *link) { a.to.join(&b.to) })
}

func kindOfEnd(e *end) string {
	if e.ranges != nil {
		return " addresses"
	}
	return " pods"
}

func (e *end) join(o *end) {
	e.ranges = policy.MergeRanges(append(slices.Clone(e.ranges), o.ranges...))
	e.numbers = append(slices.Clone(e.numbers), o.numbers...)
	slices.Sort(e.numbers)
	e.numbers = slices.Compact(e.numbers)
}

func (x *comparison) connection(l *link) Connection {
	c := Connection{Loss: l.Loss, Ports: l.ports, Ask: l.ask, From: x.endOf(&l.from), To: x.endOf(&l.to)}
	if g := x.alone(false, l.cut.from); g != nil && c.From.Groups != nil {
		c.From.Groups = g
	}
	if g := x.alone(true, l.cut.to); g != nil && c.To.Groups != nil {
		c.To.Groups = g
	}
	c.Told = x.told(l)
	return c
}

func (x *comparison) endOf(e *end) End {
	if e.ranges != nil {
		return End{Ranges: e.ranges}
	}
	return End{Groups: x.names.groups(e.numbers)}
}

// told: all the pods stand behind Services that are told of, with the same causes.
func (x *comparison) told(l *link) bool {
	if len(l.to.numbers) == 0 {
		return false
	}
	behind := x.behindTold()[l.Loss.key()]
	if len(behind) == 0 {
		return false
	}
	for _, n := range l.to.numbers {
		_, now := x.d.PodsOf(reach.Unit(n))
		for _, p := range now {
			if !behind[nsName{p.Namespace, p.Name}] {
				return false
			}
		}
	}
	return true
}

// behindTold are the pods behind Services that are told of, by causes.
func (x *comparison) behindTold() map[string]map[nsName]bool {
	if x.toldPods != nil {
		return x.toldPods
	}
	x.toldPods = map[string]map[nsName]bool{}
	for i := range x.r.Services {
		s := &x.r.Services[i]
		for j := range s.Items {
			key := s.Items[j].Loss.key()
			if x.toldPods[key] == nil {
				x.toldPods[key] = map[nsName]bool{}
			}
			for v := range x.s {
				for _, n := range x.sliceOf[v][nsName{s.Object.Namespace, s.Object.Name}] {
					for _, e := range x.s[v].EndpointSlices[n].Endpoints {
						x.toldPods[key][nsName{e.Target.Namespace, e.Target.Name}] = true
					}
				}
			}
		}
	}
	return x.toldPods
}
