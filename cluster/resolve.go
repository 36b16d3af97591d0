package cluster

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// Resolve turns what the Fabric says of the dataplane into a whole Profile:
// what was not said is filled in and listed in Profile.Assumed. It returns an
// error that names the known words when the Fabric uses an unknown one.
func Resolve(s *Snapshot) (*Profile, error) {
	found := Detect(s)
	d := s.Fabric.Dataplane.with(&found)
	p := &Profile{
		PodNetwork:          d.PodNetwork,
		ClusterCIDRs:        d.ClusterCIDRs,
		ProxyCIDRs:          d.proxyCIDRs(&s.Fabric.Dataplane, &found),
		ServiceCIDRs:        d.ServiceCIDRs,
		PodEgressMasquerade: d.PodEgressMasquerade,
		MasqueradeAll:       d.MasqueradeAll != nil && *d.MasqueradeAll,
	}
	if s.Fabric.Dataplane.PodNetwork == "" {
		p.Hairpin = found.Hairpin
	}
	if err := p.choose(&s.Fabric.Dataplane, &d); err != nil {
		return nil, err
	}
	if found.Blind && len(s.Fabric.Dataplane.ClusterCIDRs) == 0 && isKubeProxy(p.Proxy.Name) {
		p.Proxy.DetectsLocalPods = false
	}
	p.Assumed = append(p.Assumed, s.Fabric.Dataplane.leftOpen(found.Why)...)
	p.unmeasured()
	p.usualNetwork()
	if len(p.ClusterCIDRs) == 0 {
		p.deriveClusterCIDRs(s)
	}
	if n := len(s.NetworkPolicies); n > 0 && !p.Policy.Enforces {
		p.assume(flow.CodeNotEnforced, p.Policy.Name, strconv.Itoa(n))
	}
	if len(s.NetworkPolicies) == 0 && p.Policy.Enforces && !slices.ContainsFunc(s.Foreign, func(f Foreign) bool { return f.Unread }) {
		p.assume(flow.CodeNoPolicyInInput)
	}
	p.podRanges = &Prefixes{}
	for _, c := range p.ClusterCIDRs {
		p.podRanges.Add(c)
	}
	p.nodeAddresses(s, &found)
	return p, nil
}

func (p *Profile) assume(code flow.Code, args ...string) {
	p.Assumed = append(p.Assumed, flow.Because(code, args...))
}

// with is what was told, and where nothing was, what the input shows.
func (d Dataplane) with(found *Detected) Dataplane {
	if d.Profile == "" {
		d.Proxy, d.Policy = orElse(d.Proxy, found.Proxy), orElse(d.Policy, found.Policy)
	}
	d.PodNetwork = orElse(d.PodNetwork, found.PodNetwork)
	d.PodEgressMasquerade = orElse(d.PodEgressMasquerade, found.Egress)
	if len(d.ClusterCIDRs) == 0 {
		d.ClusterCIDRs = found.ClusterCIDRs
	}
	if len(d.ServiceCIDRs) == 0 {
		d.ServiceCIDRs = found.ServiceCIDRs
	}
	if d.MasqueradeAll == nil {
		d.MasqueradeAll = found.MasqueradeAll
	}
	return d
}

// proxyCIDRs are the ranges by which the proxy knows pods, as far as that is told.
func (d *Dataplane) proxyCIDRs(told *Dataplane, found *Detected) []netip.Prefix {
	if len(told.ClusterCIDRs) > 0 {
		return told.ClusterCIDRs
	}
	return found.ProxyCIDRs
}

func orElse[T comparable](told, found T) T {
	var zero T
	if told != zero {
		return told
	}
	return found
}

