package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

// Chart is a Model joined over the whole cluster. It remembers what it worked
// out, as does every Chart that comes from it by Replace: one reader at a time.
type Chart struct {
	m *model.Model // judged by this Chart
	*join
	groupOf [2][]int32 // by side and class; 0: not isolated
	atoms   *atoms
	active  []uint64 // policies, by number

	// made when they are needed
	units  *units
	rows   [2]*rows  // by side
	stale  [2][]span // units whose rows are not those of their groups any more
	places *places
	trips  *recording
	cuts   [2]*cuts
	parts  map[string][]part
	buffer []byte
	ways

	imagined map[netip.Addr]bool
}

// Compile joins a Model.
func Compile(m *model.Model) *Chart {
	cs := newClasses(m)
	c := &Chart{join: newJoin(newIndex(cs, m.Policies, m.Index), &m.Profile.Policy), parts: map[string][]part{}}
	for i := range m.Snapshot.NetworkPolicies {
		c.enlist(&m.Snapshot.NetworkPolicies[i])
	}
	c.atoms = newAtoms(m)
	for s := range c.groupOf {
		c.groupOf[s] = make([]int32, len(c.list))
		for i := range c.list {
			_, policies := m.Policies.GroupOf(cs.tables[i], side(s).direction())
			c.groupOf[s][i] = c.group(int32(i), side(s), policies)
		}
	}
	c.m = m.JudgedBy(c)
	c.ways = newWays()
	return c
}

// Model is what the Chart is of, judged by the Chart.
func (c *Chart) Model() *model.Model { return c.m }

// classOf is the pod's class, -1 for one that is not subject to policy.
func (c *Chart) classOf(pod *cluster.Pod) int32 {
	if pod == nil {
		return -1
	}
	if i := c.m.Index.NumberOf(pod); i >= 0 {
		return c.ofPod[i]
	}
	return -1
}

// Judge answers as policy.Tables do, without saying which rule.
func (c *Chart) Judge(q policy.Question) policy.Decision {
	class := c.classOf(q.Subject.Pod)
	s := sideOf(q.Direction)
	if class < 0 || c.groupOf[s][class] == 0 {
		return policy.Decision{Verdict: policy.NotIsolated}
	}
	g := c.groups[s][c.groupOf[s][class]]
	k := keyOf(q.Protocol, q.Port)
	peer := c.classOf(q.Peer.Pod)
	answer := c.set(g.at(k)).holds(peer, &q.Peer, c.profile.Identities)
	for i := range g.whens {
		w := &g.whens[i]
		if !w.keys.has(k) {
			continue
		}
		m := c.set(w.set).holds(peer, &q.Peer, false)
		if !q.Subject.Addr.IsValid() {
			m = min(m, perhaps)
		} else if !inRanges(w.ranges, q.Subject.Addr) {
			m = no
		}
		answer = max(answer, m)
	}
	return policy.Decision{Verdict: [...]policy.Verdict{policy.Denied, policy.Undecided, policy.Admitted}[answer]}
}

// Isolates reports whether any policy isolates the pod in the direction.
func (c *Chart) Isolates(pod *cluster.Pod, d policy.Direction) bool {
	class := c.classOf(pod)
	return class >= 0 && c.groupOf[sideOf(d)][class] != 0
}

// Selected reports whether any policy isolates the pod.
func (c *Chart) Selected(pod *cluster.Pod) bool {
	class := c.classOf(pod)
	return class >= 0 && (c.groupOf[ingress][class] != 0 || c.groupOf[egress][class] != 0)
}

// ClassOf numbers pods that no policy tells apart but by their address.
func (c *Chart) ClassOf(pod *cluster.Pod) int { return int(c.classOf(pod)) }

// Atom numbers addresses that no ipBlock tells apart.
func (c *Chart) Atom(addr netip.Addr) int32 {
	if !addr.IsValid() {
		return -1
	}
	return c.atoms.Longest(addr)
}

// atoms are sets of addresses that no ipBlock, now or before, and no source range
// tells apart.
type atoms struct {
	cluster.Prefixes
	known     map[netip.Prefix]int // numbered from 1
	addresses [2][]netip.Addr      // of pods and nodes, in order, when they are needed
}

func newAtoms(m *model.Model) *atoms {
	a := &atoms{known: map[netip.Prefix]int{}}
	for i := range m.Snapshot.NetworkPolicies {
		for _, p := range prefixesOf(&m.Snapshot.NetworkPolicies[i]) {
			a.add(p)
		}
	}
	for i := range m.Snapshot.Services {
		for _, p := range m.Snapshot.Services[i].SourceRanges {
			a.add(p)
		}
	}
	return a
}

// sortAddresses lists the addresses of pods and nodes.
func (c *Chart) sortAddresses(f family) {
	list := []netip.Addr{}
	keep := func(addrs []netip.Addr) {
		for _, a := range addrs {
			if familyOf(a) == f {
				list = append(list, a)
			}
		}
	}
	for i := range c.m.Snapshot.Pods {
		keep(c.m.Snapshot.Pods[i].IPs)
	}
	for i := range c.m.Snapshot.Nodes {
		n := &c.m.Snapshot.Nodes[i]
		own := c.m.Profile.Nodes[n.Name]
		for _, l := range [][]netip.Addr{n.InternalIPs, n.OtherIPs, own.ToLocalPods, own.ToPodsOnOtherNodes, own.ToOtherNodes} {
			keep(l)
		}
	}
	slices.SortFunc(list, compareAddr)
	c.atoms.addresses[f] = list
}

func compareAddr(a, b netip.Addr) int { return a.Compare(b) }

func (a *atoms) add(p netip.Prefix) {
	if p = p.Masked(); a.known[p] == 0 {
		a.known[p] = len(a.known) + 1
		a.Add(p)
	}
}

// tellsApart reports whether the Chart's units are apart where the prefix parts
// them. Charts share their atoms, so that it may be known to another alone.
func (c *Chart) tellsApart(p netip.Prefix) bool {
	n := c.atoms.known[p.Masked()]
	return n > 0 && (c.units == nil || n <= c.units.told)
}

// prefixesOf are the ranges of a policy's ipBlocks, and their exceptions.
func prefixesOf(p *cluster.NetworkPolicy) []netip.Prefix {
	var all []netip.Prefix
	for _, rules := range [][]cluster.PolicyRule{p.Ingress, p.Egress} {
		for i := range rules {
			for j := range rules[i].Peers {
				if b := rules[i].Peers[j].IPBlock; b != nil {
					all = append(append(all, b.CIDR), b.Except...)
				}
			}
		}
	}
	return all
}
