package upstream

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	utilsysctl "k8s.io/component-helpers/node/util/sysctl"
	"k8s.io/kubernetes/pkg/proxy"
	kubeproxy "k8s.io/kubernetes/pkg/proxy/apis/config"
	"k8s.io/kubernetes/pkg/proxy/iptables"
	"k8s.io/kubernetes/pkg/proxy/nftables"
	proxyutil "k8s.io/kubernetes/pkg/proxy/util"
	utiliptables "k8s.io/kubernetes/pkg/util/iptables"
)

// proxier is kube-proxy without its informers: one proxier of each family that it
// runs for, as its dual-stack one has, and the objects they were told of.
type proxier struct {
	families map[corev1.IPFamily]proxy.Provider
	services map[types.NamespacedName]*corev1.Service
	slices   map[types.NamespacedName]*discoveryv1.EndpointSlice
	started  bool
}

var bothFamilies = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}

// newProxier does what cmd/kube-proxy/app does up to its informers.
func newProxier(c *Config) (*proxier, error) {
	p := &proxier{
		families: map[corev1.IPFamily]proxy.Provider{},
		services: map[types.NamespacedName]*corev1.Service{},
		slices:   map[types.NamespacedName]*discoveryv1.EndpointSlice{},
	}
	config := settings(c)
	ips, detectors := nodeIPs(c), localDetectors(c)
	var tables map[corev1.IPFamily]utiliptables.Interface
	if c.Mode == IPTables {
		tables = utiliptables.NewBestEffort()
	}
	for _, f := range bothFamilies {
		if c.OneFamily && f != family(c.IPs[0].Is6()) {
			continue
		}
		var one proxy.Provider
		var err error
		switch c.Mode {
		case NFTables:
			one, err = nftables.NewProxier(context.Background(), config, f,
				detectors[f], c.Node, ips[f], &events.FakeRecorder{}, nil, false)
		case IPTables:
			one, err = iptables.NewProxier(context.Background(), config, f, tables[f], utilsysctl.New(),
				detectors[f], c.Node, ips[f], &events.FakeRecorder{}, nil, false)
		default:
			err = fmt.Errorf("mode %q is neither %s nor %s", c.Mode, NFTables, IPTables)
		}
		if err != nil {
			return nil, err
		}
		one.OnServiceCIDRsChanged(words(c.ServiceCIDRs))
		if c.Zone != "" {
			one.OnTopologyChange(map[string]string{corev1.LabelTopologyZone: c.Zone})
		}
		p.families[f] = one
	}
	return p, nil
}

// settings are kube-proxy's defaults (pkg/proxy/apis/config/v1alpha1/defaults.go,
// platformApplyDefaults) for what a proxier reads, with what c says.
func settings(c *Config) *kubeproxy.KubeProxyConfiguration {
	bit, yes := int32(14), true
	config := &kubeproxy.KubeProxyConfiguration{
		Mode:          kubeproxy.ProxyMode(c.Mode),
		SyncPeriod:    metav1.Duration{Duration: 30 * time.Second},
		MinSyncPeriod: metav1.Duration{Duration: time.Second},
	}
	config.Linux.MasqueradeAll = c.MasqueradeAll
	config.NFTables.MasqueradeBit = &bit
	config.IPTables.MasqueradeBit = &bit
	config.IPTables.LocalhostNodePorts = &yes
	if c.Mode == NFTables { // --nodeport-addresses=primary
		for _, ip := range nodeIPs(c) {
			if a, ok := netip.AddrFromSlice(ip); ok && !a.Unmap().IsLoopback() {
				config.NodePortAddresses = append(config.NodePortAddresses, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()).String())
			}
		}
	}
	return config
}