// leftOpen keeps what was detected of things that were not told.
func (d *Dataplane) leftOpen(why []flow.Reason) []flow.Reason {
	told := map[flow.Code]bool{
		flow.CodeDetectedProxy:         d.Profile != "" || d.Proxy != "",
		flow.CodeDetectedPolicy:        d.Profile != "" || d.Policy != "",
		flow.CodeDetectedSeveral:       d.Profile != "" || d.Policy != "",
		flow.CodeDetectedPodNetwork:    d.PodNetwork != "",
		flow.CodeDetectedPodEgress:     d.PodEgressMasquerade != "",
		flow.CodeDetectedClusterCIDR:   len(d.ClusterCIDRs) > 0,
		flow.CodeDetectedPodsBeyond:    len(d.ClusterCIDRs) > 0,
		flow.CodeDetectedBlindProxy:    len(d.ClusterCIDRs) > 0,
		flow.CodeDetectedServiceCIDR:   len(d.ServiceCIDRs) > 0,
		flow.CodeDetectedHairpin:       d.PodNetwork != "",
		flow.CodeDetectedMasqueradeAll: d.MasqueradeAll != nil,
		flow.CodeDetectedUnmodelled:    d.Profile != "" || d.Proxy != "" && d.Policy != "",
	}
	facts := map[string]bool{
		"podNetwork": d.PodNetwork != "", "podEgressMasquerade": d.PodEgressMasquerade != "",
		"clusterCIDRs": len(d.ClusterCIDRs) > 0, "serviceCIDRs": len(d.ServiceCIDRs) > 0,
	}
	var out []flow.Reason
	for _, r := range why {
		disputed := r.Code == flow.CodeDetectedContradiction || r.Code == flow.CodeDetectedOverruled
		if !told[r.Code] && !(disputed && facts[r.Args[0]]) {
			out = append(out, r)
		}
	}
	return out
}

// choose looks up proxy and enforcer; told is what the Fabric said, d with what
// was detected.
func (p *Profile) choose(told, d *Dataplane) error {
	switch d.PodNetwork {
	case "", PodNetworkRouted, PodNetworkBridge, PodNetworkVXLAN, PodNetworkGateway:
	default:
		return fmt.Errorf("dataplane.podNetwork %q is not known: use one of routed, bridge, vxlan, gateway", d.PodNetwork)
	}
	name := d.Profile
	if name == "" {
		name = "generic"
	}
	bundle, ok := bundles[name]
	if !ok {
		return unknownWord("profile", name, bundles)
	}
	proxy, policy := orElse(d.Proxy, bundle[0]), orElse(d.Policy, bundle[1])
	if d.Profile == "" {
		p.assumeParts(told, d, proxy, policy)
	}
	if p.Proxy, ok = proxies[proxy]; !ok {
		return unknownWord("proxy", proxy, proxies)
	}
	if p.Policy, ok = enforcers[policy]; !ok {
		return unknownWord("policy", policy, enforcers)
	}
	if differs := besideOthers[policy]; differs != nil && proxy != policy {
		differs(&p.Policy)
	}
	return nil
}

// assumeParts says which part of the dataplane nobody told and nothing showed.
func (p *Profile) assumeParts(told, d *Dataplane, proxy, policy string) {
	switch {
	case d.Proxy != "" && d.Policy != "":
	case d.Proxy == told.Proxy && d.Policy == told.Policy: // nothing was detected
		p.assume(flow.CodeAssumedProfile, "generic")
	case d.Proxy == "":
		p.assume(flow.CodeAssumedProxy, proxy)
	default:
		p.assume(flow.CodeAssumedEnforcer, policy)
	}
}

// unmeasured says which parts of the profile nobody has held against packets.
func (p *Profile) unmeasured() {
	var parts []string
	if p.Proxy.Unmeasured {
		parts = append(parts, p.Proxy.Name)
	}
	if p.Policy.Unmeasured && p.Policy.Name != p.Proxy.Name {
		parts = append(parts, p.Policy.Name)
	}
	if len(parts) > 0 {
		p.assume(flow.CodeAssumedUnmeasured, strings.Join(parts, ", "))
	}
}

