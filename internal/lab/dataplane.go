//go:build linux

package lab

import (
	"context"
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
)

// Dataplane puts rules on nodes.
type Dataplane interface {
	// Install is called once for each node, on a thread inside the node's network
	// namespace.
	Install(n *Machine) error
}

// Nothing is a dataplane without any rule.
type Nothing struct{}

// Install does nothing.
func (Nothing) Install(*Machine) error { return nil }

// Install puts a dataplane on every node, several at once.
func (l *Lab) Install(ctx context.Context, d Dataplane) error {
	return parallel(ctx, len(l.plan.nodes), func(i int) error {
		n := l.plan.nodes[i].Machine
		return named(n, n.Do(func() error { return d.Install(n) }))
	})
}

// masquerade is what the pod network itself rewrites, whoever else is there: the
// source of its own pods' packets to what is not a pod, or neither pod nor node.
// It comes behind the Services' own masquerade.
func (p *plan) masquerade(c *config, n *node) {
	var own, inside []netip.Prefix
	off := p.m.Profile.PodEgressMasquerade == cluster.EgressMasqueradeOffCluster
	if !off && p.m.Profile.PodEgressMasquerade != cluster.EgressMasqueradeNodesToo {
		return
	}
	inside = append(inside, p.m.Profile.ClusterCIDRs...)
	for _, o := range p.nodes {
		for _, a := range o.Addrs {
			if off {
				inside = append(inside, only(a))
			}
		}
		for _, one := range o.pods {
			for _, a := range one.Addrs {
				inside = append(inside, only(a))
				if o == n {
					own = append(own, only(a))
				}
			}
		}
	}
	t := &rules{name: "cni"}
	t.set("own", own)
	t.set("inside", inside)
	t.chain("postrouting", "type nat hook postrouting priority srcnat + 1",
		"ip saddr @own ip daddr != @inside masquerade", "ip6 saddr @own6 ip6 daddr != @inside6 masquerade")
	c.rules(t)
}
