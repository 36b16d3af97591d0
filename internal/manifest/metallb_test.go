package manifest

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// metallb makes an object of one of MetalLB's kinds, of version v1beta1 unless
// the kind says otherwise ("BGPPeer.v1beta2").
func metallb(kind, spec string) string {
	kind, version, ok := strings.Cut(kind, ".")
	if !ok {
		version = "v1beta1"
	}
	return fmt.Sprintf("apiVersion: metallb.io/%s\nkind: %s\nmetadata: {name: m, namespace: metallb-system}\nspec:\n%s", version, kind, indent(spec))
}

// MetalLB, configuration: "addresses: 192.168.10.0/24, 192.168.9.1-192.168.9.5,
// fc00:f853:0ccd:e799::/124".
func TestPool(t *testing.T) {
	p := parse(t, metallb("IPAddressPool", `
addresses: [192.168.10.0/24, 192.168.9.1-192.168.9.5, "fc00:f853:0ccd:e799::/124", "198.51.100.7 - 198.51.100.7"]
avoidBuggyIPs: true`)).Snapshot.MetalLB.Pools[0]
	var ranges []string
	for _, r := range p.Addresses {
		ranges = append(ranges, r.String())
	}
	want := "192.168.10.0-192.168.10.255 192.168.9.1-192.168.9.5 fc00:f853:ccd:e799::-fc00:f853:ccd:e799::f 198.51.100.7"
	if got := strings.Join(ranges, " "); got != want {
		t.Errorf("ranges %s, want %s", got, want)
	}
	if !p.AutoAssign || !p.AvoidBuggyIPs || p.Allocation != nil || p.Position.Line != 1 || p.Object().String() != "IPAddressPool/metallb-system/m" {
		t.Errorf("%+v", p)
	}
	for addr, in := range map[string]bool{"192.168.9.5": true, "192.168.9.6": false, "fc00:f853:ccd:e799::f": true, "::ffff:192.168.9.5": false} {
		if p.Holds(netip.MustParseAddr(addr)) != in {
			t.Errorf("holds %s: %v", addr, !in)
		}
	}
}

// metallb/metallb#2003: an empty serviceAllocation is not an absent one.
func TestServiceAllocation(t *testing.T) {
	const addresses = "addresses: [198.51.100.16/28]\n"
	for _, c := range []struct {
		spec string
		want *cluster.ServiceAllocation
	}{
		{"", nil},
		{"serviceAllocation: null", nil},
		{"serviceAllocation: {}", &cluster.ServiceAllocation{}},
		{"serviceAllocation: {priority: 50, namespaces: [a, b], namespaceSelectors: [{matchLabels: {x: y}}], serviceSelectors: [{}]}", &cluster.ServiceAllocation{
			Priority: 50, Namespaces: []string{"a", "b"},
			NamespaceSelectors: []cluster.LabelSelector{{MatchLabels: cluster.Labels{"x": "y"}}}, ServiceSelectors: []cluster.LabelSelector{{}},
		}},
	} {
		p := parse(t, metallb("IPAddressPool", addresses+c.spec)).Snapshot.MetalLB.Pools[0]
		if !reflect.DeepEqual(p.Allocation, c.want) {
			t.Errorf("%s: %+v, want %+v", c.spec, p.Allocation, c.want)
		}
	}
}