// usualNetwork fills in the pod network that was not told: the enforcer's own,
// else a routed one that rewrites nothing.
func (p *Profile) usualNetwork() {
	u := usualNetworks[p.Policy.Name]
	if p.PodNetwork == "" {
		p.PodNetwork = PodNetworkRouted
		if u.network == "" {
			p.assume(flow.CodeAssumedPodNetwork, string(p.PodNetwork))
		} else {
			p.PodNetwork = u.network
			p.assume(flow.CodeAssumedUsualNetwork, p.Policy.Name, string(u.network))
		}
	}
	if p.PodEgressMasquerade == "" {
		p.PodEgressMasquerade = EgressMasqueradeNone
		if u.egress != "" {
			p.PodEgressMasquerade = u.egress
			p.assume(flow.CodeAssumedPodEgress, p.Policy.Name, string(u.egress))
		}
	}
}

func unknownWord[V any](field, word string, known map[string]V) error {
	return fmt.Errorf("dataplane.%s %q is not known: use one of %s", field, word,
		strings.Join(slices.Sorted(maps.Keys(known)), ", "))
}

// deriveClusterCIDRs takes the nodes' pod CIDRs for the cluster's: what
// kube-proxy is told by --cluster-cidr covers them.
func (p *Profile) deriveClusterCIDRs(s *Snapshot) {
	for i := range s.Nodes {
		p.ClusterCIDRs = append(p.ClusterCIDRs, s.Nodes[i].PodCIDRs...)
	}
	if len(p.ClusterCIDRs) == 0 {
		p.assume(flow.CodeNoClusterCIDR)
		return
	}
	words := make([]string, 0, 3)
	for _, c := range p.ClusterCIDRs[:min(3, len(p.ClusterCIDRs))] {
		words = append(words, c.String())
	}
	if n := len(p.ClusterCIDRs) - len(words); n > 0 {
		words = append(words, fmt.Sprintf("and %d more", n))
	}
	p.assume(flow.CodeAssumedClusterCIDR, strings.Join(words, ", "))
}

// DetectsAsPod reports whether the proxy takes the address for a pod's. Of
// several cluster CIDRs that it was told it uses the first of each family
// (cmd/kube-proxy/app/server_linux.go).
func (p *Profile) DetectsAsPod(a netip.Addr) bool {
	if len(p.ProxyCIDRs) == 0 {
		return p.InClusterCIDR(a)
	}
	for _, c := range p.ProxyCIDRs {
		if c.Addr().Is6() == a.Is6() {
			return c.Contains(a)
		}
	}
	return false
}

// InClusterCIDR reports whether the address is one of a pod, as a proxy with
// --detect-local-mode ClusterCIDR tells it.
func (p *Profile) InClusterCIDR(a netip.Addr) bool {
	if p.podRanges == nil {
		return within(p.ClusterCIDRs, a)
	}
	return p.podRanges.Longest(a) != 0
}

// InServiceCIDR reports whether the address is of the service range.
func (p *Profile) InServiceCIDR(a netip.Addr) bool { return within(p.ServiceCIDRs, a) }

func within(prefixes []netip.Prefix, a netip.Addr) bool {
	for _, c := range prefixes {
		if c.Contains(a) {
			return true
		}
	}
	return false
}

// nodeAddresses fills the masquerade addresses of every node: the Fabric's
// word, else what annotations tell, else the pod network's custom. An address that
// nothing tells, or that is one here and another there, stays absent, and what
// depends on it is unknown.
func (p *Profile) nodeAddresses(s *Snapshot, found *Detected) {
	told := make(map[string]*Masquerade, len(s.Fabric.Nodes))
	for i := range s.Fabric.Nodes {
		told[s.Fabric.Nodes[i].Name] = &s.Fabric.Nodes[i].Masquerade
	}
	p.Nodes = make(map[string]Masquerade, len(s.Nodes))
	for i := range s.Nodes {
		n := &s.Nodes[i]
		m := p.custom(n)
		if f, ok := found.Nodes[n.Name]; ok {
			m.override(&f)
		}
		if mixed := found.Mixed[n.Name]; s.Fabric.Dataplane.PodNetwork == "" && mixed != [2]bool{} {
			m.ToPodsOnOtherNodes = slices.DeleteFunc(slices.Clone(m.ToPodsOnOtherNodes), func(a netip.Addr) bool { return mixed[index(a.Is6())] })
		}
		if t := told[n.Name]; t != nil {
			m.override(t)
		}
		p.Nodes[n.Name] = m
	}
}

