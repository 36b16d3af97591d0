package manifest

import (
	"github.com/portolan-net/portolan/cluster"
)

func decodeNode(v value) any {
	n := &cluster.Node{Meta: v.meta(), Ready: true}
	for _, a := range v.at("status", "addresses").list() {
		switch a.get("type").str() {
		case "InternalIP":
			n.InternalIPs = append(n.InternalIPs, a.get("address").addr())
		case "ExternalIP":
			n.OtherIPs = append(n.OtherIPs, a.get("address").addr())
		}
	}
	spec := v.get("spec")
	if n.PodCIDRs = spec.get("podCIDRs").prefixes(); n.PodCIDRs == nil && spec.get("podCIDR").str() != "" {
		n.PodCIDRs = append(n.PodCIDRs, spec.get("podCIDR").prefix())
	}
	n.Kubelet = clean(v.at("status", "nodeInfo", "kubeletVersion").text())
	for _, c := range v.at("status", "conditions").list() {
		is := c.get("status").str() == "True"
		switch c.get("type").str() {
		case "Ready":
			n.Ready = is
		case "NetworkUnavailable":
			n.NetworkUnavailable = is
		}
	}
	return n
}

func decodeNamespace(v value) any {
	n := &cluster.Namespace{Meta: v.meta()}
	if n.Labels == nil {
		n.Labels = make(cluster.Labels, 1)
	}
	n.Labels[labelNamespaceName] = n.Name // the API server sets it always
	return n
}
