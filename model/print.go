package model

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// What who prints the tables as rules needs beside what who walks them asks.

// Proxies reports whether any Service proxy runs.
func (m *Model) Proxies() bool { return m.Profile.Proxy.Captures }

// Enforces reports whether NetworkPolicies have any effect.
func (m *Model) Enforces() bool { return m.Profile.Policy.Enforces }

// JudgesAfterSNAT reports whether the enforcer sees the masqueraded source.
func (m *Model) JudgesAfterSNAT() bool { return m.Profile.Policy.AfterSNAT }

// Row is the row of the Trips table for a kind of front and its traffic policy.
func (m *Model) Row(from Arrival, external, local bool) Trip {
	kind, traffic := 0, 0
	if external {
		kind = 1
	}
	if local {
		traffic = 1
	}
	return m.trips[from][kind][traffic]
}

// PodRanges are the addresses of a family by which a proxy tells pods, disjoint
// and in order; see Arrives.
func (m *Model) PodRanges(v6 bool) []policy.Range {
	var all []policy.Range
	if !m.Profile.Proxy.DetectsLocalPods {
		return nil
	}
	for _, c := range m.Profile.ClusterCIDRs {
		// Of the ranges the Fabric tells, the first of a family counts.
		if c.Addr().Is6() == v6 && m.Profile.DetectsAsPod(c.Addr()) {
			all = append(all, policy.RangeOf(c))
		}
	}
	if len(m.Profile.ClusterCIDRs) == 0 {
		for i := range m.Snapshot.Pods {
			p := &m.Snapshot.Pods[i]
			if a := p.IP(v6); a.IsValid() && m.Index.PodByIP(a) == p {
				all = append(all, policy.Range{First: a, Last: a})
			}
		}
	}
	return policy.MergeRanges(all)
}

// ServiceRanges are the service ranges of a family in which the proxy drops what
// no Service has, disjoint and in order.
func (m *Model) ServiceRanges(v6 bool) []policy.Range {
	var all []policy.Range
	if m.Profile.Proxy.ChecksClusterIPs {
		for _, c := range m.Profile.ServiceCIDRs {
			if c.Addr().Is6() == v6 {
				all = append(all, policy.RangeOf(c))
			}
		}
	}
	return policy.MergeRanges(all)
}

// Claimants are all fronts with the address, protocol and port of one, it
// included. The first of them, in the order of the Snapshot, has it.
func (m *Model) Claimants(f *service.Front) []*service.Front {
	if f.Addr.IsValid() {
		return m.Services.At(netip.AddrPortFrom(f.Addr, f.Port), f.Protocol)
	}
	return m.Services.NodePorts(f.IPv6, f.Protocol, f.Port)
}

// Owns reports whether the front is the one that takes its address and port.
func (m *Model) Owns(f *service.Front) bool {
	all := m.Claimants(f)
	return len(all) > 0 && all[0] == f
}

// NodePortAddress is the address of the family on which the node answers
// NodePorts, or the zero Addr.
func (m *Model) NodePortAddress(node string, v6 bool) netip.Addr {
	if n := m.Index.Node(node); n != nil && m.Profile.Proxy.Captures {
		return n.IP(v6)
	}
	return netip.Addr{}
}

// UnprintableError is a dataplane whose behaviour no rules of ours reproduce.
type UnprintableError struct {
	Part  string // "proxy" or "policy"
	Name  string
	Flags []string
}

// Error names the part and what of it is in the way.
func (e *UnprintableError) Error() string {
	return fmt.Sprintf("%s %s: no rules of ours do what it does (%s)", e.Part, e.Name, strings.Join(e.Flags, ", "))
}

// PrintableProxy returns an *UnprintableError where the proxy does what our rules
// do not.
func (m *Model) PrintableProxy() error {
	p := &m.Profile.Proxy
	return unprintable("proxy", p.Name, map[string]bool{
		"nodePortOnEveryAddress": p.NodePortOnEveryAddress, "rangesBehindPolicy": !p.RangesBeforeDNAT,
		"rangesNeedEndpoints": p.RangesNeedEndpoints, "processSkipsEmptyExternal": p.ProcessSkipsEmptyExternal,
		"localBackendsKeepSource": p.LocalBackendsKeepSource, "podsKeepSource": p.PodsKeepSource, "atSocket": p.AtSocket,
		"clusterIPsInsideOnly": p.ClusterIPsInsideOnly, "localFallsBack": p.LocalFallsBack, "bindsAddresses": p.BindsAddresses,
		"skipsForward": p.SkipsForward,
	}, !p.Captures)
}

// PrintablePolicy returns an *UnprintableError where the enforcer does what our
// rules do not.
func (m *Model) PrintablePolicy() error {
	p := &m.Profile.Policy
	return unprintable("policy", p.Name, map[string]bool{
		"self": p.Self != 0, "span": p.Span != 0, "beforeProxyVerdicts": p.BeforeProxyVerdicts, "rootBypasses": p.RootBypasses,
		"dropsProxyErrors": p.DropsProxyErrors, "sharedChains": p.SharedChains, "unresolvedPortOpens": p.UnresolvedPortOpens,
		"egressNameWithoutPeer": p.EgressNameWithoutPeer, "egressBlockIgnoresNames": p.EgressBlockIgnoresNames,
		"skipsNodePortRange": p.SkipsNodePortRange, "exemptsProcessesOnly": p.ExemptsProcessesOnly, "identities": p.Identities,
		"worldOverTunnel": p.WorldOverTunnel, "egressBeforeDNAT": p.EgressBeforeDNAT, "forwardOnly": p.ForwardOnly,
		// The kernel has no reject behind the masquerade.
		"rejectsAfterSNAT": p.AfterSNAT && p.Deny == cluster.DenyReject,
	}, false)
}

func unprintable(part, name string, flags map[string]bool, nothing bool) error {
	e := &UnprintableError{Part: part, Name: name}
	for f, set := range flags {
		if set && !nothing {
			e.Flags = append(e.Flags, f)
		}
	}
	if len(e.Flags) == 0 {
		return nil
	}
	slices.Sort(e.Flags)
	return e
}
