package reach

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

// Admitted is addresses that are no pod's, and the ports that are open to them.
type Admitted struct {
	Ranges []policy.Range
	Ports  Ports
	Sure   bool
}

// FromAddresses is who besides pods may connect to the pods of a Unit, as far as
// their policies go: nodes and everybody outside, by the source that the pod's
// node sees. Ports with the same addresses stand together.
func (c *Chart) FromAddresses(n Unit) []Admitted { return c.addresses(n, ingress) }

// ToAddresses is where besides pods the pods of a Unit may connect to.
func (c *Chart) ToAddresses(n Unit) []Admitted { return c.addresses(n, egress) }

func (c *Chart) addresses(n Unit, s side) []Admitted {
	c.unitsOf()
	var out []Admitted
	for f := range c.rows[s].ofUnit {
		id := c.rows[s].ofUnit[f][n]
		if id < 0 {
			continue
		}
		r := c.rows[s].list[f][id]
		for _, sk := range r.bySet() {
			in := ofFamilyRanges(c.set(sk.set).ranges, family(f))
			if c.set(sk.set).everybody || r.doubt == maybeAny {
				in = []policy.Range{space(family(f))}
			}
			if len(in) > 0 {
				out = append(out, Admitted{in, portsOf(sk.keys), r.doubt == certain})
			}
		}
	}
	return out
}

// OpenToAll are the ports of a Unit that every address may connect to, in every
// family it has.
func (c *Chart) OpenToAll(n Unit) Ports {
	open := AllPorts()
	for f := range c.unitsOf().members {
		if c.units.list[n].families&(1<<f) == 0 {
			continue
		}
		var own Ports
		for _, a := range c.FromAddresses(n) {
			if a.Sure && slices.Equal(a.Ranges, []policy.Range{space(family(f))}) {
				own = own.Union(a.Ports)
			}
		}
		open = open.And(own)
	}
	return open
}

// Imagine is a pod that does not exist, for With: of a namespace, with labels and
// ports, on no node, with an address that means nothing to an ipBlock.
func (c *Chart) Imagine(namespace, name string, labels cluster.Labels, ports ...cluster.ContainerPort) cluster.Pod {
	p := cluster.Pod{Meta: cluster.Meta{Namespace: namespace, Name: name, Labels: labels}, Ports: ports, Phase: cluster.PodRunning, Ready: true, Invented: true}
	for _, f := range []family{0, 1} {
		if len(c.unitsOf().members[f]) > 0 || f == 0 && len(c.units.list) == 0 {
			p.IPs = append(p.IPs, c.unused(f))
		}
	}
	return p
}

// unused is an address that nobody has: of the pods' range if there is room.
func (c *Chart) unused(f family) netip.Addr {
	base := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}[f]
	for _, r := range c.m.Profile.ClusterCIDRs {
		if familyOf(r.Addr()) != f {
			continue
		}
		// From the end: addresses are given out from the beginning.
		for a := cluster.LastAddr(r).Prev(); r.Contains(a); a = a.Prev() {
			if c.m.Home(a) == "" && !c.imagined[a] {
				base = a
				break
			}
		}
		break
	}
	for c.m.Home(base) != "" || c.imagined[base] {
		base = base.Next()
	}
	if c.imagined == nil {
		c.imagined = map[netip.Addr]bool{}
	}
	c.imagined[base] = true
	return base
}

// With is the Chart of the same cluster with more pods: what pods that do not
// exist yet would reach, and who would reach them. It is compiled anew.
func (c *Chart) With(pods ...cluster.Pod) (*Chart, error) {
	s := *c.m.Snapshot
	s.Pods = append(slices.Clone(s.Pods), pods...)
	s.NetworkPolicies = c.Policies()
	m, err := model.Compile(&s)
	if err != nil {
		return nil, err
	}
	return Compile(m), nil
}

// Policies are those of the Chart: the Model's, but for those that were replaced.
func (c *Chart) Policies() []cluster.NetworkPolicy {
	var out []cluster.NetworkPolicy
	for id, p := range c.policies {
		if c.counts(int32(id)) {
			out = append(out, *p.NetworkPolicy)
		}
	}
	return out
}
