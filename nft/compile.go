package nft

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// Left is an object that no row was made for, and why.
type Left struct {
	Object flow.Object
	Why    string
}

// names are the numbers of everything that has one, of one family.
type names struct {
	ports     *numbers // Service ports
	endpoints *numbers
	timeouts  *numbers // affinity timeouts; never taken back
	groups    *numbers // policy groups
	peers     *numbers
}

func (n *names) clone(sweep bool) *names {
	return &names{n.ports.clone(sweep), n.endpoints.clone(sweep), n.timeouts.clone(false), n.groups.clone(sweep), n.peers.clone(sweep)}
}

func newNames() *names {
	return &names{&numbers{}, &numbers{}, &numbers{}, &numbers{}, &numbers{}}
}

// compiler makes one program.
type compiler struct {
	m    *model.Model
	node string
	o    Options
	n    *names // of the family at work

	counts   map[uint32]bool
	timeouts map[uint32]int
	left     []Left
}

// Compile prints the model as the program of one node. With the node's program
// before, numbers and slots stay as they were, so that Diff is short; nil begins
// anew. An error is a *model.UnprintableError, a node that does not exist, or a
// limit of the layout.
func Compile(m *model.Model, node string, o Options, before *Program) (*Program, error) {
	return compile(m, node, o, before, nil)
}

// Update is Compile where it is known that nothing else than these Services, or
// their endpoints, differs from the model that before was printed from. It costs
// what they cost.
func Update(m *model.Model, before *Program, services []flow.Object) (*Program, error) {
	changed := map[flow.Object]bool{}
	for _, o := range services {
		changed[o] = true
	}
	return compile(m, before.Node, before.Options, before, changed)
}

func compile(m *model.Model, node string, o Options, before *Program, changed map[flow.Object]bool) (*Program, error) {
	if m.Index.Node(node) == nil {
		return nil, fmt.Errorf("no such Node in the input: %s", node)
	}
	if err := printable(m, o); err != nil {
		return nil, err
	}
	p := &Program{Node: node, Options: o}
	for _, f := range families(m, before) {
		var was *Table
		if before != nil {
			was = before.table(f)
		}
		c := &compiler{m: m, node: node, o: o, counts: map[uint32]bool{}, timeouts: map[uint32]int{}}
		t, err := c.compile(f, was, changed)
		if err != nil {
			return nil, err
		}
		p.Tables = append(p.Tables, t)
		p.Left = append(p.Left, c.left...)
	}
	return p, nil
}

func printable(m *model.Model, o Options) error {
	if o.Services {
		if err := m.PrintableProxy(); err != nil {
			return err
		}
	}
	if o.Policies {
		return m.PrintablePolicy()
	}
	return nil
}

// families are those that some node has an address of, and those before.
func families(m *model.Model, before *Program) []Family {
	has := map[Family]bool{}
	for i := range m.Snapshot.Nodes {
		for f, v6 := range map[Family]bool{IPv4: false, IPv6: true} {
			has[f] = has[f] || m.Snapshot.Nodes[i].IP(v6).IsValid()
		}
	}
	if before != nil {
		for _, t := range before.Tables {
			has[t.Family] = true
		}
	}
	return slices.DeleteFunc([]Family{IPv4, IPv6}, func(f Family) bool { return !has[f] })
}

func (p *Program) table(f Family) *Table {
	for _, t := range p.Tables {
		if t.Family == f {
			return t
		}
	}
	return nil
}

func (c *compiler) compile(f Family, before *Table, changed map[flow.Object]bool) (*Table, error) {
	t := &Table{Family: f}
	if before == nil {
		before, changed = &Table{names: newNames()}, nil
	}
	c.n = before.names.clone(changed == nil)
	t.names = c.n
	maps.Copy(c.timeouts, before.timeouts)
	maps.Copy(c.counts, before.counts)
	if c.o.Services {
		t.Sets = append(t.Sets, serviceSets(f)...)
	}
	if c.o.Policies {
		t.Sets = append(t.Sets, policySets(f)...)
	}
	t.reuse(before, changed)
	if c.o.Services {
		if err := c.services(t, before, changed); err != nil {
			return nil, err
		}
	}
	if c.o.Policies && changed == nil {
		if err := c.policies(t, before); err != nil {
			return nil, err
		}
	}
	t.counts, t.timeouts = c.counts, c.timeouts
	c.skeleton(t)
	c.n.settle()
	return t, nil
}

// settle ends the making of a program.
func (n *names) settle() {
	for _, x := range []*numbers{n.ports, n.endpoints, n.timeouts, n.groups, n.peers} {
		x.settle()
	}
}

