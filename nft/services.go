package nft

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/service"
)

// The word of a front, as the map fronts holds it:
//
//	31      24 23 22  20 19                 0
//	[affinity] [h][ row ][ Service port      ]
//
// row says which line of the Trips table is its own, h is set once the list of
// this node's endpoints was chosen, affinity is the class of its timeout. Without
// row it is the number of a list of endpoints.
const (
	portBits    = 20
	maxPorts    = 1<<portBits - 1
	rowShift    = portBits
	rowMask     = 0x00700000
	hereBit     = 0x00800000
	affShift    = 24
	affMask     = 0xff000000
	maxAffinity = 0xff
	listMask    = affMask | maxPorts
)

// What the map lists says of a list that has no endpoint for this node. The
// number of endpoints otherwise.
const (
	listRefuses = 0xffff0001 // nobody anywhere: an ICMP port unreachable
	listSilent  = 0xffff0002 // nobody here under a Local policy: silence
	maxCount    = 0xffff0000
)

// row numbers the lines of the Trips table from 1.
func rowOf(f *service.Front) uint32 {
	row := uint32(1)
	if f.Kind.External() {
		row += 2
	}
	if f.Local() {
		row++
	}
	return row
}

// services adds the parts of every Service, and returns how many lists there are
// of each length.
type services struct {
	c     *compiler
	table *Table
	v6    bool
}

// portKey names a Service port across programs.
func portKey(svc *cluster.Service, p *cluster.ServicePort, v6 bool) string {
	return svc.Namespace + "/" + svc.Name + ":" + p.Name + "/" + p.Protocol.String() + "/" + strconv.FormatBool(v6)
}

// part is one Service's rows in one family.
func (s *services) part(svc *cluster.Service, before *part) (*part, error) {
	p := &part{name: "Service/" + svc.Namespace + "/" + svc.Name}
	var done *service.Backends
	var list uint32
	for _, f := range s.c.m.Services.Of(svc) {
		if f.IPv6 != s.v6 {
			continue
		}
		if f.Backends != done {
			var err error
			if list, err = s.port(p, svc, f, before); err != nil {
				return nil, err
			}
			done = f.Backends
		}
		s.front(p, f, list)
	}
	if s.c.m.Profile.Proxy.ChecksClusterIPs {
		for _, ip := range svc.ClusterIPs {
			if ip.Is6() == s.v6 && s.c.m.Services.ClusterIPOwner(ip) == svc {
				p.add(s.set("cluster-ips"), Element{Key: string(key(nil).addr(ip)), Origins: []flow.Origin{{Object: svc.Object(), Position: svc.Position}}})
			}
		}
	}
	return p, nil
}

func (s *services) set(name string) *Set { return s.table.Set(name) }

// front is one address and port, or NodePort, and its source ranges.
func (s *services) front(p *part, f *service.Front, list uint32) {
	if !s.c.m.Owns(f) {
		return
	}
	origins := []flow.Origin{f.Origin()}
	word := key(nil).number(list | rowOf(f)<<rowShift)
	if f.Kind == service.NodePort {
		p.add(s.set("nodeports"), Element{Key: string(key(nil).proto(f.Protocol).port(f.Port)), Data: string(word), Comment: comment(f), Origins: origins})
		return
	}
	at := key(nil).addr(f.Addr).proto(f.Protocol).port(f.Port)
	p.add(s.set("fronts"), Element{Key: string(at), Data: string(word), Comment: comment(f), Origins: origins})
	if checked, _ := s.c.m.Restricted(f); !checked {
		return
	}
	p.add(s.set("restricted"), Element{Key: string(at), Origins: origins})
	for _, r := range rangesOf(f.Ranges) {
		p.add(s.set("ranges"), Element{
			Key: string(at[:len(at):len(at)].addr(r.First)), End: string(at[:len(at):len(at)].addr(r.Last)), Origins: origins,
		})
	}
}

// port is what all fronts of a Service port share: its lists and endpoints. It
// returns the number of the list.
func (s *services) port(p *part, svc *cluster.Service, f *service.Front, before *part) (uint32, error) {
	name := portKey(svc, f.Named, s.v6)
	list := s.c.n.ports.get(name)
	if list > maxPorts {
		return 0, fmt.Errorf("%s: more than %d Service ports", svc.Object(), maxPorts)
	}
	if svc.SessionAffinity {
		class := s.c.n.timeouts.get(strconv.Itoa(svc.AffinitySeconds))
		if class > maxAffinity {
			return 0, fmt.Errorf("%s: more than %d different session affinity timeouts", svc.Object(), maxAffinity)
		}
		s.c.timeouts[class] = svc.AffinitySeconds
		list |= class << affShift
	}
	if err := s.list(p, f, name, list, model.ClusterList, before); err != nil {
		return 0, err
	}
	if s.anyLocal(svc) {
		if err := s.list(p, f, name, list|hereBit, model.LocalList, before); err != nil {
			return 0, err
		}
	}
	return list, nil
}

// anyLocal reports whether some front of the Service may take local endpoints.
func (s *services) anyLocal(svc *cluster.Service) bool {
	for _, f := range s.c.m.Services.Of(svc) {
		if f.Local() {
			return true
		}
	}
	return false
}

