package nft

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// permit is a row without its peer.
type permit struct {
	set     *Set
	proto   flow.Protocol
	first   uint16
	last    uint16
	comment string
	origins []flow.Origin
}

// maxOrigins is how many rules a row names. Its comment counts the others: whoever
// writes thousands of ranges that overlap must not fill the memory.
const maxOrigins = 64

// permit makes a row from the permissions that give it.
func (g *groupRows) permit(set string, proto flow.Protocol, first, last uint16, by []int32) permit {
	r := permit{set: g.set(set), proto: proto, first: first, last: last}
	rules, before := 0, -1
	for _, i := range by {
		// A rule's permissions stand together.
		if before >= 0 && g.all[before].Origin == g.all[i].Origin {
			continue
		}
		before = int(i)
		if rules++; rules <= maxOrigins {
			r.origins = append(r.origins, g.all[i].Origin)
		}
	}
	r.comment = g.word + " " + r.origins[0].Object.String() + " " + strings.TrimPrefix(r.origins[0].Field, "spec.")
	if rules > 1 {
		r.comment += fmt.Sprintf(" +%d", rules-1)
	}
	r.comment = short(r.comment)
	return r
}

// element is the permit for a peer, given as the key's beginning.
func (r *permit) element(peer key, group uint32) Element {
	k := append(make(key, 0, 16), peer...).number(group)
	e := Element{Comment: r.comment, Origins: r.origins}
	if len(r.set.Key) == len(k)/4 { // whatever the port
		e.Key = string(k)
		return e
	}
	e.Key = string(k.proto(r.proto).port(r.first))
	if r.set.Interval {
		e.End = string(k.proto(r.proto).port(r.last))
	}
	return e
}

// pattern are the rows of a peer with these permissions. What everybody may, and
// what the peer may whatever the port, is not said again port by port.
func (g *groupRows) pattern(held []int32) []permit {
	if g.open {
		return nil
	}
	if whole := g.whole(held); len(whole) > 0 {
		return []permit{g.permit("allow-peers", flow.ProtocolUnknown, 0, 0, whole)}
	}
	var ports, ranges []int32
	for _, i := range held {
		switch a := &g.all[i]; {
		case g.common.hold(a.Protocol, a.First, a.Last):
		case a.First == a.Last:
			ports = append(ports, i)
		default:
			ranges = append(ranges, i)
		}
	}
	rows := g.ports(ports, ranges)
	g.ranges(ranges, func(proto flow.Protocol, first, last uint16, by []int32) {
		rows = append(rows, g.permit("allow-ranges", proto, first, last, by))
	})
	return rows
}

// whole are the permissions for every protocol and port.
func (g *groupRows) whole(of []int32) []int32 {
	return slices.DeleteFunc(slices.Clone(of), func(i int32) bool { return !g.all[i].Everything() })
}

// ports are the rows of single ports; ranges that hold one are its origins too.
func (g *groupRows) ports(ports, ranges []int32) []permit {
	at := func(i int32) uint32 { return uint32(g.all[i].Protocol)<<16 | uint32(g.all[i].First) }
	slices.SortStableFunc(ports, func(i, j int32) int { return cmp.Compare(at(i), at(j)) })
	var rows []permit
	for len(ports) > 0 {
		n := 1
		for n < len(ports) && at(ports[n]) == at(ports[0]) {
			n++
		}
		a, by := &g.all[ports[0]], slices.Clone(ports[:n])
		for _, i := range ranges {
			if r := &g.all[i]; r.Protocol == a.Protocol && r.First <= a.First && a.First <= r.Last {
				by = append(by, i)
			}
		}
		slices.Sort(by)
		rows = append(rows, g.permit("allow", a.Protocol, a.First, a.First, by))
		ports = ports[n:]
	}
	return rows
}

// ranges tells the permissions for each range of ports, in order. The kernel takes
// no range that overlaps another, so they are cut where one begins or ends. by is
// only valid until row returns.
//
//	rule a   |-----------|
//	rule b         |-----------|
//	rows     |--a--|-a,b-|--b--|
func (g *groupRows) ranges(of []int32, row func(proto flow.Protocol, first, last uint16, by []int32)) {
	for _, proto := range []flow.Protocol{flow.TCP, flow.UDP, flow.SCTP} {
		var cuts []cut
		for _, i := range of {
			if a := &g.all[i]; a.Protocol == proto {
				cuts = append(cuts, cut{int(a.First), i, true}, cut{int(a.Last) + 1, i, false})
			}
		}
		slices.SortFunc(cuts, func(a, b cut) int { return a.port - b.port })
		var by []int32 // in order
		for n, c := range cuts {
			if at, found := slices.BinarySearch(by, c.permission); c.begins {
				by = slices.Insert(by, at, c.permission)
			} else if found {
				by = slices.Delete(by, at, at+1)
			}
			if n+1 < len(cuts) && cuts[n+1].port > c.port && len(by) > 0 {
				row(proto, uint16(c.port), uint16(cuts[n+1].port-1), by)
			}
		}
	}
}

// cut is where a permission begins, or the port behind its end.
type cut struct {
	port       int
	permission int32
	begins     bool
}

// spans are ranges of ports by protocol, in order and not touching.
type spans map[flow.Protocol][][2]uint16

// add adds a range behind those that are there.
func (s *spans) add(proto flow.Protocol, first, last uint16) {
	if *s == nil {
		*s = spans{}
	}
	list := (*s)[proto]
	if n := len(list); n > 0 && list[n-1][1]+1 == first {
		list[n-1][1] = last
		return
	}
	(*s)[proto] = append(list, [2]uint16{first, last})
}

// hold reports whether every port of the range is in the spans.
func (s spans) hold(proto flow.Protocol, first, last uint16) bool {
	list := s[proto]
	at, _ := slices.BinarySearchFunc(list, first, func(r [2]uint16, port uint16) int { return cmp.Compare(r[1], port) })
	return at < len(list) && list[at][0] <= first && last <= list[at][1]
}
