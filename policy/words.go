package policy

import (
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Description is one NetworkPolicy taken apart for people, still as data: whom
// it isolates, whom its rules let in and out, and what people trip over. The
// words are the report's.
type Description struct {
	Policy *cluster.NetworkPolicy
	// Subjects are the pods its podSelector selects.
	Subjects Peer
	// Sides are ingress, then egress.
	Sides [2]Side
	Notes []flow.Reason
}

// Side is one direction of a policy.
type Side struct {
	Direction Direction
	// Isolates is whether policyTypes names the direction. Where it does not,
	// the Rules have no effect.
	Isolates bool
	Rules    []Rule
}

// Rule is one ingress or egress rule: each of Peers on each of Ports. Peers is
// never empty, a rule for everybody has a peer of that kind; no Ports are every
// port of every protocol.
type Rule struct {
	Origin flow.Origin
	Peers  []Peer
	Ports  []Port
}

// PeerKind says how a peer is told.
type PeerKind uint8

// The kinds of peer. The zero value is none.
const (
	PeerNone PeerKind = iota
	// PeerEverybody: the rule names no peer, so it holds for all: "If this field
	// is empty or missing, this rule matches all sources".
	PeerEverybody
	// PeerPods: pods of one namespace, the policy's own.
	PeerPods
	// PeerNamespaces: pods of the namespaces a selector selects.
	PeerNamespaces
	// PeerBlock: addresses.
	PeerBlock
)

// String is the kind's name in JSON.
func (k PeerKind) String() string {
	return [...]string{"none", "everybody", "pods", "namespaces", "ipBlock"}[k]
}

// Peer is one entry of from or to, and who of the input that is.
type Peer struct {
	Kind   PeerKind
	Origin flow.Origin

	Namespace         string                 // PeerPods
	NamespaceSelector *cluster.LabelSelector // PeerNamespaces
	PodSelector       *cluster.LabelSelector // nil or empty: all pods

	Block  *cluster.IPBlock
	Ranges []Range // of the Block, worked out

	// Known are the live pods of the input that are meant; for a Block those
	// with an address in it. All is true instead of a list of every pod there is.
	Known []*cluster.Pod
	All   bool
	// Perhaps are pods of namespaces whose labels are not known.
	Perhaps []*cluster.Pod
	// Host are hostNetwork pods whose labels match: no policy takes them for
	// pods.
	Host []*cluster.Pod
	// Nodes are the nodes with an address in the Block.
	Nodes []string
}

// Port is one entry of ports: First to Last, or by Name, or neither and then
// every port of Protocol.
type Port struct {
	Protocol    flow.Protocol
	First, Last uint16
	Name        string
	// Numbers are what the Name stands for on the known pods that serve it.
	Numbers []NamedPort
}

// NamedPort is a number that pods give to a port name.
type NamedPort struct {
	Number uint16
	Pods   []*cluster.Pod
}

// Describe takes a policy of the snapshot apart.
func (d *Describer) Describe(p *cluster.NetworkPolicy) *Description {
	out := &Description{Policy: p, Subjects: Peer{
		Kind: PeerPods, Origin: origin(p, "spec.podSelector", p.Position),
		Namespace: p.Namespace, PodSelector: &p.PodSelector,
	}}
	d.find(&out.Subjects)
	out.Sides = [2]Side{
		d.side(p, Ingress, p.IsolatesIngress, &out.Subjects),
		d.side(p, Egress, p.IsolatesEgress, &out.Subjects),
	}
	out.Notes = d.notes(out)
	return out
}

func (d *Describer) side(p *cluster.NetworkPolicy, dir Direction, isolates bool, subjects *Peer) Side {
	s := Side{Direction: dir, Isolates: isolates}
	rules, field := dir.rules(p)
	for i := range rules {
		at := field + "[" + strconv.Itoa(i) + "]"
		r := Rule{Origin: origin(p, at, rules[i].Position)}
		r.Peers = d.peers(p, &rules[i], dir, at)
		for j := range rules[i].Ports {
			server := []Peer{*subjects}
			if dir == Egress {
				server = r.Peers
			}
			r.Ports = append(r.Ports, d.port(&rules[i].Ports[j], server))
		}
		s.Rules = append(s.Rules, r)
	}
	return s
}

func (d *Describer) peers(p *cluster.NetworkPolicy, r *cluster.PolicyRule, dir Direction, at string) []Peer {
	if len(r.Peers) == 0 {
		return []Peer{{Kind: PeerEverybody, Origin: origin(p, at, r.Position), All: true}}
	}
	list := map[Direction]string{Ingress: "from", Egress: "to"}[dir]
	peers := make([]Peer, 0, len(r.Peers))
	for i := range r.Peers {
		pp := &r.Peers[i]
		x := Peer{
			Kind: PeerPods, Origin: origin(p, at+"."+list+"["+strconv.Itoa(i)+"]", pp.Position),
			Namespace: p.Namespace, PodSelector: pp.PodSelector,
		}
		switch {
		case pp.IPBlock != nil:
			x.Kind, x.Namespace, x.Block, x.Ranges = PeerBlock, "", pp.IPBlock, BlockRanges(pp.IPBlock)
		case pp.NamespaceSelector != nil:
			x.Kind, x.Namespace, x.NamespaceSelector = PeerNamespaces, "", pp.NamespaceSelector
		}
		d.find(&x)
		peers = append(peers, x)
	}
	return peers
}

// port reads one entry of ports; a name is looked up on the pods that serve it.
func (d *Describer) port(pp *cluster.PolicyPort, servers []Peer) Port {
	x := Port{Protocol: pp.Protocol, Name: pp.Port.Name, First: pp.Port.Number, Last: max(pp.Port.Number, pp.EndPort)}
	if x.Name == "" {
		return x
	}
	x.First, x.Last = 0, 0
	at := map[uint16]int{}
	seen := map[*cluster.Pod]bool{}
	for i := range servers {
		for _, pod := range d.members(&servers[i]) {
			if seen[pod] {
				continue
			}
			seen[pod] = true
			numbers := pod.PortNumbers(x.Protocol, x.Name)
			slices.Sort(numbers)
			for _, n := range slices.Compact(numbers) {
				k, ok := at[n]
				if !ok {
					k = len(x.Numbers)
					at[n] = k
					x.Numbers = append(x.Numbers, NamedPort{Number: n})
				}
				x.Numbers[k].Pods = append(x.Numbers[k].Pods, pod)
			}
		}
	}
	return x
}
