package oracle_test

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/oracle"
)

// under is a cluster with a change, and a profile's word.
func under(profile string, changes ...func(*cluster.Snapshot)) func(*cluster.Snapshot) {
	return func(s *cluster.Snapshot) {
		s.Fabric.Dataplane.Profile = profile
		for _, c := range changes {
			c(s)
		}
	}
}

// fromBlock admits one range to the ssh pod.
func fromBlock(cidr string) func(*cluster.Snapshot) {
	return func(s *cluster.Snapshot) {
		isolate(s, "ssh", cluster.PolicyRule{Peers: []cluster.PolicyPeer{{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix(cidr)}}}})
	}
}

// What the documents of other dataplanes mean for one packet.
func TestOtherDataplanes(t *testing.T) {
	const vip, ssh = "198.51.100.17:22", " app/ssh"
	for _, c := range []struct {
		says          string
		change        func(*cluster.Snapshot)
		from, via, to string
		want          string
	}{
		{"behind the masquerade: the resident node", under("cilium-kube-proxy", incident), "external/branch", "n2", vip, "Delivered connected app/ssh from 10.0.0.12"},
		{"behind another node: that node", under("cilium-kube-proxy", incident), "external/branch", "n1", vip, "DeniedByPolicy timeout" + ssh},
		{"before the masquerade: the client", under("calico", incident), "external/branch", "n2", vip, "DeniedByPolicy timeout" + ssh},
		{"only the node's own output is marked", under("antrea-kube-proxy", incident), "external/branch", "n2", vip, "DeniedByPolicy timeout" + ssh},
		{"by the gateway's address", under("antrea-kube-proxy", fromBlock("10.244.2.1/32")), "external/branch", "n2", vip, "Delivered connected app/ssh from 10.244.2.1"},
		{"a local endpoint sees the client", under("antrea", fromBlock("203.0.113.0/24")), "external/branch", "n2", vip, "Delivered connected app/ssh from 203.0.113.10"},
		{"a remote one the gateway", under("antrea"), "external/branch", "n1", vip, "Delivered connected app/ssh from 10.244.1.1"},
		{"pods keep their address", under("cilium", incident), "pod/app/peer", "", vip, "Delivered connected app/ssh from 10.244.1.11"},
		{"a node is an identity, not an address", under("cilium", fromBlock("10.0.0.0/8")), "external/branch", "n1", vip, "DeniedByPolicy timeout" + ssh},
		{"any node's node port, at the socket", under("cilium", local), "pod/app/peer", "", "10.0.0.11:30022", "Delivered connected app/ssh from 10.244.1.11"},
		{"a hairpin at the socket", under("cilium"), "pod/app/web", "", "10.96.0.80:80", "Delivered connected app/web from 10.244.1.10"},
		{"ipvs: remote endpoints, replies discarded", under("ipvs", local), "external/branch", "n1", vip, "ReplyLost timeout app/ssh from 203.0.113.10"},
		{"ipvs: local pods get through", under("ipvs", local), "pod/app/peer", "", vip, "Delivered connected app/ssh from 10.244.1.11"},
		{"ipvs: the VIP is picked as the source", under("ipvs", local), "node/n2", "", vip, "Delivered connected app/ssh from 198.51.100.17"},
		{"ipvs: no access to the host through a VIP", under("ipvs"), "external/branch", "n1", "198.51.100.17:2379", "NotCaptured refused"},
		{"ipvs: past the forward hook", under("ipvs-forward-only", incident), "external/branch", "n2", vip, "Delivered connected app/ssh from 10.0.0.12"},
	} {
		s := small()
		c.change(s)
		got, err := oracle.Ask(s, c.from, c.via, netip.MustParseAddrPort(c.to), flow.TCP)
		if err != nil || len(got) != 1 || got[0].String() != c.want {
			t.Errorf("%s: %v %v, want %s", c.says, got, err, c.want)
		}
	}
}