// custom is the masquerade address by kind of pod network: masquerade takes the
// address of the outgoing device, which is the bridge's for a bridge, the
// tunnel's for an overlay, the gateway's where one device leads to all pods, and
// the node's where pods hang on devices without one.
func (p *Profile) custom(n *Node) Masquerade {
	m := Masquerade{ToLocalPods: n.InternalIPs, ToPodsOnOtherNodes: n.InternalIPs, ToOtherNodes: n.InternalIPs}
	if p.PodNetwork == PodNetworkRouted {
		return m
	}
	var first, zero []netip.Addr
	for _, c := range n.PodCIDRs {
		zero = append(zero, c.Masked().Addr())
		first = append(first, c.Masked().Addr().Next())
	}
	m.ToLocalPods = first
	switch p.PodNetwork {
	case PodNetworkVXLAN:
		m.ToPodsOnOtherNodes = zero
	case PodNetworkGateway:
		m.ToPodsOnOtherNodes = first
	default:
	}
	return m
}

// override replaces what is told by better words.
func (m *Masquerade) override(told *Masquerade) {
	m.ToLocalPods = override(m.ToLocalPods, told.ToLocalPods)
	m.ToPodsOnOtherNodes = override(m.ToPodsOnOtherNodes, told.ToPodsOnOtherNodes)
	m.ToOtherNodes = override(m.ToOtherNodes, told.ToOtherNodes)
}

// override replaces the addresses family by family, so that a Fabric which
// tells IPv4 only leaves the custom for IPv6.
func override(base, told []netip.Addr) []netip.Addr {
	if len(told) == 0 {
		return base
	}
	out := slices.Clone(told)
	for _, v6 := range []bool{false, true} {
		if !firstOf(told, v6).IsValid() {
			if a := firstOf(base, v6); a.IsValid() {
				out = append(out, a)
			}
		}
	}
	return out
}

// Toward is where a node's packet goes, as far as its source address depends on
// it.
type Toward uint8

// The three ways out of a node.
const (
	TowardOtherNodes Toward = iota // other nodes' addresses, and everything outside
	TowardLocalPods
	TowardRemotePods
)

// SourceOf returns the address the node puts on packets of its own, and on
// those it masquerades, or the zero Addr when it is not known.
func (p *Profile) SourceOf(node string, t Toward, v6 bool) netip.Addr {
	m := p.Nodes[node]
	return m.To(t, v6)
}

// To is the first address of a family for packets in a direction, or the zero Addr.
func (m *Masquerade) To(t Toward, v6 bool) netip.Addr {
	switch t {
	case TowardLocalPods:
		return firstOf(m.ToLocalPods, v6)
	case TowardRemotePods:
		return firstOf(m.ToPodsOnOtherNodes, v6)
	default:
		return firstOf(m.ToOtherNodes, v6)
	}
}

// Told reports whether the Fabric itself gives the address of SourceOf.
func (f *Fabric) Told(node string, t Toward, v6 bool) bool {
	for i := range f.Nodes {
		if f.Nodes[i].Name != node {
			continue
		}
		return f.Nodes[i].Masquerade.To(t, v6).IsValid()
	}
	return false
}

// String is for messages and tests; the report has words of its own.
func (t Toward) String() string {
	return [...]string{"other nodes", "its own pods", "pods on other nodes"}[t]
}
