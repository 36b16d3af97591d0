package cluster

import (
	"maps"
	"slices"
	"strings"
)

// Alternative is another dataplane that fits what is told and shown.
type Alternative struct {
	Name      string
	Dataplane Dataplane
}

// Alternatives lists the dataplanes that the cluster may have instead of the one
// that Resolve takes: every bundle whose proxy and enforcer contradict nothing,
// and other pod networks, unless those are known. None where the Fabric tells the
// profile.
func Alternatives(s *Snapshot) []Alternative {
	told := s.Fabric.Dataplane
	if told.Profile != "" {
		return nil
	}
	found := Detect(s)
	known := told.with(&found)
	here, err := Resolve(s)
	if err != nil {
		return nil
	}
	tried := map[[2]string]bool{{here.Proxy.Name, here.Policy.Name}: true}
	var out []Alternative
	for _, name := range slices.Sorted(maps.Keys(bundles)) {
		proxy, policy, ok := known.fits(bundles[name])
		if !ok || tried[[2]string{proxy, policy}] {
			continue
		}
		tried[[2]string{proxy, policy}] = true
		d := told
		d.Proxy, d.Policy = proxy, policy
		out = append(out, Alternative{name, d})
	}
	if known.PodNetwork != "" || here.PodNetwork == PodNetworkGateway {
		return out
	}
	for _, n := range []PodNetwork{PodNetworkRouted, PodNetworkBridge, PodNetworkVXLAN} {
		if n != here.PodNetwork {
			d := told
			d.PodNetwork, d.Proxy, d.Policy = n, here.Proxy.Name, here.Policy.Name
			out = append(out, Alternative{"podNetwork " + string(n), d})
		}
	}
	return out
}

// fits says which parts of a bundle are left when some are known. One mode of
// kube-proxy stands for another.
func (d *Dataplane) fits(bundle [2]string) (proxy, policy string, ok bool) {
	proxy, policy = bundle[0], bundle[1]
	if d.Policy != "" && d.Policy != policy {
		return "", "", false
	}
	if d.Proxy != "" && d.Proxy != proxy {
		if !isKubeProxy(d.Proxy) || !isKubeProxy(proxy) {
			return "", "", false
		}
		proxy = d.Proxy
	}
	return proxy, policy, true
}

func isKubeProxy(name string) bool { return strings.HasPrefix(name, "kube-proxy-") }
