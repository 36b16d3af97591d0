package proof

import (
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
)

func example(t *testing.T, d cluster.Dataplane) *model.Model {
	t.Helper()
	in, err := manifest.Load([]string{"../../examples/shared-vip"}, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	in.Snapshot.Fabric.Dataplane = d
	m, err := model.Compile(in.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A dataplane is proved as it is where our rules do what it does; otherwise ours
// stand in its place, with its hook, its way to deny and its network.
func TestGround(t *testing.T) {
	for _, c := range []struct {
		profile  string
		choice   Choice
		proxy    string
		policy   string
		replaced []string
		after    bool
		deny     cluster.DenyAction
		network  cluster.PodNetwork
	}{
		{"generic", Choice{}, "kube-proxy-nftables", "generic", nil, false, cluster.DenyDrop, cluster.PodNetworkRouted},
		{"generic", Choice{Hook: AfterSNAT}, "kube-proxy-nftables", "generic", nil, true, cluster.DenyDrop, cluster.PodNetworkRouted},
		{"generic", Choice{Deny: Rejects, PodNetwork: cluster.PodNetworkVXLAN}, "kube-proxy-nftables", "generic", nil, false, cluster.DenyReject, cluster.PodNetworkVXLAN},
		{"portolan", Choice{MasqueradeAll: true}, "portolan", "portolan", nil, false, cluster.DenyDrop, cluster.PodNetworkRouted},
		{"kube-router", Choice{}, "kube-proxy-nftables", "portolan", []string{"kube-router"}, false, cluster.DenyReject, cluster.PodNetworkRouted},
		{"kube-router", Choice{Deny: Drops}, "kube-proxy-nftables", "portolan", []string{"kube-router"}, false, cluster.DenyDrop, cluster.PodNetworkRouted},
		{"iptables", Choice{}, "portolan", "generic", []string{"kube-proxy-iptables"}, false, cluster.DenyDrop, cluster.PodNetworkRouted},
		{"cilium", Choice{}, "portolan", "portolan", []string{"cilium", "cilium"}, true, cluster.DenyDrop, cluster.PodNetworkRouted},
		{"none", Choice{}, "kube-proxy-nftables", "none", nil, false, cluster.DenyDrop, cluster.PodNetworkRouted},
	} {
		m, not, err := Ground(example(t, cluster.Dataplane{Profile: c.profile}), c.choice)
		if err != nil {
			t.Errorf("%s %+v: %v", c.profile, c.choice, err)
			continue
		}
		var replaced []string
		for _, e := range not {
			replaced = append(replaced, e.Name)
		}
		p := m.Profile
		if p.Proxy.Name != c.proxy || p.Policy.Name != c.policy || !slices.Equal(replaced, c.replaced) ||
			p.Policy.AfterSNAT != c.after || p.Policy.Deny != c.deny || p.PodNetwork != c.network || p.MasqueradeAll != c.choice.MasqueradeAll {
			t.Errorf("%s %+v: %s, %s instead of %v, after SNAT %v, deny %v, %s", c.profile, c.choice, p.Proxy.Name, p.Policy.Name, replaced, p.Policy.AfterSNAT, p.Policy.Deny, p.PodNetwork)
		}
		if m.PrintableProxy() != nil || m.PrintablePolicy() != nil {
			t.Errorf("%s %+v: not printable", c.profile, c.choice)
		}
	}
	// The network's own masquerade stays, whoever enforces.
	m, _, err := Ground(example(t, cluster.Dataplane{Profile: "cilium"}), Choice{})
	if err != nil || m.Profile.PodEgressMasquerade != cluster.EgressMasqueradeOffCluster {
		t.Errorf("cilium's masquerade: %v, %v", m.Profile.PodEgressMasquerade, err)
	}
}

func TestGroundRefuses(t *testing.T) {
	for _, c := range []struct {
		profile string
		choice  Choice
		want    string
	}{
		{"none", Choice{Hook: AfterSNAT}, "nobody enforces"},
		{"generic", Choice{Hook: AfterSNAT, Deny: Rejects}, "reject behind the masquerade"},
		{"generic", Choice{Hook: "sideways"}, "is not before-snat or after-snat"},
		{"generic", Choice{Deny: "ignore"}, "is not drop or reject"},
		{"generic", Choice{PodNetwork: "tokenring"}, "is not known"},
	} {
		_, _, err := Ground(example(t, cluster.Dataplane{Profile: c.profile}), c.choice)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %+v: %v, want %q", c.profile, c.choice, err, c.want)
		}
	}
}