// list is one list of endpoints: how many, and who is in which slot. Endpoints
// that were in a slot before stay there.
func (s *services) list(p *part, f *service.Front, name string, list uint32, which model.List, before *part) error {
	backends, outcome := s.c.m.Choose(f, model.Trip{List: which}, s.c.node, false)
	origins := []flow.Origin{f.Origin()}
	words := fmt.Sprintf("%s/%s:%s", f.Service.Namespace, f.Service.Name, f.Words())
	count := uint32(len(backends))
	switch outcome {
	case model.Chosen:
		if count == 0 || count >= maxCount {
			return fmt.Errorf("%s: %d endpoints in one list", f.Service.Object(), count)
		}
		s.c.counts[count] = true
	case model.DropNotLocal:
		count = listSilent
	case model.RejectEmpty:
		count = listRefuses
	default:
		s.c.left = append(s.c.left, Left{Object: f.Service.Object(), Why: "its endpoints are not in the input"})
		count = listSilent
	}
	at := key(nil).number(list)
	p.add(s.set("lists"), Element{Key: string(at), Data: string(key(nil).number(count)), Comment: short(words), Origins: origins})
	now := make([]uint32, 0, len(backends))
	ids := map[uint32]*service.Backend{}
	for _, b := range backends {
		id := s.c.n.endpoints.get(name + " " + b.Addr.String())
		now = append(now, id)
		ids[id] = b
	}
	for i, id := range inSlots(slotsOf(before, at, s.set("slots")), now) {
		b := ids[id]
		p.add(s.set("slots"), Element{Key: string(at[:4:4].number(uint32(i))), Data: string(key(nil).number(id)), Origins: origins})
		if list&affMask != 0 {
			p.add(s.set("members"), Element{Key: string(at[:4:4].number(id)), Origins: origins})
		}
		if which == model.ClusterList || !s.has(p, "endpoints", id) {
			s.endpoint(p, id, b, origins)
		}
	}
	return nil
}

// endpoint is where an endpoint's number leads, and whether a packet that comes
// from that very address is masqueraded here.
func (s *services) endpoint(p *part, id uint32, b *service.Backend, origins []flow.Origin) {
	words := b.Addr.String()
	if b.Pod.Kind != "" {
		words = b.Pod.Namespace + "/" + b.Pod.Name
	}
	p.add(s.set("endpoints"), Element{
		Key: string(key(nil).number(id)), Data: string(key(nil).addr(b.Addr.Addr()).port(b.Addr.Port())), Comment: short(words), Origins: origins,
	})
	if s.c.m.HairpinMasquerades(s.c.node, b) {
		p.add(s.set("hairpins"), Element{Key: string(key(nil).addr(b.Addr.Addr()).number(id)), Origins: origins})
	}
}

func (s *services) has(p *part, set string, id uint32) bool {
	k := string(key(nil).number(id))
	for _, r := range p.rows {
		if r.set.Name == set && r.element.Key == k {
			return true
		}
	}
	return false
}

// slotsOf are the numbers in the slots of a list of the program before.
func slotsOf(before *part, list key, slots *Set) []uint32 {
	if before == nil {
		return nil
	}
	var out []uint32
	for _, r := range before.rows {
		if r.set.Name != slots.Name || r.element.Key[:4] != string(list) {
			continue
		}
		i := numberAt(r.element.Key, 4)
		for uint32(len(out)) <= i {
			out = append(out, 0)
		}
		out[i] = numberAt(r.element.Data, 0)
	}
	return out
}

func numberAt(s string, i int) uint32 {
	return uint32(s[i])<<24 | uint32(s[i+1])<<16 | uint32(s[i+2])<<8 | uint32(s[i+3])
}

// inSlots keeps everybody who stays where they are, fills the holes with who is
// new and then with the last ones.
func inSlots(before, now []uint32) []uint32 {
	there := map[uint32]bool{}
	for _, id := range now {
		there[id] = true
	}
	out := make([]uint32, len(now))
	placed := map[uint32]bool{}
	for i, id := range before {
		if i < len(out) && there[id] && !placed[id] {
			out[i], placed[id] = id, true
		}
	}
	hole := 0
	for _, id := range now {
		if placed[id] {
			continue
		}
		for out[hole] != 0 {
			hole++
		}
		out[hole] = id
	}
	return out
}

// comment names the front's Service port.
func comment(f *service.Front) string {
	return short(fmt.Sprintf("%s/%s:%s %s", f.Service.Namespace, f.Service.Name, f.Words(), f.Kind))
}

// nodeRows are the rows that no Service brings: by what a packet is known as
// this node's, a pod's or a Service's.
func (s *services) nodeRows() *part {
	p := &part{name: "node"}
	if a := s.c.m.NodePortAddress(s.c.node, s.v6); a.IsValid() {
		p.add(s.set("node-addresses"), Element{Key: string(key(nil).addr(a))})
	}
	for _, r := range s.c.m.PodRanges(s.v6) {
		p.add(s.set("pod-range"), rangeElement(r.First, r.Last))
	}
	for _, r := range s.c.m.ServiceRanges(s.v6) {
		p.add(s.set("service-range"), rangeElement(r.First, r.Last))
	}
	return p
}

func rangeElement(first, last netip.Addr) Element {
	return Element{Key: string(key(nil).addr(first)), End: string(key(nil).addr(last))}
}