// reuse takes over the parts before, where only the changed ones are made again.
func (t *Table) reuse(before *Table, changed map[flow.Object]bool) {
	if changed == nil {
		return
	}
	t.parts = slices.Clone(before.parts)
	t.named, t.sharesNames = before.named, true
}

// services makes the parts of the Services.
func (c *compiler) services(t, before *Table, changed map[flow.Object]bool) error {
	s := &services{c: c, table: t, v6: t.Family == IPv6}
	if changed != nil {
		return s.update(before, changed)
	}
	t.put(s.nodeRows())
	for i := range c.m.Snapshot.Services {
		svc := &c.m.Snapshot.Services[i]
		p, err := s.part(svc, before.part("Service/"+svc.Namespace+"/"+svc.Name))
		if err != nil {
			return err
		}
		t.put(p)
	}
	return nil
}

// update makes the parts of the changed Services again, and of those that claim
// an address they have or had.
func (s *services) update(before *Table, changed map[flow.Object]bool) error {
	todo := slices.SortedFunc(maps.Keys(changed), func(a, b flow.Object) int { return strings.Compare(a.String(), b.String()) })
	done := map[flow.Object]bool{}
	for len(todo) > 0 {
		o := todo[0]
		todo = todo[1:]
		if done[o] {
			continue
		}
		done[o] = true
		name := "Service/" + o.Namespace + "/" + o.Name
		old := before.part(name)
		if old != nil {
			todo = append(todo, s.claimants(old)...)
		}
		svc := s.c.m.Index.Service(o.Namespace, o.Name)
		if svc == nil {
			s.table.put(&part{name: name})
			continue
		}
		p, err := s.part(svc, old)
		if err != nil {
			return err
		}
		s.table.put(p)
		todo = append(todo, s.claimants(p)...)
	}
	return nil
}

// claimants are the Services that claim what is a front in the part.
func (s *services) claimants(p *part) []flow.Object {
	var all []flow.Object
	for _, r := range p.rows {
		var fronts []*service.Front
		switch r.set.Name {
		case "fronts":
			fronts = s.c.m.Services.At(frontAt(r.element.Key))
		case "nodeports":
			proto, port := portAt(r.element.Key)
			fronts = s.c.m.Services.NodePorts(s.v6, proto, port)
		}
		for _, f := range fronts {
			all = append(all, f.Service.Object())
		}
	}
	return all
}

// frontAt reads the key of a front back.
func frontAt(k string) (netip.AddrPort, flow.Protocol) {
	addr, _ := netip.AddrFromSlice([]byte(k[:len(k)-8]))
	proto, port := portAt(k[len(k)-8:])
	return netip.AddrPortFrom(addr, port), proto
}

func portAt(k string) (flow.Protocol, uint16) {
	proto := map[byte]flow.Protocol{6: flow.TCP, 17: flow.UDP, 132: flow.SCTP}[k[0]]
	return proto, uint16(k[4])<<8 | uint16(k[5])
}

// part is the part of that name, or nil.
func (t *Table) part(name string) *part {
	if i, there := t.named[name]; there {
		return t.parts[i]
	}
	return nil
}

// skeleton declares the chains, and what has grown.
func (c *compiler) skeleton(t *Table) {
	if c.o.Trace {
		t.Chains = append(t.Chains, traceChains()...)
	}
	if c.o.Services {
		t.Chains = append(t.Chains, serviceChains(t.Family, c.m)...)
		for _, n := range slices.Sorted(maps.Keys(c.counts)) {
			t.Chains = append(t.Chains, drawChain(n))
		}
		for _, class := range slices.Sorted(maps.Keys(c.timeouts)) {
			set, chains := affinity(t.Family, class, c.timeouts[class])
			t.Sets = append(t.Sets, set)
			t.Chains = append(t.Chains, chains...)
		}
	}
	if c.o.Policies {
		t.Chains = append(t.Chains, policyChains(t.Family, c.o)...)
	}
}

// traceChains let the kernel report every rule that the first packet of a
// connection meets.
func traceChains() []*Chain {
	const rule = "ct state new,untracked meta nftrace set 1"
	return []*Chain{
		base("trace-prerouting", "filter", "prerouting", "mangle", rule),
		base("trace-output", "filter", "output", "mangle", rule),
	}
}

// maxComment is what nftables takes as a comment.
const maxComment = 127

// short is a comment: printable, without quotes, and not too long.
func short(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, s)
	if len(s) > maxComment {
		s = s[:maxComment/2-1] + "..." + s[len(s)-maxComment/2+2:]
	}
	return s
}

func rangesOf(prefixes []netip.Prefix) []policy.Range {
	all := make([]policy.Range, len(prefixes))
	for i, p := range prefixes {
		all[i] = policy.RangeOf(p)
	}
	return policy.MergeRanges(all)
}
