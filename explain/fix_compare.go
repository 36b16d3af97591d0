package explain

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

// comparison is two Models and the packets on which they are compared.
type comparison struct {
	before, after *model.Model
	peers         []otherEnd
	ports         map[flow.Protocol][]uint16
	numbers       int
	// tell is what must be told apart although no policy does: whether a pod is
	// one of those that a policy is written for.
	tell func(*cluster.Pod) string
	// left counts the kinds of peers beyond the bound.
	left int
}

func newComparison(before, after *model.Model, tell func(*cluster.Pod) string) *comparison {
	c := &comparison{before: before, after: after, ports: mentionedPorts(after.Snapshot), tell: tell}
	for _, list := range c.ports {
		c.numbers += len(list)
	}
	c.addPeers()
	return c
}

// run judges every packet under both Models. A pod that none of the changed
// policies selects is judged by the same policies as before, so it is left out;
// pods of one class fare alike, and one stands for them.
func (c *comparison) run(touched []*cluster.NetworkPolicy) []difference {
	var out []difference
	seen := map[podKind]bool{}
	for i := range c.after.Snapshot.Pods {
		p := &c.after.Snapshot.Pods[i]
		if p.HostNetwork || p.Finished() || !selectedByAny(p, touched) || seen[c.kindOf(p)] {
			continue
		}
		seen[c.kindOf(p)] = true
		for _, d := range []policy.Direction{policy.Ingress, policy.Egress} {
			out = append(out, c.subject(p, d)...)
		}
	}
	return out
}

// podKind is equal for pods of which one stands for all.
type podKind struct {
	class int
	told  string
}

func (c *comparison) kindOf(p *cluster.Pod) podKind {
	return podKind{c.after.Policies.ClassOf(p), c.tell(p)}
}

// classMates names the pods that p stands for.
func (c *comparison) classMates(p *cluster.Pod) []string {
	var names []string
	kind := c.kindOf(p)
	for i := range c.after.Snapshot.Pods {
		if o := &c.after.Snapshot.Pods[i]; !o.HostNetwork && !o.Finished() && c.kindOf(o) == kind {
			names = append(names, o.Namespace+"/"+o.Name)
		}
	}
	return names
}

func selectedByAny(p *cluster.Pod, policies []*cluster.NetworkPolicy) bool {
	return slices.ContainsFunc(policies, func(np *cluster.NetworkPolicy) bool {
		return np.Namespace == p.Namespace && np.PodSelector.Matches(p.Labels)
	})
}

func (c *comparison) subject(p *cluster.Pod, d policy.Direction) []difference {
	var out []difference
	like := c.classMates(p)
	own := policy.Party{Pod: p}
	if len(p.IPs) > 0 {
		own.Addr = p.IPs[0]
	}
	for _, proto := range []flow.Protocol{flow.TCP, flow.UDP, flow.SCTP} {
		for _, port := range c.ports[proto] {
			for _, o := range c.peers {
				q := policy.Question{Direction: d, Subject: own, Peer: o.Party, Protocol: proto, Port: port}
				was, now := c.before.Policies.Judge(q).Verdict.Allowed(), c.after.Policies.Judge(q).Verdict.Allowed()
				if was != now {
					out = append(out, difference{p, like, d, o, proto, port, now})
				}
			}
		}
	}
	return out
}

// mentionedPorts are all ports that policies, Services and pods name, and their
// neighbours.
func mentionedPorts(s *cluster.Snapshot) map[flow.Protocol][]uint16 {
	all := map[flow.Protocol][]uint16{}
	add := func(proto flow.Protocol, n uint16) {
		for _, p := range []uint16{n - 1, n, n + 1} {
			if n != 0 && p != 0 {
				all[proto] = append(all[proto], p)
			}
		}
	}
	for i := range s.NetworkPolicies {
		p := &s.NetworkPolicies[i]
		for _, r := range slices.Concat(p.Ingress, p.Egress) {
			for _, pp := range r.Ports {
				add(pp.Protocol, pp.Port.Number)
				add(pp.Protocol, pp.EndPort)
			}
		}
	}
	for i := range s.Services {
		for _, p := range s.Services[i].Ports {
			add(p.Protocol, p.Port)
			add(p.Protocol, p.TargetPort.Number)
			add(p.Protocol, p.NodePort)
		}
	}
	for i := range s.Pods {
		for _, p := range s.Pods[i].Ports {
			add(p.Protocol, p.Port)
		}
	}
	for proto := range all {
		slices.Sort(all[proto])
		all[proto] = slices.Compact(all[proto])
	}
	return all
}

// maxPeers bounds the kinds of peers that are compared.
const maxPeers = 20000

// peerKey is equal for peers that no policy of either cluster tells apart.
type peerKey struct {
	podKind
	before, after int32 // atoms of the address
}

// addPeers collects pods by class, every address a node uses, the clients, and
// an address of every outside range that policies tell apart.
func (c *comparison) addPeers() {
	seen := map[peerKey]int{}
	add := func(o otherEnd, kind podKind) {
		k := peerKey{kind, c.before.Policies.Atom(o.Addr), c.after.Policies.Atom(o.Addr)}
		i, known := seen[k]
		switch {
		case known:
			c.peers[i].like = append(c.peers[i].like, o.name)
		case !o.Addr.IsValid():
		case len(c.peers) == maxPeers:
			c.left++
		default:
			seen[k] = len(c.peers)
			o.like = []string{o.name}
			c.peers = append(c.peers, o)
		}
	}
	s := c.after.Snapshot
	for _, a := range c.clients() {
		add(otherEnd{Party: policy.Party{Addr: a}, kind: peerClient, name: a.String()}, podKind{class: -1})
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		m := c.after.Profile.Nodes[n.Name]
		for _, a := range slices.Concat(n.InternalIPs, n.OtherIPs, m.All()) {
			add(otherEnd{Party: policy.Party{Addr: a}, kind: peerNode, name: a.String()}, podKind{class: -2})
		}
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		if p.HostNetwork || p.Finished() {
			continue
		}
		for _, a := range p.IPs {
			add(otherEnd{Party: policy.Party{Addr: a, Pod: p}, kind: peerPod, name: p.Namespace + "/" + p.Name}, c.kindOf(p))
		}
	}
}

// strangers are addresses that belong to nobody (RFC 2544, RFC 3849).
var strangers = []netip.Addr{netip.MustParseAddr("198.18.0.1"), netip.MustParseAddr("2001:db8:ffff::1")}

func (c *comparison) clients() []netip.Addr {
	all := slices.Clone(strangers)
	for _, cl := range c.after.Snapshot.Fabric.Clients {
		all = append(all, cl.Addresses...)
	}
	for i := range c.after.Snapshot.NetworkPolicies {
		p := &c.after.Snapshot.NetworkPolicies[i]
		for _, r := range slices.Concat(p.Ingress, p.Egress) {
			for _, peer := range r.Peers {
				if b := peer.IPBlock; b != nil {
					for _, x := range append([]netip.Prefix{b.CIDR}, b.Except...) {
						all = append(all, x.Masked().Addr(), x.Masked().Addr().Next())
					}
				}
			}
		}
	}
	return slices.DeleteFunc(all, func(a netip.Addr) bool {
		return !a.IsValid() || c.after.Home(a) != "" || c.after.Index.PodByIP(a) != nil || c.after.Profile.InClusterCIDR(a)
	})
}
