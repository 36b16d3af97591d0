package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// outside asks about clients outside alone, at every address where anything begins.
type outside struct {
	fronts
	addrs []netip.Addr
}

// What clients outside are told is what Walk says of them, also where it matters who
// exactly they are: Services that share an address are open to others, ranges end
// with addresses of nodes and pods, clients have addresses of the cluster's ranges.
func TestOutsideEqualsWalk(t *testing.T) {
	t.Parallel()
	o := outside{fronts: fronts{T: t, verdicts: map[flow.Verdict]int{}}}
	for seed := *firstSeed; o.asked < max(2000, questions(t)/6); seed++ {
		g := generate.Tangle(generate.Kind(seed%3), seed)
		g.Snapshot.Pods = slices.DeleteFunc(g.Snapshot.Pods, func(p cluster.Pod) bool { return len(p.IPs) == 0 })
		g.MorePolicies()
		g.MorePolicies()
		dataplanes(g, seed)
		tame(g)
		contest(g)
		guests(g)
		if d := g.Snapshot.Fabric.Dataplane; seed%4 == 1 && (d.Policy != "forward-only" || d.Proxy != "kube-proxy-ipvs") {
			g.Snapshot.Foreign = append(g.Snapshot.Foreign, cluster.Foreign{Object: flow.Object{Kind: "Strange", Namespace: "a", Name: "x"}, Namespace: []string{"", "a"}[g.IntN(2)], DenyOnly: g.IntN(2) == 0})
		}
		o.seed, o.m = seed, compile(t, g)
		o.c = Compile(o.m)
		o.addresses()
		g.Shuffle(len(o.addrs), func(i, j int) { o.addrs[i], o.addrs[j] = o.addrs[j], o.addrs[i] })
		o.addrs = o.addrs[:min(6, len(o.addrs))]
		for i := range g.Snapshot.Services {
			for _, f := range o.m.Services.Of(&g.Snapshot.Services[i]) {
				front := Front{Front: f, Outside: o.c.asked(f).fromOutside()}
				o.front(&front)
			}
		}
	}
	t.Logf("%d questions: %v; %d ways through one node", o.asked, o.verdicts, o.via)
}

// contest lets Services have an address and port together, each open to others.
func contest(g *generate.Tangled) {
	var first *cluster.Service
	for i := range g.Snapshot.Services {
		svc := &g.Snapshot.Services[i]
		if svc.Type != cluster.ServiceLoadBalancer {
			continue
		}
		if g.IntN(2) == 0 {
			svc.SourceRanges = nil
			for _, r := range []string{
				"203.0.113.0/25", "203.0.113.128/25", "198.18.0.0/24", "10.0.0.8/30", "10.0.0.12/31", "192.168.0.112/28", "10.9.0.0/29", "127.0.0.0/8", "0.0.0.0/32",
				"2001:db8:113::/120", "fd00::/123", "fd00:168::/116", "::/127",
			} {
				if g.IntN(3) == 0 {
					svc.SourceRanges = append(svc.SourceRanges, netip.MustParsePrefix(r))
				}
			}
		}
		switch {
		case first == nil:
			first = svc
		case first.Ports[0].Protocol == svc.Ports[0].Protocol && g.IntN(3) > 0:
			svc.Ingress, svc.Ports = first.Ingress, svc.Ports[:1]
			svc.Ports[0].Port = first.Ports[0].Port
		}
	}
}

// guests are clients whom the ranges of outside do not hold, or some of them.
func guests(g *generate.Tangled) {
	for i, addrs := range [][]string{{"10.244.200.5", "fd00:244:200::5"}, {"10.96.0.200"}, {"fd00:96::200", "10.0.0.9"}, {"2001:db8:113::55"}, {"198.18.0.7"}} {
		c := cluster.Client{Name: fmt.Sprint("guest", i)}
		for _, a := range addrs {
			c.Addresses = append(c.Addresses, netip.MustParseAddr(a))
		}
		g.Snapshot.Fabric.Clients = append(g.Snapshot.Fabric.Clients, c)
	}
}

