package oracle

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
)

func firstOfFamily(addresses []netip.Addr, v6 bool) netip.Addr {
	for _, a := range addresses {
		if a.Is6() == v6 {
			return a
		}
	}
	return netip.Addr{}
}

func (w *world) node(name string) *cluster.Node {
	for i := range w.s.Nodes {
		if w.s.Nodes[i].Name == name {
			return &w.s.Nodes[i]
		}
	}
	return nil
}

func (w *world) pod(namespace, name string) *cluster.Pod {
	for i := range w.s.Pods {
		if p := &w.s.Pods[i]; p.Namespace == namespace && p.Name == name {
			return p
		}
	}
	return nil
}

// finished: "All containers in the Pod have terminated in success, and will not
// be restarted" or in failure (Pod Lifecycle, phases Succeeded and Failed). Its
// address may already be another pod's.
func finished(p *cluster.Pod) bool {
	return p.Phase == cluster.PodSucceeded || p.Phase == cluster.PodFailed
}

// podAt returns the pod whose network the address belongs to: not a finished
// one, and not one in its host's network. A running pod beats a pending one.
func (w *world) podAt(a netip.Addr) *cluster.Pod {
	var pending *cluster.Pod
	for i := range w.s.Pods {
		p := &w.s.Pods[i]
		switch {
		case finished(p), p.HostNetwork, !slices.Contains(p.IPs, a):
		case p.Phase != cluster.PodPending:
			return p
		case pending == nil:
			pending = p
		}
	}
	return pending
}

// nodeAt returns the node whose address it is.
func (w *world) nodeAt(a netip.Addr) *cluster.Node {
	for i := range w.s.Nodes {
		if w.isAddressOf(&w.s.Nodes[i], a) {
			return &w.s.Nodes[i]
		}
	}
	return nil
}

// isAddressOf: what the Node object says ("List of addresses reachable to the
// node", API, NodeStatus.addresses).
func (w *world) isAddressOf(n *cluster.Node, a netip.Addr) bool {
	return slices.Contains(n.InternalIPs, a) || slices.Contains(n.OtherIPs, a)
}

// sendsAs: also the addresses of the node's devices toward pods, which the Node
// object does not list but its packets carry.
func (w *world) sendsAs(n *cluster.Node, a netip.Addr) bool {
	if w.isAddressOf(n, a) {
		return true
	}
	for _, t := range []cluster.Toward{cluster.TowardOtherNodes, cluster.TowardLocalPods, cluster.TowardRemotePods} {
		if w.p.SourceOf(n.Name, t, a.Is6()) == a {
			return true
		}
	}
	return false
}

// livesOn reports whether a pod or a process of the node has the address.
func (w *world) livesOn(n string, a netip.Addr) bool {
	if p := w.podAt(a); p != nil {
		return p.Node == n
	}
	return w.sendsAs(w.node(n), a)
}

// toward says by which device a node sends to the address.
func (w *world) toward(n *cluster.Node, a netip.Addr) cluster.Toward {
	switch p := w.podAt(a); {
	case p == nil:
		return cluster.TowardOtherNodes
	case p.Node == n.Name:
		return cluster.TowardLocalPods
	}
	return cluster.TowardRemotePods
}

// isPodAddress is how kube-proxy tells a pod by its source: "--cluster-cidr: The
// CIDR range of the pods in the cluster", with --detect-local-mode=ClusterCIDR.
// A pod on another node is one too.
func (w *world) isPodAddress(a netip.Addr) bool {
	told := w.p.ProxyCIDRs
	if told == nil {
		told = w.p.ClusterCIDRs
	}
	return w.p.Proxy.DetectsLocalPods && anyContains(told, a)
}

func anyContains(blocks []netip.Prefix, a netip.Addr) bool {
	for _, b := range blocks {
		if b.Contains(a) {
			return true
		}
	}
	return false
}
