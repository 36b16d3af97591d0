package cluster

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// saying is what one object says of a fact.
type saying struct{ value, object string }

// agree returns what all of them say. Where they differ it says so, and the fact
// stays open.
func (d *detecting) agree(fact string, all []saying) (saying, bool) {
	if len(all) == 0 {
		return saying{}, false
	}
	for _, s := range all[1:] {
		if s.value != all[0].value {
			d.contradict(fact, all[0], s)
			return saying{}, false
		}
	}
	return all[0], true
}

func (d *detecting) contradict(fact string, a, b saying) {
	d.because(flow.CodeDetectedContradiction, fact, a.value, a.object, b.value, b.object)
}

// objects of a kind, in the order of their names.
func (d *detecting) objects(kind string) []*Clue {
	var out []*Clue
	for i := range d.s.Clues {
		if c := &d.s.Clues[i]; c.Object.Kind == kind && c.Config {
			out = append(out, c)
		}
	}
	return out
}

// ranges are prefixes that an object tells.
type ranges struct {
	prefixes []netip.Prefix
	object   string
}

func (r *ranges) saying() saying { return saying{rangeWords(r.prefixes), r.object} }

// parseRanges reads prefixes with commas between; what is none is passed over.
func parseRanges(text string) []netip.Prefix {
	var out []netip.Prefix
	for _, word := range strings.Split(text, ",") {
		if p, err := netip.ParsePrefix(strings.TrimSpace(word)); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}

func rangeWords(all []netip.Prefix) string {
	words := make([]string, len(all))
	for i, p := range all {
		words[i] = p.String()
	}
	return strings.Join(words, ", ")
}

// cover reports whether each of the inner prefixes is within one of the outer.
func cover(outer, inner []netip.Prefix) bool {
	for _, p := range inner {
		if !slices.ContainsFunc(outer, func(o netip.Prefix) bool { return o.Bits() <= p.Bits() && o.Contains(p.Addr()) }) {
			return false
		}
	}
	return true
}

// podRanges finds where pods' addresses are from. kubeadm was told the range of all
// of them (networking.podSubnet, "the subnet used by pods"), and plugins which part
// of it they give out. kube-proxy recognises pods by a range that it is told by
// itself (clusterCIDR): where that is less, pods outside of it are strangers to it.
func (d *detecting) podRanges() {
	all := slices.Concat(d.kubeadm("networking.podSubnet"), d.flannelRanges(), d.calicoRanges(), d.ciliumRanges())
	if len(all) == 0 {
		return
	}
	whole := all[0]
	for _, r := range all[1:] {
		switch {
		case cover(whole.prefixes, r.prefixes):
		case cover(r.prefixes, whole.prefixes):
			whole = r
		default:
			d.contradict("clusterCIDRs", whole.saying(), r.saying())
			return
		}
	}
	words := whole.saying()
	switch {
	case len(d.ProxyCIDRs) == 0:
		d.ClusterCIDRs = whole.prefixes
		d.because(flow.CodeDetectedClusterCIDR, words.value, words.object)
	case !cover(d.ProxyCIDRs, whole.prefixes):
		_, c := d.setting(AgentKubeProxy, "clusterCIDR", "cluster-cidr")
		d.ClusterCIDRs = slices.Concat(d.ProxyCIDRs, whole.prefixes)
		d.because(flow.CodeDetectedPodsBeyond, rangeWords(d.ProxyCIDRs), c.Object.String(), words.value, words.object)
	}
}

// kubeadm returns a range of its ClusterConfiguration (kubeadm.k8s.io, Networking).
func (d *detecting) kubeadm(setting string) []ranges {
	v, c := d.setting(AgentKubeadm, setting)
	if all := parseRanges(v); len(all) > 0 {
		return []ranges{{all, c.Object.String()}}
	}
	return nil
}

// serviceRanges finds the Services' range. "ServiceCIDR defines a range of IP
// addresses ... used to allocate ClusterIPs to Service objects", and is what
// kube-proxy goes by since 1.33; whether one is being deleted does not matter to it
// (pkg/proxy/config, ServiceCIDRConfig). kubeadm's serviceSubnet is what the API
// server was started with, and counts where there is no such object.
func (d *detecting) serviceRanges() {
	var own ranges
	var names []string
	for _, c := range d.objects(KindServiceCIDR) {
		all := parseRanges(c.Settings["cidrs"])
		for _, p := range all {
			if !slices.Contains(own.prefixes, p) {
				own.prefixes = append(own.prefixes, p)
			}
		}
		if len(all) > 0 {
			names = append(names, c.Object.String())
		}
	}
	own.object = strings.Join(names, ", ")
	told := d.kubeadm("networking.serviceSubnet")
	switch {
	case len(own.prefixes) == 0 && len(told) == 0:
		return
	case len(own.prefixes) == 0:
		own = told[0]
	case len(told) > 0 && !cover(own.prefixes, told[0].prefixes):
		s, t := own.saying(), told[0].saying()
		d.because(flow.CodeDetectedOverruled, "serviceCIDRs", t.value, t.object, s.value, s.object)
	}
	d.ServiceCIDRs = own.prefixes
	d.because(flow.CodeDetectedServiceCIDR, rangeWords(own.prefixes), own.object)
}
