package explain

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// axis is one assumption about the dataplane and what else it may be.
type axis struct {
	under flow.Reason
	edit  undo
	told  bool // somebody said so; another value contradicts them
}

// The words of the Fabric that are tried. One that this build does not know is
// passed over.
var (
	otherPolicies = []string{"kube-router", "kube-network-policies", "none", "calico", "aws", "generic"}
	otherProxies  = []string{"kube-proxy-iptables", "kube-proxy-ipvs", "kube-proxy-nftables"}
	otherProfiles = []string{"cilium", "cilium-kube-proxy", "antrea", "antrea-kube-proxy", "ipvs-forward-only"}
	otherNetworks = []cluster.PodNetwork{cluster.PodNetworkRouted, cluster.PodNetworkVXLAN, cluster.PodNetworkBridge}
)

// axes are the dataplanes that differ from the known one in one thing.
func (g *diagnosing) axes(base *world) []axis {
	d := &g.slice.Fabric.Dataplane
	p := base.m.Profile
	// "generic" stands for no enforcer in particular: naming it tells nothing.
	bundle := d.Profile != "" && d.Profile != "generic"
	toldPolicy := bundle && d.Policy == "" || d.Policy != "" && d.Policy != "generic"
	var out []axis
	add := func(code flow.Code, value string, told bool, set func(*cluster.Dataplane)) {
		out = append(out, axis{
			under: flow.Because(flow.CodeCauseDataplane, "@"+string(code), value), told: told,
			edit: func(s *cluster.Snapshot) { set(&s.Fabric.Dataplane) },
		})
	}
	for _, name := range otherPolicies {
		if name != p.Policy.Name {
			add(flow.CodeAxisPolicy, name, toldPolicy, func(d *cluster.Dataplane) { d.Policy = name })
		}
	}
	for _, name := range otherProxies {
		if name != p.Proxy.Name {
			add(flow.CodeAxisProxy, name, bundle || d.Proxy != "", func(d *cluster.Dataplane) { d.Proxy = name })
		}
	}
	for _, name := range otherProfiles {
		if name != d.Profile {
			add(flow.CodeAxisProfile, name, bundle || d.Policy != "" || d.Proxy != "", func(d *cluster.Dataplane) {
				d.Profile, d.Policy, d.Proxy, d.PodNetwork, d.PodEgressMasquerade = name, "", "", "", ""
			})
		}
	}
	for _, n := range otherNetworks {
		if n != p.PodNetwork {
			add(flow.CodeAxisPodNetwork, string(n), d.PodNetwork != "", func(d *cluster.Dataplane) { d.PodNetwork = n })
		}
	}
	other := !p.MasqueradeAll
	add(flow.CodeAxisMasquerade, map[bool]string{true: "true", false: "false"}[other], d.MasqueradeAll != nil,
		func(d *cluster.Dataplane) { d.MasqueradeAll = &other })
	return append(out, g.undeclared(base)...)
}

// undeclared: pods may listen on ports they do not declare.
func (g *diagnosing) undeclared(base *world) []axis {
	var all []undo
	for i := range g.obs {
		for t := range base.looks[i].traces {
			if t.Fate != flow.NotListening {
				continue
			}
			for _, a := range stopsOf(base.m, g.full.Snapshot, t) {
				if a.undo != nil {
					all = append(all, a.undo)
				}
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return []axis{{under: flow.Because(flow.CodeAxisListening), edit: func(s *cluster.Snapshot) {
		for _, u := range all {
			u(s)
		}
	}}}
}

// otherWorlds looks for a dataplane under which everything that was seen is
// predicted, and for the causes there: manner are those where the model was right
// about what works and what fails, and wrong about the way it fails only.
// Objects are accused there alone.
func (g *diagnosing) otherWorlds(base *world) (manner, others []Cause) {
	loosely := g.every(func(i int) bool { return base.looks[i].fits(&g.obs[i], true) })
	known := map[string]bool{}
	for _, x := range g.axes(base) {
		w, err := g.world(x.edit)
		if err != nil || !g.every(func(i int) bool { return w.looks[i].fits(&g.obs[i], false) }) {
			continue
		}
		for _, c := range g.causesUnder(w, x, loosely) {
			k := c.Kind.String() + c.Reason.String()
			if known[k] {
				continue
			}
			known[k] = true
			if loosely && !x.told {
				manner = append(manner, c)
			} else {
				others = append(others, c)
			}
		}
	}
	return manner, others
}

func (g *diagnosing) causesUnder(w *world, x axis, loosely bool) []Cause {
	if len(g.failing) == 0 {
		c := Cause{Kind: CauseDataplane, Reason: x.under, Under: x.under, expects: g.foretell(w)}
		g.measure(&c, w, nil)
		return []Cause{c}
	}
	found, _ := g.causesIn(w)
	var out []Cause
	for _, c := range found {
		if len(c.Explains) < len(g.obs) {
			continue
		}
		c.Under, c.Accused = x.under, loosely && !x.told && len(c.Objects) > 0 && c.Kind != CausePath
		out = append(out, c)
	}
	return out
}
