package cluster

import (
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/flow"
)

// flannel's settings: net-conf.json and cni-conf.json of its ConfigMap
// (flannel Documentation/configuration.md and backends.md).
func (d *detecting) flannelSetting(names ...string) (string, *Clue) {
	if !d.plugs(AgentFlannel, AgentCanal) {
		return "", nil
	}
	return d.setting(AgentFlannel, names...)
}

// networkAgents are those that set up pods' networks.
var networkAgents = []Agent{AgentFlannel, AgentCanal, AgentCalico, AgentCilium, AgentAntrea, AgentKindnet, AgentAWS, AgentKubeRouter}

// plugs reports whether one of the agents sets up the pods' network: it runs, or no
// agent shows at all. What an agent left behind that was taken away counts nothing.
func (d *detecting) plugs(own ...Agent) bool {
	shown := false
	for _, a := range networkAgents {
		if d.agent(a) == nil {
			continue
		}
		if shown = true; slices.Contains(own, a) {
			return true
		}
	}
	return !shown
}

// flannel puts pods on the bridge cni0; with the backend vxlan other nodes' pods
// are behind flannel.1, which has the first address of the pod CIDR, the zero one.
func (d *detecting) flannel() {
	var all []saying
	add := func(s saying) {
		if !slices.ContainsFunc(all, func(o saying) bool { return o.value == s.value }) {
			all = append(all, s)
		}
	}
	for i := range d.s.Nodes {
		if v := d.s.Nodes[i].Annotations[annotationFlannelBackend]; v != "" {
			add(saying{v, d.s.Nodes[i].nodeWords() + " " + annotationFlannelBackend})
		}
	}
	if v, c := d.flannelSetting("Backend.Type"); v != "" {
		add(saying{v, c.Object.String()})
	}
	backend, ok := d.agree("podNetwork", all)
	d.torn = len(all) > 1
	if !ok {
		return
	}
	switch backend.value {
	case "vxlan":
		d.is(PodNetworkVXLAN, backend.object)
		d.directRouting()
	case "host-gw":
		d.is(PodNetworkBridge, backend.object)
	default:
		d.because(flow.CodeDetectedUnmodelled, "Backend.Type: "+backend.value, backend.object)
		return
	}
	d.hairpin()
}

// directRouting: "Enable direct routes (like host-gw) when the hosts are on the
// same subnet. VXLAN will only be used to encapsulate packets to hosts on different
// subnets." Which hosts those are no object tells.
func (d *detecting) directRouting() {
	v, c := d.flannelSetting("Backend.DirectRouting")
	if v != "true" || len(d.s.Nodes) < 2 {
		return
	}
	for i := range d.s.Nodes {
		d.Mixed[d.s.Nodes[i].Name] = [2]bool{true, true}
	}
	d.because(flow.CodeDetectedMixedTunnel, "Backend.DirectRouting: true", c.Object.String())
}

// hairpin: the bridge plugin's hairpinMode, which flannel hands on ("delegate").
// What the pod network has as a rule is not worth a word.
func (d *detecting) hairpin() {
	v, c := d.flannelSetting("plugins.delegate.hairpinMode", "delegate.hairpinMode")
	on, err := strconv.ParseBool(v)
	if err != nil {
		return
	}
	d.Hairpin = &on
	if on == (d.PodNetwork == PodNetworkBridge) {
		d.because(flow.CodeDetectedHairpin, v, c.Object.String())
	}
}

// flannelRanges are Network and IPv6Network, as far as they are in use.
func (d *detecting) flannelRanges() []ranges {
	var r ranges
	for _, x := range []struct{ enabled, off, network string }{{"EnableIPv4", "false", "Network"}, {"EnableIPv6", "", "IPv6Network"}} {
		on, _ := d.flannelSetting(x.enabled)
		if v, c := d.flannelSetting(x.network); on != x.off && (on != "false") {
			if all := parseRanges(v); len(all) > 0 {
				r.prefixes, r.object = append(r.prefixes, all...), c.Object.String()
			}
		}
	}
	if r.prefixes == nil {
		return nil
	}
	return []ranges{r}
}

// flannelMasquerades: "--ip-masq: setup IP masquerade for traffic destined for
// outside the flannel network", nodes included; canal has it in its ConfigMap
// ("Whether or not to masquerade traffic to destinations not within the pod network").
func (d *detecting) flannelMasquerades() []saying {
	v, c := d.flannelSetting("ip-masq", "masquerade")
	switch v {
	case "true":
		return []saying{{string(EgressMasqueradeNodesToo), c.Object.String()}}
	case "false":
		return []saying{{string(EgressMasqueradeNone), c.Object.String()}}
	}
	return nil
}
