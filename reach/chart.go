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
	list  []class // with their groups
	atoms *atoms

	// made when they are needed
	units  *units
	places *places
	trips  *recording
	cuts   [2]*cuts
	parts  map[string][]part
	buffer []byte
}

// Compile joins a Model.
func Compile(m *model.Model) *Chart {
	cs := newClasses(m)
	c := &Chart{join: newJoin(newIndex(cs, m.Policies), &m.Profile.Policy), list: cs.list, parts: map[string][]part{}}
	for i := range m.Snapshot.NetworkPolicies {
		c.add(&m.Snapshot.NetworkPolicies[i])
	}
	c.atoms = newAtoms(m)
	for i := range c.list {
		for s := range c.list[i].groups {
			_, policies := m.Policies.GroupOf(cs.tables[i], side(s).direction())
			c.list[i].groups[s] = c.group(int32(i), side(s), policies)
		}
	}
	c.m = m.JudgedBy(c)
	return c
}

// Model is what the Chart is of, judged by the Chart.
func (c *Chart) Model() *model.Model { return c.m }

// classOf is the pod's class, -1 for one that is not subject to policy.
func (c *Chart) classOf(pod *cluster.Pod) int32 {
	if pod == nil {
		return -1
	}
	if i := c.m.Index.PodNumber(pod.Namespace, pod.Name); i >= 0 {
		return c.ofPod[i]
	}
	return -1
}

// Judge answers as policy.Tables do, without saying which rule.
func (c *Chart) Judge(q policy.Question) policy.Decision {
	class := c.classOf(q.Subject.Pod)
	s := sideOf(q.Direction)
	if class < 0 || c.list[class].groups[s] == 0 {
		return policy.Decision{Verdict: policy.NotIsolated}
	}
	g := c.groups[s][c.list[class].groups[s]]
	if q.Protocol == 0 {
		return policy.Decision{Verdict: policy.Undecided}
	}
	k := keyOf(q.Protocol, q.Port)
	peer := c.classOf(q.Peer.Pod)
	answer := c.set(g.at(k)).holds(peer, &q.Peer, c.profile.Identities)
	for i := range g.whens {
		w := &g.whens[i]
		if answer == yes || int32(k) < w.keys.from || int32(k) >= w.keys.to {
			continue
		}
		m := c.set(w.set).holds(peer, &q.Peer, c.profile.Identities)
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
	return class >= 0 && c.list[class].groups[sideOf(d)] != 0
}

// Selected reports whether any policy isolates the pod.
func (c *Chart) Selected(pod *cluster.Pod) bool {
	class := c.classOf(pod)
	return class >= 0 && c.list[class].groups != [2]int32{}
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
	known map[netip.Prefix]bool
}

func newAtoms(m *model.Model) *atoms {
	a := &atoms{known: map[netip.Prefix]bool{}}
	for i := range m.Snapshot.NetworkPolicies {
		for _, p := range prefixesOf(&m.Snapshot.NetworkPolicies[i]) {
			a.add(p)
		}
	}
	for i := range m.Snapshot.Services {
		for _, p := range m.Snapshot.Services[i].SourceRanges {
			a.add(p.Masked())
		}
	}
	return a
}

func (a *atoms) add(p netip.Prefix) {
	a.known[p] = true
	a.Add(p)
}

// prefixesOf are the ranges of a policy's ipBlocks, and their exceptions.
func prefixesOf(p *cluster.NetworkPolicy) []netip.Prefix {
	var all []netip.Prefix
	for _, rules := range [][]cluster.PolicyRule{p.Ingress, p.Egress} {
		for i := range rules {
			for j := range rules[i].Peers {
				if b := rules[i].Peers[j].IPBlock; b != nil {
					all = append(append(all, b.CIDR.Masked()), maskedAll(b.Except)...)
				}
			}
		}
	}
	return all
}

func maskedAll(list []netip.Prefix) []netip.Prefix {
	out := slices.Clone(list)
	for i := range out {
		out[i] = out[i].Masked()
	}
	return out
}
