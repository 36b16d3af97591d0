package explain

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

// Alternative is a tighter fix and what it costs.
type Alternative struct {
	Name     string // as --alternative calls it: local, nodes
	What     flow.Reason
	After    Tally
	Policies []*cluster.NetworkPolicy
	Edits    []Edit
	Prices   []flow.Reason
}

// Alternatives are the words of --alternative.
var Alternatives = []string{"local", "nodes"}

// Alternative returns the one of that name, or nil.
func (f *Fix) Alternative(name string) *Alternative {
	for i := range f.Alternatives {
		if f.Alternatives[i].Name == name {
			return &f.Alternatives[i]
		}
	}
	return nil
}

// alternatives walks the ways to admit less where the fix admits everybody,
// because policy sees addresses.
func (r *repair) alternatives() []Alternative {
	var out []Alternative
	for i, g := range r.groups() {
		if !g.fromAnywhere() || i >= len(r.policies) {
			continue
		}
		if a := r.local(g, i); a != nil {
			out = append(out, *a)
		}
		if a := r.nodes(g, i); a != nil {
			out = append(out, *a)
		}
	}
	return out
}

// clients are the blocks of the clients the question asks from. known is false
// where a stand-in asks, whose address means nothing.
func (r *repair) clients() (list []string, known bool) {
	known = true
	for i := range r.before.Traces {
		t := &r.before.Traces[i]
		if a := clientOf(t); a.IsValid() {
			known = known && !assumedClient(t)
			if b := hostPrefix(a).String(); !slices.Contains(list, b) {
				list = append(list, b)
			}
		}
	}
	return list, known
}

// internalIPs are the addresses that Node objects show.
func (r *repair) internalIPs(v6 bool) []string {
	var out []string
	for i := range r.m.Snapshot.Nodes {
		if a := r.m.Snapshot.Nodes[i].IP(v6); a.IsValid() {
			out = append(out, hostPrefix(a).String())
		}
	}
	return out
}

// localEdit is externalTrafficPolicy Local, where it is not and would count:
// for clients outside, at an address they use.
func (r *repair) localEdit(g *denialGroup) *Edit {
	if g.front == nil || !g.front.Kind.External() || g.service.ExternalTrafficPolicy == cluster.PolicyLocal {
		return nil
	}
	if list, _ := r.clients(); len(list) == 0 {
		return nil
	}
	svc := r.original(g.service)
	if svc.Type != cluster.ServiceLoadBalancer && svc.Type != cluster.ServiceNodePort {
		return nil
	}
	return &Edit{Service: svc, External: cluster.PolicyLocal}
}

// local admits the clients by their own addresses, which Local keeps.
func (r *repair) local(g *denialGroup, i int) *Alternative {
	list, known := r.clients()
	if len(list) == 0 || !known || g.front == nil || !g.front.Kind.External() {
		return nil
	}
	a := &Alternative{Name: "local", What: flow.Because(flow.CodeAltLocal, blockWords(list)), Edits: r.edits}
	if e := r.localEdit(g); e != nil {
		a.Edits = mergeEdit(r.edits, *e)
	} else {
		a.What = flow.Because(flow.CodeAltClients, blockWords(list))
	}
	answer := r.walkAlternative(a, g, i, list)
	if answer == nil {
		return nil
	}
	var dead []string
	for j := range answer.Traces {
		if answer.Traces[j].Fate == flow.NoLocalEndpoint {
			dead = append(dead, answer.Traces[j].Firsts()...)
		}
	}
	if len(dead) > 0 {
		a.Prices = append(a.Prices, flow.Because(flow.CodePriceDead, fewNames(dead)))
	}
	if others := r.sharers(g); len(others) > 0 && len(a.Edits) > len(r.edits) {
		a.Prices = append(a.Prices, flow.Because(flow.CodePriceShared, g.front.Addr.String(), fewNames(others)))
	}
	a.Prices = append(a.Prices, flow.Because(flow.CodePriceClients))
	return a
}

// sharers are the other Services on the address asked.
func (r *repair) sharers(g *denialGroup) []string {
	var out []string
	if !g.front.Addr.IsValid() {
		return nil
	}
	for _, o := range r.m.Services.Owners(g.front.Addr) {
		if o.Object() != g.service.Object() {
			out = append(out, o.Namespace+"/"+o.Name)
		}
	}
	return out
}

// nodes admits the addresses that nodes put on what they masquerade, and the
// clients, whom the pod's own node shows as they are.
func (r *repair) nodes(g *denialGroup, i int) *Alternative {
	v6 := g.peers[0].Addr.Is6()
	toward := []cluster.Toward{cluster.TowardRemotePods}
	if r.m.Profile.Policy.AfterSNAT {
		toward = append(toward, cluster.TowardLocalPods)
	}
	var list []string
	for j := range r.m.Snapshot.Nodes {
		for _, t := range toward {
			if a := r.m.Profile.SourceOf(r.m.Snapshot.Nodes[j].Name, t, v6); a.IsValid() && !slices.Contains(list, hostPrefix(a).String()) {
				list = append(list, hostPrefix(a).String())
			}
		}
	}
	clients, known := r.clients()
	masqueraded := slices.ContainsFunc(g.peers, func(p policy.Party) bool { return p.Pod == nil && r.m.Home(p.Addr) != "" })
	if !known || !masqueraded || len(list) == 0 {
		return nil
	}
	a := &Alternative{Name: "nodes", What: flow.Because(flow.CodeAltNodes, blockWords(list)), Edits: r.edits}
	if len(clients) > 0 {
		a.What = flow.Because(flow.CodeAltNodesClients, blockWords(list), blockWords(clients))
	}
	if r.walkAlternative(a, g, i, append(list, clients...)) == nil {
		return nil
	}
	a.Prices = append(r.through(a.Edits, a.Policies, g), flow.Because(flow.CodePriceNodes))
	return a
}

// through proves who else gets in by a node: somebody nobody has heard of.
func (r *repair) through(edits []Edit, policies []*cluster.NetworkPolicy, g *denialGroup) []flow.Reason {
	if g.front == nil || !g.front.Kind.External() {
		return nil
	}
	m, err := changed(r.m, edits, policies)
	if err != nil {
		return nil
	}
	for i := range r.m.Snapshot.Nodes {
		n := r.m.Snapshot.Nodes[i].Name
		for _, s := range strangers {
			q := path.Question{From: "external/" + s.String(), To: r.q.To, Via: n, Namespace: r.q.Namespace}
			if answer, err := path.Ask(m, q); err == nil && answer.Verdict == flow.Reachable {
				return []flow.Reason{flow.Because(flow.CodePriceThrough, s.String(), n)}
			}
		}
	}
	return nil
}

// walkAlternative puts the blocks into the policy and asks.
func (r *repair) walkAlternative(a *Alternative, g *denialGroup, i int, list []string) *path.Answer {
	a.Policies = slices.Clone(r.policies)
	a.Policies[i] = g.withPeers(r.policies[i], blocks(list)...)
	_, answer := r.try(a.Edits, a.Policies)
	if answer == nil || answer.Verdict != flow.Reachable && answer.Verdict != flow.Depends {
		return nil
	}
	a.After = tally(answer)
	return answer
}

// blocks are peers out of prefixes as text, which are our own.
func blocks(list []string) []cluster.PolicyPeer {
	out := make([]cluster.PolicyPeer, 0, len(list))
	for _, s := range list {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, cluster.PolicyPeer{IPBlock: &cluster.IPBlock{CIDR: p}})
		}
	}
	return out
}
