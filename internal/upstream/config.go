package upstream

import (
	"fmt"
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
)

// Mode is kube-proxy's --proxy-mode.
type Mode string

// The modes that run here.
const (
	NFTables Mode = "nftables"
	IPTables Mode = "iptables"
)

// Config is how kube-proxy is started on one node.
type Config struct {
	Mode Mode
	Node string
	// IPs are the node's addresses; the first of each family is the one that
	// NodePorts answer on, and that source ranges are compared with.
	IPs []netip.Addr
	// OneFamily: it runs for the family of its first address alone, as kube-proxy
	// does on a kernel without the other.
	OneFamily bool
	// Zone is the node's label topology.kubernetes.io/zone, the only one that
	// kube-proxy reads.
	Zone string
	// ClusterCIDRs is --cluster-cidr with --detect-local-mode=ClusterCIDR, at most
	// one of each family. Empty: kube-proxy cannot tell pods' packets.
	ClusterCIDRs []netip.Prefix
	// ServiceCIDRs are the ranges of the ServiceCIDR objects.
	ServiceCIDRs []netip.Prefix
	// MasqueradeAll is --masquerade-all.
	MasqueradeAll bool
}

// Configure is how kube-proxy is started on a node of the cluster, under its
// resolved profile. Where the profile has several ranges of pods in a family,
// kube-proxy is told the smallest range around them.
func Configure(s *cluster.Snapshot, p *cluster.Profile, node string) (Config, error) {
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if n.Name != node {
			continue
		}
		c := Config{
			Mode: NFTables, Node: node, IPs: n.InternalIPs, Zone: n.Labels["topology.kubernetes.io/zone"],
			ServiceCIDRs: p.ServiceCIDRs, MasqueradeAll: p.MasqueradeAll,
		}
		if p.Proxy.Name == "kube-proxy-iptables" {
			c.Mode = IPTables
		}
		if len(c.IPs) == 0 {
			c.IPs = n.OtherIPs
		}
		ranges := p.ClusterCIDRs
		switch {
		case !p.Proxy.DetectsLocalPods:
			ranges = nil
		case len(p.ProxyCIDRs) > 0:
			ranges = p.ProxyCIDRs
		}
		for _, v6 := range []bool{false, true} {
			if around, ok := cover(ranges, v6); ok {
				c.ClusterCIDRs = append(c.ClusterCIDRs, around)
			}
		}
		return c, nil
	}
	return Config{}, fmt.Errorf("no node %s in the cluster", node)
}

// cover is the smallest range around those of one family.
func cover(ranges []netip.Prefix, v6 bool) (around netip.Prefix, ok bool) {
	for _, r := range ranges {
		switch {
		case r.Addr().Is6() != v6:
		case !ok:
			around, ok = r.Masked(), true
		default:
			for around.Bits() > r.Bits() || !around.Contains(r.Addr()) {
				around = netip.PrefixFrom(around.Addr(), around.Bits()-1).Masked()
			}
		}
	}
	return around, ok
}
