//go:build linux

package proof

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/kernel"
	"github.com/portolan-net/portolan/nft"
	"github.com/portolan-net/portolan/path"
)

// Tracer receives the rule trace of every node. Close it.
type Tracer struct {
	rules *Rules
	nodes map[string]*kernel.Trace
}

// Trace listens to the rule trace of every node. The rules must have been printed
// with Options.Trace.
func (r *Rules) Trace() (*Tracer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &Tracer{rules: r, nodes: map[string]*kernel.Trace{}}
	for name, node := range r.nodes {
		one, err := node.handle.Trace()
		if err != nil {
			return nil, errors.Join(fmt.Errorf("node/%s: %w", name, err), t.Close())
		}
		t.nodes[name] = one
	}
	return t, nil
}

// Close stops listening.
func (t *Tracer) Close() error {
	var errs []error
	for one := range maps.Values(t.nodes) {
		errs = append(errs, one.Close())
	}
	clear(t.nodes)
	return errors.Join(errs...)
}

// Roads are what was traced until now, in the order in which the question's
// packets come to the nodes; roads that are the same as one.
func (t *Tracer) Roads(q path.Question) ([]Road, error) {
	var all []Road
	for _, name := range slices.Sorted(maps.Keys(t.nodes)) {
		events, err := t.nodes[name].Pending()
		if err != nil {
			return nil, fmt.Errorf("node/%s: %w", name, err)
		}
		rules, err := t.rules.Handle(name).Rules()
		if err != nil {
			return nil, fmt.Errorf("node/%s: %w", name, err)
		}
		p := t.rules.Program(name)
		kernel.Join(events, rules, p)
		all = append(all, roadsOf(name, events, p)...)
	}
	depth := t.rules.depths(q)
	slices.SortStableFunc(all, func(a, b Road) int { return cmp.Compare(depth[a.Node], depth[b.Node]) })
	return all, nil
}

// depths says for each node of a question's paths how far from the start it is.
func (r *Rules) depths(q path.Question) map[string]int {
	depth := map[string]int{}
	a, err := path.Walk(r.m, q)
	if err != nil {
		return depth
	}
	for i := range a.Traces {
		for n, h := range a.Traces[i].Hops {
			if h.Machine.Kind == flow.MachineNode {
				depth[h.Machine.Name] = max(depth[h.Machine.Name], n)
			}
		}
	}
	return depth
}

func roadsOf(node string, events []kernel.Event, p *nft.Program) []Road {
	var all []Road
	at := map[string]int{}
	for _, packet := range kernel.Packets(events) {
		r, ok := roadOf(node, packet, p)
		if !ok {
			continue
		}
		key := fmt.Sprint(r)
		if i, there := at[key]; there {
			all[i].Packets++
			continue
		}
		at[key] = len(all)
		all = append(all, r)
	}
	return all
}

// roadOf reads one packet's events. It is false for what is no connection's.
func roadOf(node string, events []kernel.Event, p *nft.Program) (Road, bool) {
	r := Road{Node: node, Packets: 1}
	first := slices.IndexFunc(events, func(e kernel.Event) bool { return e.Told })
	if first < 0 || events[first].Packet.Tuple.Protocol == flow.ProtocolUnknown {
		return r, false
	}
	seen := events[first].Packet.Tuple
	r.Tuple = portless(seen)
	reader := p.Reader(familyOf(seen))
	for i := range events {
		e := &events[i]
		if e.Told {
			seen = e.Packet.Tuple
		}
		if e.Table != nft.TableName || strings.HasPrefix(e.Chain, "trace-") {
			continue
		}
		r.Verdict = e.Verdict.String()
		if e.Kind != kernel.RuleEvent {
			continue
		}
		s := Stop{Chain: e.Chain, Verdict: e.Verdict.String()}
		if e.Rule != nil {
			s.Rule = e.Rule.Text
		}
		if reader != nil {
			s.Rows = rows(reader, p, s.Rule, seen, next(events[i+1:], seen))
		}
		r.Stops = append(r.Stops, s)
	}
	return r, true
}

// next is the packet as it was told next with another destination.
func next(events []kernel.Event, now flow.Tuple) flow.Tuple {
	for i := range events {
		if t := events[i].Packet.Tuple; events[i].Told && t.Dst != now.Dst {
			return t
		}
	}
	return flow.Tuple{}
}

func rows(reader *nft.Reader, p *nft.Program, rule string, now, after flow.Tuple) []Found {
	var all []Found
	for _, m := range reader.Meets(rule, now, after) {
		for _, t := range p.Tables {
			if t.Family == familyOf(now) {
				all = append(all, Found{Text: "@" + m.Set.Name + " " + t.Words(m.Set, m.Element), Origins: m.Element.Origins})
			}
		}
	}
	return all
}