func TestAdvertisementsAndPeers(t *testing.T) {
	m := parse(t, strings.Join([]string{
		metallb("BGPAdvertisement", "ipAddressPools: [a]\nlocalPref: 100\naggregationLength: 24\ncommunities: [65535:65282]\npeers: [tor]\nnodeSelectors: [{matchLabels: {rack: a}}]"),
		"apiVersion: metallb.io/v1beta1\nkind: L2Advertisement\nmetadata: {name: empty, namespace: metallb-system}\n",
		metallb("L2Advertisement", "interfaces: [eth0]\nipAddressPoolSelectors: [{}]\nserviceSelectors: [{matchLabels: {a: b}}]\npreferredNodeSelectors: [{weight: 7, preference: {matchLabels: {n: x}}}]"),
		metallb("BGPPeer.v1beta2", "myASN: 64512\npeerASN: 4200000000\npeerAddress: 192.0.2.1\npassword: secret\nnodeSelectors: [{matchLabels: {rack: a}}]"),
		strings.Replace(metallb("BGPPeer", "myASN: 64512\npeerASN: 64513\npeerAddress: 192.0.2.2"), "name: m", "name: old", 1),
	}, "\n---\n")).Snapshot.MetalLB
	rack := []cluster.LabelSelector{{MatchLabels: cluster.Labels{"rack": "a"}}}
	b := m.BGPAdvertisements[0]
	if b.AggregationLength != 24 || b.AggregationLengthV6 != 128 || b.LocalPref != 100 || b.Peers[0] != "tor" || !reflect.DeepEqual(b.NodeSelectors, rack) {
		t.Errorf("BGPAdvertisement %+v", b)
	}
	if l := m.L2Advertisements[0]; len(l.Pools)+len(l.PoolSelectors)+len(l.Interfaces) != 0 {
		t.Errorf("an empty L2Advertisement: %+v", l)
	}
	if l := m.L2Advertisements[1]; l.Interfaces[0] != "eth0" || len(l.PoolSelectors) != 1 || l.Preferred[0].Weight != 7 || len(l.ServiceSelectors) != 1 {
		t.Errorf("L2Advertisement %+v", l)
	}
	if p := m.BGPPeers[0]; p.PeerASN != 4200000000 || p.Address.String() != "192.0.2.1" || !reflect.DeepEqual(p.NodeSelectors, rack) {
		t.Errorf("BGPPeer %+v", p)
	}
	if len(m.BGPPeers) != 2 || m.BGPPeers[1].Name != "old" {
		t.Errorf("BGPPeers %+v", m.BGPPeers)
	}
	if strings.Contains(fmt.Sprintf("%+v", m), "secret") {
		t.Error("a password is kept")
	}
}

func TestWrongMetalLB(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no address", metallb("IPAddressPool", "addresses: []"), "spec.addresses: a pool needs at least one range of addresses"},
		{"one address", metallb("IPAddressPool", "addresses: [198.51.100.1]"), `spec.addresses[0]: "198.51.100.1" is not a CIDR (ADDRESS/BITS)`},
		{"a range the wrong way", metallb("IPAddressPool", "addresses: [198.51.100.9-198.51.100.1]"), "does not go from a first to a last address of one family"},
		{"a range of two families", metallb("IPAddressPool", `addresses: ["198.51.100.9-2001:db8::1"]`), "does not go from a first to a last address of one family"},
		{"half a range", metallb("IPAddressPool", `addresses: ["198.51.100.9-"]`), "is not a range of addresses (FIRST-LAST)"},
		{"leading zeros", metallb("IPAddressPool", `addresses: ["198.51.100.09-198.51.100.10"]`), "is not a range of addresses (FIRST-LAST)"},
		{"autoAssign in quotes", metallb("IPAddressPool", "addresses: [198.51.100.0/24]\nautoAssign: \"false\""), "spec.autoAssign: this is a string"},
		{"aggregation", metallb("BGPAdvertisement", "aggregationLength: 33"), "spec.aggregationLength: 33 is not a whole number from 1 to 32"},
		{"aggregation and Services", metallb("BGPAdvertisement", "aggregationLength: 24\nserviceSelectors: [{}]"), "exclude each other"},
		{"weight", metallb("L2Advertisement", "preferredNodeSelectors: [{weight: 101, preference: {}}]"), "spec.preferredNodeSelectors[0].weight: 101 is not"},
		{"peer's address", metallb("BGPPeer", "peerAddress: tor"), `spec.peerAddress: "tor" is not an IP address`},
		{"a version nobody serves", metallb("IPAddressPool.v1beta2", "addresses: [198.51.100.0/24]"), `no API server has the kind IPAddressPool in "metallb.io/v1beta2"`},
	} {
		_, err := Parse("in.yaml", []byte(c.text), Options{})
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// A field the API does not know has no effect and is told; kinds of MetalLB that
// say nothing about who announces what stay ignored.
func TestUnknownInMetalLB(t *testing.T) {
	in := parse(t, metallb("IPAddressPool", "addresses: [198.51.100.0/24]\nautoassign: false")+
		"---\napiVersion: metallb.io/v1beta1\nkind: BFDProfile\nmetadata: {name: f, namespace: metallb-system}\n")
	if len(in.Warnings) != 1 || !in.Warnings[0].Reason.Equal(flow.Because(flow.CodeUnknownFieldNear, "IPAddressPool/metallb-system/m", "spec.autoassign", "autoAssign")) {
		t.Errorf("warnings %v", in.Warnings)
	}
	if len(in.Snapshot.Ignored) != 1 || in.Snapshot.Ignored[0].Object.Kind != "BFDProfile" {
		t.Errorf("ignored %v", in.Snapshot.Ignored)
	}
}
