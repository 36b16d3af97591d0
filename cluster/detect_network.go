package cluster

import (
	"net/netip"

	"github.com/portolan-net/portolan/flow"
)

// The annotations with which network plugins tell their devices.
const (
	annotationFlannelBackend = "flannel.alpha.coreos.com/backend-type"
	annotationCalicoVXLAN    = "projectcalico.org/IPv4VXLANTunnelAddr"
	annotationCalicoVXLAN6   = "projectcalico.org/IPv6VXLANTunnelAddr"
	annotationCalicoIPIP     = "projectcalico.org/IPv4IPIPTunnelAddr"
)

// network finds the pod network and the addresses of its devices.
func (d *detecting) network() {
	d.flannel()
	d.calicoTunnels()
	switch {
	case d.PodNetwork != "":
	case d.agent(AgentAntrea) != nil:
		d.is(PodNetworkGateway, d.agent(AgentAntrea).Object.String())
	case d.agent(AgentCalico) != nil:
		d.is(PodNetworkRouted, d.agent(AgentCalico).Object.String())
	case d.agent(AgentKindnet) != nil:
		d.is(PodNetworkRouted, d.agent(AgentKindnet).Object.String())
	case d.agent(AgentAWS) != nil:
		d.is(PodNetworkRouted, d.agent(AgentAWS).Object.String())
	default:
		d.ciliumNetwork()
	}
}

func (d *detecting) is(n PodNetwork, object string) {
	d.PodNetwork = n
	d.because(flow.CodeDetectedPodNetwork, string(n), object)
}

// flannel puts pods on the bridge cni0; with the backend vxlan other nodes' pods
// are behind flannel.1, which has the first address of the pod CIDR, the zero one.
func (d *detecting) flannel() {
	for i := range d.s.Nodes {
		n := &d.s.Nodes[i]
		switch n.Annotations[annotationFlannelBackend] {
		case "vxlan":
			d.is(PodNetworkVXLAN, n.nodeWords()+" "+annotationFlannelBackend)
			return
		case "host-gw":
			d.is(PodNetworkBridge, n.nodeWords()+" "+annotationFlannelBackend)
			return
		}
	}
}

// calicoTunnels: toward other nodes' pods a node uses its tunnel's address, where
// it has one; toward its own its node address, since their devices have none.
func (d *detecting) calicoTunnels() {
	shown := ""
	for i := range d.s.Nodes {
		n := &d.s.Nodes[i]
		var tunnel []netip.Addr
		for _, a := range []string{annotationCalicoVXLAN, annotationCalicoVXLAN6, annotationCalicoIPIP} {
			if addr, err := netip.ParseAddr(n.Annotations[a]); err == nil && !firstOf(tunnel, addr.Is6()).IsValid() {
				tunnel = append(tunnel, addr)
				if shown == "" {
					shown = n.nodeWords() + " " + a
				}
			}
		}
		if tunnel != nil {
			d.Nodes[n.Name] = Masquerade{ToPodsOnOtherNodes: tunnel}
		}
	}
	if shown != "" {
		d.because(flow.CodeDetectedTunnel, "Calico", shown)
	}
}

// ciliumNetwork: "routing-mode: native", or the tunnel, which is the default.
func (d *detecting) ciliumNetwork() {
	mode, c := d.setting(AgentCilium, "routing-mode")
	if old, from := d.setting(AgentCilium, "tunnel"); mode == "" && old != "" {
		mode, c = "tunnel", from
		if old == "disabled" {
			mode = "native"
		}
	}
	switch mode {
	case "native":
		d.is(PodNetworkRouted, c.Object.String())
	case "tunnel":
		d.is(PodNetworkVXLAN, c.Object.String())
	}
	if v, c := d.setting(AgentCilium, "enable-ipv4-masquerade"); v == "false" {
		d.Egress = EgressMasqueradeNone
		d.because(flow.CodeDetectedPodEgress, string(d.Egress), c.Object.String())
	}
}
