//go:build linux

package proof

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/kernel"
	"github.com/portolan-net/portolan/nft"
	"github.com/portolan-net/portolan/policy"
)

// log is what our rules say of packets they deny, on every node.
type log struct {
	rules *Rules
	nodes map[string]*kernel.Drops
	heard []heard // all that was logged
	by    map[group][]flow.Origin
}

// group is a policy group of a node's program.
type group struct {
	program *nft.Program
	family  nft.Family
	number  uint32
}

// heard is a packet that was logged.
type heard struct {
	Drop
	from netip.AddrPort // with its port
}

// Log listens on every node.
func (r *Rules) Log() (*log, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &log{rules: r, nodes: map[string]*kernel.Drops{}, by: map[group][]flow.Origin{}}
	for name, node := range r.nodes {
		d, err := node.handle.Drops(nft.LogGroup)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("node/%s: %w", name, err), l.close())
		}
		l.nodes[name] = d
	}
	return l, nil
}

func (l *log) close() error {
	if l == nil {
		return nil
	}
	var errs []error
	for d := range maps.Values(l.nodes) {
		errs = append(errs, d.Close())
	}
	clear(l.nodes)
	return errors.Join(errs...)
}

// forget lets go of what was logged.
func (l *log) forget() {
	if l != nil {
		l.heard = nil
	}
}

// read takes what was logged since the last time.
func (l *log) read() error {
	for _, name := range slices.Sorted(maps.Keys(l.nodes)) {
		all, err := l.nodes[name].Pending()
		if err != nil {
			return fmt.Errorf("node/%s: %w", name, err)
		}
		p := l.rules.Program(name)
		for i := range all {
			if d, ok := l.dropOf(name, &all[i], p); ok {
				l.heard = append(l.heard, heard{d, all[i].Tuple.Src})
			}
		}
	}
	return nil
}

// dropOf joins a line of the log with the program: the packet's mark is the
// number of the group that denies.
func (l *log) dropOf(node string, k *kernel.Drop, p *nft.Program) (Drop, bool) {
	d := Drop{Node: node, Direction: policy.Ingress, Tuple: portless(k.Tuple), Packets: 1}
	switch k.Prefix {
	case nft.LogIngress:
	case nft.LogEgress:
		d.Direction = policy.Egress
	default:
		return d, false
	}
	g := group{p, familyOf(k.Tuple), k.Mark}
	by, known := l.by[g]
	if !known {
		if e := p.Group(g.family, g.number); e != nil {
			by = e.Origins
		}
		l.by[g] = by
	}
	d.By = by
	return d, true
}

func familyOf(t flow.Tuple) nft.Family {
	if t.Dst.Addr().Is6() {
		return nft.IPv6
	}
	return nft.IPv4
}

// hear gives what was logged to the flights that it is about. A masqueraded
// packet has another port than its connection, so where a flight is predicted to
// be denied, place and addresses must do.
func (s *Session) hear(flights []*flight) error {
	if s.log == nil {
		return nil
	}
	if err := s.log.read(); err != nil {
		return err
	}
	at := map[place][]Drop{}
	byPort := map[netip.AddrPort][]Drop{}
	for _, h := range s.log.heard {
		at[h.place()] = append(at[h.place()], h.Drop)
		byPort[h.from] = append(byPort[h.from], h.Drop)
	}
	for _, f := range flights {
		var found []Drop
		for i := range f.denied {
			found = append(found, at[f.denied[i].place()]...)
		}
		for _, own := range f.strange {
			found = append(found, byPort[own]...)
		}
		f.drops = merge(nil, found)
	}
	return nil
}
