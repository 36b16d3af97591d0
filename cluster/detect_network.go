package cluster

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// The annotations with which network plugins tell their devices.
const (
	annotationFlannelBackend = "flannel.alpha.coreos.com/backend-type"
	annotationCalicoVXLAN    = "projectcalico.org/IPv4VXLANTunnelAddr"
	annotationCalicoVXLAN6   = "projectcalico.org/IPv6VXLANTunnelAddr"
	annotationCalicoIPIP     = "projectcalico.org/IPv4IPIPTunnelAddr"
	annotationCalicoAddress  = "projectcalico.org/IPv4Address"
	annotationCalicoAddress6 = "projectcalico.org/IPv6Address"
)

// network finds the pod network and the addresses of its devices.
func (d *detecting) network() {
	d.flannel()
	d.calicoTunnels()
	switch {
	case d.PodNetwork != "", d.torn:
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
}

// ciliumMasquerades: "Cilium will automatically masquerade the source IP address of
// all traffic that is leaving the cluster ... This behavior can be disabled with the
// option enable-ipv4-masquerade: false for IPv4 and enable-ipv6-masquerade: false for
// IPv6" (network/concepts/masquerading).
func (d *detecting) ciliumMasquerades() []saying {
	var all []saying
	for _, family := range []string{"ipv4", "ipv6"} {
		on, _ := d.setting(AgentCilium, "enable-"+family)
		v, c := d.setting(AgentCilium, "enable-"+family+"-masquerade")
		switch {
		case on == "false", family == "ipv6" && on != "true":
		case v == "true":
			all = append(all, saying{string(EgressMasqueradeOffCluster), c.Object.String() + " enable-" + family + "-masquerade"})
		case v == "false":
			all = append(all, saying{string(EgressMasqueradeNone), c.Object.String() + " enable-" + family + "-masquerade"})
		}
	}
	return all
}

// ciliumRanges are those of "ipam: cluster-pool", with which the nodes' own pod
// CIDRs mean nothing (network/concepts/ipam/cluster-pool).
func (d *detecting) ciliumRanges() []ranges {
	if ipam, _ := d.setting(AgentCilium, "ipam"); ipam != "cluster-pool" {
		return nil
	}
	var r ranges
	for _, x := range []string{"4", "6"} {
		if on, _ := d.setting(AgentCilium, "enable-ipv"+x); on == "false" || x == "6" && on != "true" {
			continue
		}
		v, c := d.setting(AgentCilium, "cluster-pool-ipv"+x+"-cidr")
		if all := parseRanges(strings.ReplaceAll(v, " ", ",")); len(all) > 0 {
			r.prefixes, r.object = append(r.prefixes, all...), c.Object.String()
		}
	}
	if r.prefixes == nil {
		return nil
	}
	return []ranges{r}
}

// podEgress finds what the network itself masquerades.
func (d *detecting) podEgress() {
	all := slices.Concat(d.ciliumMasquerades(), d.calicoMasquerades(), d.flannelMasquerades())
	if s, ok := d.agree("podEgressMasquerade", all); ok {
		d.Egress = EgressMasquerade(s.value)
		d.because(flow.CodeDetectedPodEgress, s.value, s.object)
	}
}
