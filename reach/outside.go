package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/announce"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// fromOutside asks from an address of every range that source ranges tell apart,
// and cuts further where policies do.
func (a *asked) fromOutside() []FromOutside {
	c := a.c
	f := a.family
	free := withoutRanges([]policy.Range{space(f)}, c.insideRanges(f))
	regions := [][]policy.Range{free}
	for _, front := range c.together(a.Front) {
		if len(front.Ranges) == 0 {
			continue
		}
		in := rangesOf(front.Ranges, f)
		var next [][]policy.Range
		for _, r := range regions {
			next = append(next, commonRanges(r, in), withoutRanges(r, in))
		}
		regions = next
	}
	var out []FromOutside
	for _, r := range regions {
		if rep := c.nobodyIn(r); rep.IsValid() {
			out = a.addRegion(out, r, rep)
		}
	}
	a.addClients(&out)
	for i := range out {
		out[i].Ranges = policy.MergeRanges(out[i].Ranges)
	}
	return out
}

// together are the fronts at the address and port of one.
func (c *Chart) together(f *service.Front) []*service.Front {
	if f.Kind == service.NodePort {
		return c.m.Services.NodePorts(f.IPv6, f.Protocol, f.Port)
	}
	return c.m.Services.At(netip.AddrPortFrom(f.Addr, f.Port), f.Protocol)
}

// legsFrom are the trips of a client, by every first node it may enter or ask.
func (a *asked) legsFrom(addrs []netip.Addr) []leg {
	c := a.c
	from := &start{Kind: flow.MachineClient, Addrs: addrs}
	if a.Kind != service.NodePort {
		to, _ := a.to(0)
		return c.trip(from, to, a.groups)
	}
	var out []leg
	for _, g := range a.groups {
		if to, ok := a.to(g[0].from); ok {
			out = append(out, c.trip(from, to, nil)...)
		}
	}
	return out
}

// addRegion cuts a region by what the checks on the way say of its addresses.
func (a *asked) addRegion(out []FromOutside, region []policy.Range, rep netip.Addr) []FromOutside {
	c := a.c
	legs := a.legsFrom([]netip.Addr{rep})
	type piece struct {
		ranges  []policy.Range
		answers []match
	}
	pieces := []piece{{ranges: region}}
	numbers := map[*check]int{}
	known := map[[2]int32]int{}
	for i := range legs {
		for j := range legs[i].checks {
			ch := &legs[i].checks[j]
			r := c.ingressRow(ch.Subject.Pod, a.family)
			set := r.at(keyOf(ch.Protocol, ch.Port))
			k := [2]int32{set, int32(r.doubt)}
			n, ok := known[k]
			if !ok {
				n = len(known)
				known[k] = n
				var next []piece
				for _, p := range pieces {
					for m, rs := range c.cutRanges(set, r.doubt, p.ranges, a.family) {
						if len(rs) > 0 {
							next = append(next, piece{rs, append(slices.Clip(p.answers), match(m))})
						}
					}
				}
				pieces = next
			}
			numbers[ch] = n
		}
	}
	for _, p := range pieces {
		answers := func(ch *check) match { return p.answers[numbers[ch]] }
		one := FromOutside{Ranges: p.ranges, Answer: answerFor(legs, "", answers), Via: a.via(legs, answers)}
		n := slices.IndexFunc(out, func(o FromOutside) bool { return o.equal(&one) })
		if n < 0 {
			out = append(out, one)
		} else {
			out[n].Ranges = append(slices.Clip(out[n].Ranges), p.ranges...)
		}
	}
	return out
}

func (o *FromOutside) equal(p *FromOutside) bool {
	return o.Answer.equal(&p.Answer) && slices.EqualFunc(o.Via, p.Via, func(a, b Via) bool {
		return a.Answer.equal(&b.Answer) && slices.Equal(a.Nodes.spans, b.Nodes.spans)
	})
}

// ingressRow is what isolates a pod that packets of the family are for.
func (c *Chart) ingressRow(p *cluster.Pod, f family) *row {
	rows := c.rows[ingress]
	return rows.list[f][rows.ofUnit[f][c.unitAt(p)]]
}

// cutRanges are the addresses for which a set answers no, perhaps and yes.
func (c *Chart) cutRanges(set int32, d doubt, ranges []policy.Range, f family) [3][]policy.Range {
	if d == maybeAny {
		return [3][]policy.Range{perhaps: ranges}
	}
	p := c.set(set)
	in := commonRanges(ranges, ofFamilyRanges(p.ranges, f))
	if p.everybody {
		in = ranges
	}
	out := [3][]policy.Range{no: withoutRanges(ranges, in)}
	out[d.of(yes)] = in
	return out
}