// addresses are those of nobody in particular at which blocks, source ranges or the
// cluster's own ranges begin, or behind which they end.
func (o *outside) addresses() {
	s := o.m.Snapshot
	o.addrs = append(addressesOf(s), netip.MustParseAddr("203.0.113.77"), netip.MustParseAddr("2a00::1"))
	add := func(list []netip.Prefix) {
		for _, p := range list {
			last := cluster.LastAddr(p)
			o.addrs = append(o.addrs, p.Addr(), p.Addr().Next(), last.Prev(), last, last.Next())
		}
	}
	add(o.m.Profile.ClusterCIDRs)
	add(o.m.Profile.ServiceCIDRs)
	for i := range s.Services {
		add(s.Services[i].SourceRanges)
	}
	o.addrs = slices.DeleteFunc(o.addrs, func(a netip.Addr) bool {
		return !isClients(a) || o.m.Index.PodByIP(a) != nil || o.m.Index.NodeByIP(a) != nil || o.inside(a)
	})
	slices.SortFunc(o.addrs, compareAddr)
	o.addrs = slices.Compact(o.addrs)
}

// isClients: some client may have the address.
func isClients(a netip.Addr) bool { return a.IsValid() && !a.IsLoopback() && !a.IsUnspecified() }

func (o *outside) inside(a netip.Addr) bool {
	return slices.ContainsFunc(slices.Concat(o.m.Profile.ClusterCIDRs, o.m.Profile.ServiceCIDRs), func(p netip.Prefix) bool { return p.Contains(a) })
}

func (o *outside) front(front *Front) {
	o.nothingEmpty(front)
	o.apart(front)
	for _, cl := range o.m.Snapshot.Fabric.Clients {
		o.client(front, cl.Name, cl.Addresses)
		if s := (start{Addrs: cl.Addresses}); !s.Addr(front.IPv6).IsValid() && o.isNamed(front, cl.Name) {
			o.Fatalf("seed %d: %s has no address of the family, and an answer", o.seed, cl.Name)
		}
	}
	for _, a := range o.addrs {
		o.client(front, a.String(), []netip.Addr{a})
	}
}

func (o *outside) isNamed(front *Front, name string) bool {
	return slices.ContainsFunc(front.Outside, func(p FromOutside) bool {
		return slices.ContainsFunc(p.Clients, func(c cluster.Client) bool { return c.Name == name })
	})
}

// apart: what fares alike is told once; nobody is told of who cannot be outside; and
// there are no more ways than Walk has.
func (o *outside) apart(front *Front) {
	o.Helper()
	var told []string
	for i := range front.Outside {
		p := &front.Outside[i]
		if len(p.Ranges) == 0 {
			continue
		}
		all := saysOf(&p.Answer)
		var via []string
		for j := range p.Via {
			via = append(via, saysOf(&p.Via[j].Answer))
			all += fmt.Sprint(p.Via[j].Nodes.Names(), via[j])
		}
		told = append(told, all)
		if slices.Sort(via); len(slices.Compact(via)) < len(p.Via) {
			o.Fatalf("seed %d: first nodes that fare alike are told apart: %+v", o.seed, p.Via)
		}
		for _, c := range slices.Concat(o.m.Profile.ClusterCIDRs, o.m.Profile.ServiceCIDRs) {
			if inRanges(p.Ranges, c.Masked().Addr()) || inRanges(p.Ranges, cluster.LastAddr(c)) {
				o.Fatalf("seed %d: %v is inside the cluster: %v", o.seed, c, p.Ranges)
			}
		}
		if !slices.ContainsFunc(p.Ranges, func(r policy.Range) bool { return isClients(r.Last) }) {
			o.Fatalf("seed %d: told of nobody: %v", o.seed, p.Ranges)
		}
		o.ways(front, p)
	}
	if slices.Sort(told); len(slices.Compact(told)) < len(told) {
		o.Fatalf("seed %d: clients that fare alike are told apart: %+v", o.seed, front.Outside)
	}
}

// saysOf is equal for answers that say the same.
func saysOf(a *Answer) string {
	return fmt.Sprint(a.Verdict, a.Fates, a.Seen, float64(a.Delivered)/float64(max(a.Legs, 1)))
}

func (o *outside) ways(front *Front, p *FromOutside) {
	o.Helper()
	n := slices.IndexFunc(o.addrs, func(a netip.Addr) bool { return inRanges(p.Ranges, a) })
	if front.Kind == service.NodePort || n < 0 {
		return
	}
	to, _ := o.target(front, "")
	q := generate.Question{From: "external/" + o.addrs[n].String(), To: to, Protocol: front.Protocol}
	a, err := path.Walk(o.m, path.Question{From: q.From, To: q.Target()})
	if err != nil {
		o.Fatalf("seed %d: %v", o.seed, err)
	}
	if p.Legs > len(a.Traces) {
		o.Fatalf("seed %d: %v has %d ways, told of %d", o.seed, q, len(a.Traces), p.Legs)
	}
}
