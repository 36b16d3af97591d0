package cluster

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// pool is a Calico IPPool as far as packets go by it
// (docs.tigera.io/calico/latest/reference/resources/ippool).
type pool struct {
	saying // its range, its name
	cidr   netip.Prefix
	// masquerades is natOutgoing.
	masquerades bool
	// tunnel is ipipMode or vxlanMode, "Never" where neither is set: "Cannot be set
	// at the same time".
	tunnel string
}

// pools are read once.
func (d *detecting) pools() []pool {
	if !d.poolsRead {
		d.poolsRead, d.poolsHeld = true, d.readPools()
	}
	return d.poolsHeld
}

// readPools returns those that pods have addresses of; where no pod has one, those
// that addresses are given from ("When set to true, Calico IPAM will not assign
// addresses from this pool", disabled).
func (d *detecting) readPools() []pool {
	if !d.plugs(AgentCalico) {
		return nil
	}
	var used, open []pool
	for _, c := range d.objects(KindIPPool) {
		all := parseRanges(c.Settings["cidr"])
		uses := c.Settings["allowedUses"]
		if len(all) != 1 || uses != "" && !strings.Contains(uses, "Workload") {
			continue
		}
		p := pool{saying{all[0].String(), c.Object.String()}, all[0], c.Settings["natOutgoing"] == "true", "Never"}
		for _, mode := range []string{c.Settings["ipipMode"], c.Settings["vxlanMode"]} {
			if mode != "" && mode != "Never" {
				p.tunnel = mode
			}
		}
		if d.used(all[0]) {
			used = append(used, p)
		}
		if c.Settings["disabled"] != "true" {
			open = append(open, p)
		}
	}
	if used != nil {
		return used
	}
	return open
}

// used reports whether a pod has an address of the range.
func (d *detecting) used(r netip.Prefix) bool {
	return slices.ContainsFunc(d.s.Pods, func(p Pod) bool {
		return !p.HostNetwork && !p.Invented && slices.ContainsFunc(p.IPs, r.Contains)
	})
}

func (d *detecting) calicoRanges() []ranges {
	var r ranges
	var names []string
	for _, p := range d.pools() {
		r.prefixes, names = append(r.prefixes, p.cidr), append(names, p.object)
	}
	if r.prefixes == nil {
		return nil
	}
	r.object = strings.Join(names, ", ")
	return []ranges{r}
}

// calicoMasquerades: "When enabled, packets sent from Calico networked containers in
// this pool to destinations outside of any Calico IP pools will be masqueraded"
// (natOutgoing), which spares no node unless natOutgoingExclusions is
// IPPoolsAndHostIPs.
func (d *detecting) calicoMasquerades() []saying {
	on := EgressMasqueradeNodesToo
	if v := d.felix("natOutgoingExclusions"); v.value == "IPPoolsAndHostIPs" {
		on = EgressMasqueradeOffCluster
	}
	var all []saying
	for _, p := range d.pools() {
		s := saying{string(EgressMasqueradeNone), p.object}
		if p.masquerades {
			s.value = string(on)
		}
		all = append(all, s)
	}
	return all
}

// felix returns a setting of the FelixConfiguration that counts for all nodes
// ("default ... the global default configuration settings for Felix").
func (d *detecting) felix(name string) saying {
	for _, c := range d.objects(KindFelixConfiguration) {
		if c.Object.Name == "default" && d.plugs(AgentCalico, AgentCanal) {
			return saying{c.Settings[name], c.Object.String()}
		}
	}
	return saying{}
}