// via are the answers by first node.
func (a *asked) via(legs []leg, answers func(*check) match) []Via {
	var out []Via
	var firsts []string
	for i := range legs {
		if f := legs[i].first; f != "" && !slices.Contains(firsts, f) {
			firsts = append(firsts, f)
		}
	}
	for _, first := range firsts {
		v := Via{Nodes: Nodes{a.nodesLike(first), a.c.m.Snapshot.Nodes}}
		v.Answer = answerFor(legs, first, answers)
		n := slices.IndexFunc(out, func(o Via) bool { return o.Answer.equal(&v.Answer) })
		if n < 0 {
			out = append(out, v)
		} else {
			out[n].Nodes.spans = union(out[n].Nodes.spans, v.Nodes.spans)
		}
	}
	return out
}

// nodesLike are the nodes of a first node's group that clients may enter.
func (a *asked) nodesLike(first string) []span {
	n := a.c.placesOf().number[first]
	at := slices.IndexFunc(a.groups, func(g []span) bool { return has(g, n) })
	g := a.groups[at]
	if a.Kind == service.NodePort {
		return a.addressed(g)
	}
	return intersect(g, a.offered())
}

// addressed are the nodes with an address of the family.
func (a *asked) addressed(g []span) []span {
	var out []span
	for _, s := range g {
		for i := s.from; i < s.to; i++ {
			if a.c.m.Snapshot.Nodes[i].IP(a.IPv6).IsValid() {
				out = appendSpan(out, span{i, i + 1})
			}
		}
	}
	return out
}

// offered are the next hops that any router has for the address.
func (a *asked) offered() []span {
	c := a.c
	var all []span
	routers := c.m.Announce.Routers()
	for i := range routers {
		choice := c.m.Announce.NextHops(&routers[i], a.Addr)
		all = union(all, c.spansOf(&choice))
	}
	return all
}

func (c *Chart) spansOf(choice *announce.Choice) []span {
	pl := c.placesOf()
	if choice.Everyone && pl.eligible != nil {
		return pl.eligible
	}
	numbers := make([]int32, 0, len(choice.Nodes))
	for _, n := range choice.Nodes {
		numbers = append(numbers, pl.number[n])
	}
	slices.Sort(numbers)
	out := runs(slices.Compact(numbers))
	if choice.Everyone {
		pl.eligible = out
	}
	return out
}

// addClients puts the Fabric's clients to the ranges they are in; one that is in
// none stands for itself.
func (a *asked) addClients(out *[]FromOutside) {
	c := a.c
	for _, client := range c.m.Snapshot.Fabric.Clients {
		s := start{Addrs: client.Addresses}
		addr := s.Addr(a.IPv6)
		if !addr.IsValid() {
			continue
		}
		n := slices.IndexFunc(*out, func(o FromOutside) bool {
			return slices.ContainsFunc(o.Ranges, func(r policy.Range) bool { return r.Contains(addr) })
		})
		if n >= 0 && c.m.Index.PodByIP(addr) == nil { // a pod's address is its own
			(*out)[n].Clients = append((*out)[n].Clients, client)
			continue
		}
		legs := a.legsFrom(client.Addresses)
		judged := func(ch *check) match {
			return c.addrAt(c.ingressRow(ch.Subject.Pod, a.family), keyOf(ch.Protocol, ch.Port), addr)
		}
		*out = append(*out, FromOutside{Clients: []cluster.Client{client}, Answer: answerFor(legs, "", judged), Via: a.via(legs, judged)})
	}
}

// insideRanges are the cluster's own ranges of a family.
func (c *Chart) insideRanges(f family) []policy.Range {
	pl := c.placesOf()
	if pl.inside[f] == nil {
		pl.inside[f] = rangesOf(append(slices.Clone(c.m.Profile.ClusterCIDRs), c.m.Profile.ServiceCIDRs...), f)
	}
	return pl.inside[f]
}

// nobodyIn is an address of the ranges that no pod and no node has.
func (c *Chart) nobodyIn(ranges []policy.Range) netip.Addr {
	for _, r := range withoutRanges(ranges, everyNodes) {
		for a := r.Last; r.Contains(a); a = a.Prev() {
			if c.m.Home(a) == "" && c.m.Index.PodByIP(a) == nil {
				return a
			}
		}
	}
	return netip.Addr{}
}

// everyNodes are loopback addresses and those that stand for none.
var everyNodes = []policy.Range{
	policy.RangeOf(netip.MustParsePrefix("0.0.0.0/32")), policy.RangeOf(netip.MustParsePrefix("127.0.0.0/8")), policy.RangeOf(netip.MustParsePrefix("::/127")),
}