// nodeIPs are those of detectNodeIPs: loopback for a family the node has not.
func nodeIPs(c *Config) map[corev1.IPFamily]net.IP {
	ips := map[corev1.IPFamily]net.IP{corev1.IPv4Protocol: net.IPv4(127, 0, 0, 1), corev1.IPv6Protocol: net.IPv6loopback}
	for i := len(c.IPs) - 1; i >= 0; i-- { // the first of a family wins
		ips[family(c.IPs[i].Is6())] = c.IPs[i].AsSlice()
	}
	return ips
}

func localDetectors(c *Config) map[corev1.IPFamily]proxyutil.LocalTrafficDetector {
	detectors := map[corev1.IPFamily]proxyutil.LocalTrafficDetector{}
	for _, f := range bothFamilies {
		detectors[f] = proxyutil.NewNoOpLocalDetector()
	}
	for _, r := range c.ClusterCIDRs {
		detectors[family(r.Addr().Is6())] = proxyutil.NewDetectLocalByCIDR(r.String())
	}
	return detectors
}

// apply tells the proxiers and syncs those whose family is concerned, on this
// goroutine: OnServiceSynced syncs before it returns, every time. Their own sync
// loops are not started. A proxier that has nothing new would not sync either.
func (p *proxier) apply(c *Change) {
	concerned := map[corev1.IPFamily]bool{}
	for _, s := range c.Set.Services {
		p.service(s, s, concerned)
	}
	for _, s := range c.Gone.Services {
		p.service(s, nil, concerned)
	}
	for _, s := range c.Set.Slices {
		p.slice(s, s, concerned)
	}
	for _, s := range c.Gone.Slices {
		p.slice(s, nil, concerned)
	}
	for _, f := range bothFamilies {
		one, runs := p.families[f]
		if !runs {
			continue
		}
		if !p.started {
			one.OnEndpointSlicesSynced()
		}
		if concerned[f] || !p.started {
			one.OnServiceSynced()
		}
	}
	p.started = true
}

// service tells of one Service that is new, changed or gone.
func (p *proxier) service(named, now *corev1.Service, concerned map[corev1.IPFamily]bool) {
	name := types.NamespacedName{Namespace: named.Namespace, Name: named.Name}
	if now != nil && !watched(now) {
		now = nil // for a watch it is gone
	}
	before := p.services[name]
	for _, s := range []*corev1.Service{before, now} {
		if s != nil {
			for _, ip := range s.Spec.ClusterIPs {
				a, _ := netip.ParseAddr(ip)
				concerned[family(a.Is6())] = true
			}
		}
	}
	for _, one := range p.families {
		switch {
		case before == nil && now != nil:
			one.OnServiceAdd(now)
		case before != nil && now != nil:
			one.OnServiceUpdate(before, now)
		case before != nil:
			one.OnServiceDelete(before)
		}
	}
	if p.services[name] = now; now == nil {
		delete(p.services, name)
	}
}

// watched is the selector of kube-proxy's watch (cmd/kube-proxy/app/server.go).
func watched(s *corev1.Service) bool {
	_, others := s.Labels["service.kubernetes.io/service-proxy-name"]
	return !others && s.Spec.ClusterIP != corev1.ClusterIPNone
}

// slice tells of one EndpointSlice that is new, changed or gone.
func (p *proxier) slice(named, now *discoveryv1.EndpointSlice, concerned map[corev1.IPFamily]bool) {
	name := types.NamespacedName{Namespace: named.Namespace, Name: named.Name}
	if now != nil {
		if _, headless := now.Labels[corev1.IsHeadlessService]; headless {
			now = nil
		}
	}
	before := p.slices[name]
	for _, s := range []*discoveryv1.EndpointSlice{before, now} {
		if s != nil {
			concerned[corev1.IPFamily(s.AddressType)] = true
		}
	}
	for _, one := range p.families {
		switch {
		case before == nil && now != nil:
			one.OnEndpointSliceAdd(now)
		case before != nil && now != nil:
			one.OnEndpointSliceUpdate(before, now)
		case before != nil:
			one.OnEndpointSliceDelete(before)
		}
	}
	if p.slices[name] = now; now == nil {
		delete(p.slices, name)
	}
}
