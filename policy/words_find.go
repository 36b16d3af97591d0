package policy

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
)

// Describer puts the policies of one Snapshot into words. It is made once for
// any number of policies.
type Describer struct {
	t           *Tables
	pods        []*cluster.Pod // live ones with a network of their own
	host        []*cluster.Pod // live hostNetwork pods
	byNamespace map[string][]*cluster.Pod
	hostBy      map[string][]*cluster.Pod // by namespace
	spaces      []string                  // namespaces of pods, in order
	addrs       []located                 // of pods and nodes, in order
	services    map[servedPort][]*cluster.Service
}

// servedPort is a port of some Service of a namespace.
type servedPort struct {
	namespace string
	span
}

// located is who has an address.
type located struct {
	addr netip.Addr
	pod  *cluster.Pod // or
	node string
}

// Describer returns what describes the policies of these tables.
func (t *Tables) Describer() *Describer {
	d := &Describer{
		t: t, byNamespace: map[string][]*cluster.Pod{}, hostBy: map[string][]*cluster.Pod{}, services: map[servedPort][]*cluster.Service{},
	}
	spaces := map[string]bool{}
	for i := range t.snapshot.Pods {
		p := &t.snapshot.Pods[i]
		if p.Finished() {
			continue
		}
		spaces[p.Namespace] = true
		if p.HostNetwork {
			d.host = append(d.host, p)
			d.hostBy[p.Namespace] = append(d.hostBy[p.Namespace], p)
			continue
		}
		d.pods = append(d.pods, p)
		d.byNamespace[p.Namespace] = append(d.byNamespace[p.Namespace], p)
	}
	d.spaces = sortedKeys(spaces)
	for i := range t.snapshot.Services {
		svc := &t.snapshot.Services[i]
		for _, sp := range svc.Ports {
			k := servedPort{svc.Namespace, span{sp.Protocol, sp.Port, sp.Port}}
			d.services[k] = append(d.services[k], svc)
		}
	}
	d.locate()
	return d
}

// locate lists who has which address.
func (d *Describer) locate() {
	t := d.t
	for _, p := range d.pods {
		if p.Invented {
			continue // an address of ours is no ground for an ipBlock
		}
		for _, ip := range p.IPs {
			d.addrs = append(d.addrs, located{addr: ip, pod: p})
		}
	}
	for i := range t.snapshot.Nodes {
		n := &t.snapshot.Nodes[i]
		for _, ip := range slices.Concat(n.InternalIPs, n.OtherIPs) {
			d.addrs = append(d.addrs, located{addr: ip, node: n.Name})
		}
	}
	slices.SortStableFunc(d.addrs, func(a, b located) int { return a.addr.Compare(b.addr) })
}

// PodsKnown reports whether the input holds any pod: without one, that nobody
// matches a selector says nothing.
func (d *Describer) PodsKnown() bool { return len(d.pods)+len(d.host) > 0 }

// find fills in who of the input a peer is.
func (d *Describer) find(x *Peer) {
	switch x.Kind {
	case PeerBlock:
		d.findAddresses(x)
	case PeerPods:
		x.Known = selected(d.byNamespace[x.Namespace], x.PodSelector)
		x.Host = selected(d.hostBy[x.Namespace], x.PodSelector)
	case PeerNamespaces:
		d.findNamespaces(x)
	case PeerNone, PeerEverybody:
	}
}

func selected(pods []*cluster.Pod, s *cluster.LabelSelector) []*cluster.Pod {
	var out []*cluster.Pod
	for _, p := range pods {
		if s == nil || s.Matches(p.Labels) {
			out = append(out, p)
		}
	}
	return out
}

// findNamespaces asks each namespace once, then its pods.
func (d *Describer) findNamespaces(x *Peer) {
	everyPod := x.PodSelector == nil || x.PodSelector.IsEmpty()
	if x.NamespaceSelector.IsEmpty() && everyPod {
		x.All, x.Host = true, d.host
		return
	}
	for _, name := range d.spaces {
		m, _ := d.t.namespaceMatches(x.NamespaceSelector, name)
		switch m {
		case yes:
			x.Known = append(x.Known, selected(d.byNamespace[name], x.PodSelector)...)
			x.Host = append(x.Host, selected(d.hostBy[name], x.PodSelector)...)
		case perhaps:
			x.Perhaps = append(x.Perhaps, selected(d.byNamespace[name], x.PodSelector)...)
		case no:
		}
	}
}

// findAddresses looks up whose addresses lie in the ranges of a block. All of a
// family is everybody, and no list.
func (d *Describer) findAddresses(x *Peer) {
	if x.Block.CIDR.Bits() == 0 && len(x.Block.Except) == 0 {
		x.All = true
		return
	}
	seen := map[*cluster.Pod]bool{}
	for _, r := range x.Ranges {
		from, _ := slices.BinarySearchFunc(d.addrs, r.First, func(l located, a netip.Addr) int { return l.addr.Compare(a) })
		for _, l := range d.addrs[from:] {
			if !r.Contains(l.addr) {
				break
			}
			switch {
			case l.pod == nil && !slices.Contains(x.Nodes, l.node):
				x.Nodes = append(x.Nodes, l.node)
			case l.pod != nil && (len(l.pod.IPs) == 1 || !seen[l.pod]):
				if len(l.pod.IPs) > 1 {
					seen[l.pod] = true
				}
				x.Known = append(x.Known, l.pod)
			}
		}
	}
}

// members are the pods a peer stands for, also where they are not listed.
func (d *Describer) members(x *Peer) []*cluster.Pod {
	switch {
	case !x.All:
		return x.Known
	case x.Kind != PeerBlock:
		return d.pods
	}
	var out []*cluster.Pod
	for _, p := range d.pods {
		if p.IP(x.Block.CIDR.Addr().Is6()).IsValid() {
			out = append(out, p)
		}
	}
	return out
}

func sortedKeys(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
