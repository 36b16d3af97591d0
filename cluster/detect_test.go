package cluster

import (
	"testing"

	"github.com/portolan-net/portolan/flow"
)

func clue(a Agent, settings ...string) Clue {
	c := Clue{Agent: a, Object: flow.Object{Kind: "DaemonSet", Namespace: "kube-system", Name: string(a)}, Settings: map[string]string{}}
	for i := 0; i+1 < len(settings); i += 2 {
		c.Settings[settings[i]] = settings[i+1]
	}
	return c
}

func config(a Agent, settings ...string) Clue {
	c := clue(a, settings...)
	c.Config, c.Object.Kind = true, "ConfigMap"
	return c
}

// What dumps of known clusters show.
func TestDetect(t *testing.T) {
	flannel := map[string]string{annotationFlannelBackend: "vxlan"}
	tests := []struct {
		name          string
		node          Node
		clues         []Clue
		proxy, policy string
		network       PodNetwork
	}{
		{"nothing", Node{}, nil, "", "", ""},
		{"kind", Node{}, []Clue{clue(AgentKindnet), clue(AgentKubeProxy), config(AgentKubeProxy, "mode", "nftables")}, "kube-proxy-nftables", "kube-network-policies", PodNetworkRouted},
		{"kubeadm with calico", Node{}, []Clue{clue(AgentCalico), config(AgentKubeProxy)}, "kube-proxy-iptables", "calico", PodNetworkRouted},
		{"canal", Node{Meta: Meta{Annotations: flannel}}, []Clue{clue(AgentCanal), clue(AgentKubeProxy)}, "", "calico", PodNetworkVXLAN},
		{"k3s", Node{Kubelet: "v1.33.4+k3s1", Meta: Meta{Annotations: flannel}}, nil, "kube-proxy-iptables", "kube-router", PodNetworkVXLAN},
		{"k3s with calico", Node{Kubelet: "v1.33.4+k3s1"}, []Clue{clue(AgentCalico)}, "kube-proxy-iptables", "calico", PodNetworkRouted},
		{"antrea", Node{}, []Clue{clue(AgentAntrea), config(AgentAntrea, "antreaProxy.proxyAll", "false"), clue(AgentKubeProxy)}, "", "antrea", PodNetworkGateway},
		{"antrea, proxyAll", Node{}, []Clue{clue(AgentAntrea), config(AgentAntrea, "antreaProxy.proxyAll", "true")}, "antrea", "antrea", PodNetworkGateway},
		{"cilium alone", Node{}, []Clue{clue(AgentCilium)}, "cilium", "cilium", ""},
		{"cilium beside kube-proxy", Node{}, []Clue{clue(AgentCilium), clue(AgentKubeProxy)}, "", "cilium", ""},
		{"aws without its policy agent", Node{}, []Clue{clue(AgentAWS, "enable-network-policy", "false")}, "", "", PodNetworkRouted},
		{"aws with calico", Node{}, []Clue{clue(AgentAWS), clue(AgentCalico)}, "", "calico", PodNetworkRouted},
		{"kube-router without its firewall", Node{}, []Clue{clue(AgentKubeRouter, "run-firewall", "false")}, "", "", ""},
		{"two", Node{}, []Clue{clue(AgentCalico), clue(AgentAntrea)}, "", "", PodNetworkGateway},
	}
	for _, tt := range tests {
		d := Detect(&Snapshot{Nodes: []Node{tt.node}, Clues: tt.clues})
		if d.Proxy != tt.proxy || d.Policy != tt.policy || d.PodNetwork != tt.network {
			t.Errorf("%s: %q, %q, %q; want %q, %q, %q", tt.name, d.Proxy, d.Policy, d.PodNetwork, tt.proxy, tt.policy, tt.network)
		}
		if tt.policy != "" && len(d.Why) == 0 {
			t.Errorf("%s: no object is named", tt.name)
		}
	}
}
