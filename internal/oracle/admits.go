package oracle

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Admits reports whether the policies of one pod let a packet in that comes from
// an address, or with out let it go there: one of the two questions that Ask asks
// of the policies of a connection between a pod and anybody.
func Admits(s *cluster.Snapshot, pod *cluster.Pod, out bool, peer netip.Addr, proto flow.Protocol, port uint16) (bool, error) {
	p, err := cluster.Resolve(s)
	if err != nil {
		return false, err
	}
	own := firstOfFamily(pod.IPs, peer.Is6())
	w := &world{s: s, p: p}
	switch {
	case !p.Policy.Enforces:
		return true, nil
	case out:
		return w.admits(pod, packet{proto: proto, src: own, dst: netip.AddrPortFrom(peer, port)}, egress), nil
	}
	return w.admits(pod, packet{proto: proto, src: peer, dst: netip.AddrPortFrom(own, port)}, ingress), nil
}
