package manifest

import (
	"net/netip"
	"strings"

	"github.com/portolan-net/portolan/cluster"
)

// The fields of MetalLB's kinds (metallb/metallb, api/v1beta1, api/v1beta2).
var (
	poolFields       = []string{"addresses", "autoAssign", "avoidBuggyIPs", "serviceAllocation"}
	allocationFields = []string{"namespaceSelectors", "namespaces", "priority", "serviceSelectors"}
	bgpAdFields      = []string{
		"aggregationLength", "aggregationLengthV6", "communities", "ipAddressPoolSelectors", "ipAddressPools",
		"localPref", "nodeSelectors", "peers", "serviceSelectors",
	}
	l2AdFields = []string{
		"interfaces", "ipAddressPoolSelectors", "ipAddressPools", "nodeSelectors", "preferredNodeSelectors",
		"serviceSelectors",
	}
	bgpPeerFields = []string{
		"bfdProfile", "connectTime", "disableMP", "dualStackAddressFamily", "dynamicASN", "ebgpMultiHop",
		"enableGracefulRestart", "holdTime", "interface", "keepaliveTime", "localASN", "myASN", "nodeSelectors",
		"password", "passwordSecret", "peerASN", "peerAddress", "peerPort", "routerID", "sourceAddress", "vrf",
	}
)

func (b *Builder) placeMetalLB(val any) {
	m := &b.metallb
	switch val := val.(type) {
	case *cluster.IPAddressPool:
		m.Pools = append(m.Pools, *val)
	case *cluster.BGPAdvertisement:
		m.BGPAdvertisements = append(m.BGPAdvertisements, *val)
	case *cluster.L2Advertisement:
		m.L2Advertisements = append(m.L2Advertisements, *val)
	case *cluster.BGPPeer:
		m.BGPPeers = append(m.BGPPeers, *val)
	}
}

// metallbSpec checks what all four kinds have around their spec.
func (v value) metallbSpec(fields []string) value {
	v.known(objectFields...)
	v.get("metadata").known(metaFields...)
	spec := v.get("spec")
	spec.known(fields...)
	return spec
}

func decodePool(v value) any {
	spec := v.metallbSpec(poolFields)
	p := &cluster.IPAddressPool{
		Meta:          v.meta(),
		AutoAssign:    spec.get("autoAssign").boolean(true),
		AvoidBuggyIPs: spec.get("avoidBuggyIPs").boolean(false),
	}
	addresses := spec.get("addresses")
	for _, a := range addresses.list() {
		p.Addresses = append(p.Addresses, a.addressRange())
	}
	if len(p.Addresses) == 0 {
		addresses.fail("a pool needs at least one range of addresses", "write FIRST-LAST or a CIDR")
	}
	if a := spec.get("serviceAllocation"); a.mapping() {
		a.known(allocationFields...)
		priority, _ := a.get("priority").integer(0, maxPriority)
		p.Allocation = &cluster.ServiceAllocation{
			Priority:           int(priority),
			Namespaces:         a.get("namespaces").strs(),
			NamespaceSelectors: a.get("namespaceSelectors").selectors(),
			ServiceSelectors:   a.get("serviceSelectors").selectors(),
		}
	}
	return p
}

// maxPriority bounds a number that the API does not bound.
const maxPriority = 1<<31 - 1

// addressRange is a CIDR, or FIRST-LAST of one family.
func (v value) addressRange() cluster.AddressRange {
	s := v.str()
	v.need()
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		p := v.prefix()
		if !p.IsValid() {
			return cluster.AddressRange{}
		}
		return cluster.AddressRange{First: p.Addr(), Last: cluster.LastAddr(p)}
	}
	first, err := netip.ParseAddr(strings.TrimSpace(from))
	last, err2 := netip.ParseAddr(strings.TrimSpace(to))
	switch {
	case err != nil || err2 != nil || first.Zone() != "" || last.Zone() != "":
		v.fail(quote(s)+" is not a range of addresses (FIRST-LAST)", ipHint(strings.TrimSpace(from)))
		return cluster.AddressRange{}
	case first.Is6() != last.Is6() || first.Is4In6() || first.Compare(last) > 0:
		v.failf("the range %s does not go from a first to a last address of one family", quote(s))
		return cluster.AddressRange{}
	}
	return cluster.AddressRange{First: first, Last: last}
}

// selectors is a list of label selectors, nil when absent. A null item selects
// nothing in the API's own reading, so it is refused.
func (v value) selectors() []cluster.LabelSelector {
	var all []cluster.LabelSelector
	for _, item := range v.list() {
		s := item.selector()
		if s == nil {
			item.need()
			continue
		}
		all = append(all, *s)
	}
	return all
}

func decodeBGPAdvertisement(v value) any {
	spec := v.metallbSpec(bgpAdFields)
	b := &cluster.BGPAdvertisement{
		Meta:                v.meta(),
		Pools:               spec.get("ipAddressPools").strs(),
		PoolSelectors:       spec.get("ipAddressPoolSelectors").selectors(),
		NodeSelectors:       spec.get("nodeSelectors").selectors(),
		ServiceSelectors:    spec.get("serviceSelectors").selectors(),
		Peers:               spec.get("peers").strs(),
		AggregationLength:   32,
		AggregationLengthV6: 128,
		Communities:         spec.get("communities").strs(),
	}
	if n, ok := spec.get("aggregationLength").integer(1, 32); ok {
		b.AggregationLength = int(n)
	}
	if n, ok := spec.get("aggregationLengthV6").integer(1, 128); ok {
		b.AggregationLengthV6 = int(n)
	}
	pref, _ := spec.get("localPref").integer(0, 1<<32-1)
	b.LocalPref = uint32(pref)
	if len(b.ServiceSelectors) > 0 && (b.AggregationLength != 32 || b.AggregationLengthV6 != 128) {
		spec.get("serviceSelectors").fail("serviceSelectors and an aggregationLength exclude each other", "")
	}
	return b
}

func decodeL2Advertisement(v value) any {
	spec := v.metallbSpec(l2AdFields)
	l := &cluster.L2Advertisement{
		Meta:             v.meta(),
		Pools:            spec.get("ipAddressPools").strs(),
		PoolSelectors:    spec.get("ipAddressPoolSelectors").selectors(),
		NodeSelectors:    spec.get("nodeSelectors").selectors(),
		ServiceSelectors: spec.get("serviceSelectors").selectors(),
		Interfaces:       spec.get("interfaces").strs(),
	}
	for _, p := range spec.get("preferredNodeSelectors").list() {
		p.known("preference", "weight")
		weight, _ := p.get("weight").integer(1, 100)
		p.get("weight").need()
		p.get("preference").need()
		if s := p.get("preference").selector(); s != nil {
			l.Preferred = append(l.Preferred, cluster.PreferredNodes{Weight: int(weight), Selector: *s})
		}
	}
	return l
}

// decodeBGPPeer reads both versions: v1beta1 has fewer fields, of the same
// names. Passwords are not kept.
func decodeBGPPeer(v value) any {
	spec := v.metallbSpec(bgpPeerFields)
	b := &cluster.BGPPeer{
		Meta:          v.meta(),
		Address:       spec.get("peerAddress").addr(),
		Interface:     spec.get("interface").str(),
		NodeSelectors: spec.get("nodeSelectors").selectors(),
	}
	my, _ := spec.get("myASN").integer(0, 1<<32-1)
	peer, _ := spec.get("peerASN").integer(0, 1<<32-1)
	b.MyASN, b.PeerASN = uint32(my), uint32(peer)
	return b
}