// felixUnmodelled names settings of Felix under which it does otherwise, for all
// nodes or for one ("node.<nodename> contain the node-specific overrides").
func (d *detecting) felixUnmodelled() {
	if !d.plugs(AgentCalico, AgentCanal) {
		return
	}
	for _, c := range d.objects(KindFelixConfiguration) {
		one := strings.HasPrefix(c.Object.Name, "node.")
		for _, name := range []string{"bpfEnabled", "natOutgoingAddress", "natOutgoingExclusions"} {
			v := c.Settings[name]
			if v == "" || v == "false" || name == "natOutgoingExclusions" && !one || !one && c.Object.Name != "default" {
				continue
			}
			d.because(flow.CodeDetectedUnmodelled, name+": "+v, c.Object.String())
		}
	}
}

// calicoTunnels: toward other nodes' pods a node uses its tunnel's address, where
// that is used; toward its own its node address, since their devices have none.
func (d *detecting) calicoTunnels() {
	said := map[flow.Code]bool{}
	say := func(code flow.Code, what, object string) {
		if !said[code] {
			said[code] = true
			d.because(code, what, object)
		}
	}
	for i := range d.s.Nodes {
		n := &d.s.Nodes[i]
		var tunnel []netip.Addr
		for _, a := range []string{annotationCalicoVXLAN, annotationCalicoVXLAN6, annotationCalicoIPIP} {
			addr, err := netip.ParseAddr(n.Annotations[a])
			if err != nil || firstOf(tunnel, addr.Is6()).IsValid() {
				continue
			}
			switch use, object := d.tunnelled(n, addr.Is6()); use {
			case always:
				tunnel = append(tunnel, addr)
				say(flow.CodeDetectedTunnel, "Calico", n.nodeWords()+" "+a)
			case never:
				say(flow.CodeDetectedNoTunnel, "Calico", object)
			case sometimes:
				m := d.Mixed[n.Name]
				m[index(addr.Is6())] = true
				d.Mixed[n.Name] = m
				say(flow.CodeDetectedMixedTunnel, "CrossSubnet", object)
			}
		}
		if tunnel != nil {
			d.Nodes[n.Name] = Masquerade{ToPodsOnOtherNodes: tunnel}
		}
	}
}

func index(v6 bool) int {
	if v6 {
		return 1
	}
	return 0
}

// How often a node takes the tunnel toward other nodes' pods.
const (
	never = iota
	sometimes
	always
)

// tunnelled reports whether a node reaches other nodes' pods through its tunnel, and
// which object says so: by the pools they have addresses of, and with CrossSubnet by
// whose address is in its own subnet. Without pools the tunnel's address itself
// shows that it is used.
func (d *detecting) tunnelled(n *Node, v6 bool) (use int, object string) {
	mode := ""
	for _, p := range d.pools() {
		switch {
		case p.cidr.Addr().Is6() != v6:
		case mode == "":
			mode, object = p.tunnel, p.object
		case mode != p.tunnel:
			return sometimes, object + ", " + p.object
		}
	}
	switch mode {
	case "Never":
		return never, object
	case "CrossSubnet":
		return d.crossSubnet(n, v6), object
	}
	return always, object
}

// crossSubnet: "CrossSubnet" takes the tunnel only to nodes of other subnets. Calico
// writes each node's address and subnet into an annotation.
func (d *detecting) crossSubnet(n *Node, v6 bool) int {
	count := d.subnets[index(v6)]
	if count == nil {
		count = map[string]int{}
		for i := range d.s.Nodes {
			count[subnetOf(&d.s.Nodes[i], v6)]++
		}
		d.subnets[index(v6)] = count
	}
	near := count[subnetOf(n, v6)]
	switch {
	case count[""] > 0 && len(d.s.Nodes) > 1:
		return sometimes
	case near == len(d.s.Nodes):
		return never
	case near == 1:
		return always
	}
	return sometimes
}

// subnetOf is the subnet of the node's address, which is written "10.0.0.11/24"; ""
// where it is not told.
func subnetOf(n *Node, v6 bool) string {
	a := annotationCalicoAddress
	if v6 {
		a = annotationCalicoAddress6
	}
	p, err := netip.ParsePrefix(n.Annotations[a])
	if err != nil {
		return ""
	}
	return p.Masked().String()
}
