package service

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Kind is which of a Service's addresses a Front is.
type Kind uint8

// The kinds of front.
const (
	ClusterIP Kind = iota + 1
	LoadBalancer
	ExternalIP
	NodePort
)

var kindNames = [...]string{"", "clusterip", "vip", "externalip", "nodeport"}

// String is the word of the notation: clusterip, vip, externalip, nodeport.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind?"
}

// External reports whether externalTrafficPolicy governs the front.
func (k Kind) External() bool { return k != ClusterIP }

// Front is one address and port that a proxy captures.
type Front struct {
	Kind     Kind
	Addr     netip.Addr // the zero Addr for a NodePort: every node has one
	IPv6     bool
	Protocol flow.Protocol
	Port     uint16
	Service  *cluster.Service
	// Named is the Service's port.
	Named    *cluster.ServicePort
	Backends *Backends
	// Ranges are the source ranges of this family; empty: not restricted.
	Ranges []netip.Prefix
}

// Local reports whether the traffic policy that governs this front is Local.
func (f *Front) Local() bool {
	if f.Kind.External() {
		return f.Service.ExternalTrafficPolicy == cluster.PolicyLocal
	}
	return f.Service.InternalTrafficPolicy == cluster.PolicyLocal
}

// Admits reports whether the source ranges let addr in.
func (f *Front) Admits(addr netip.Addr) bool {
	return len(f.Ranges) == 0 || slices.ContainsFunc(f.Ranges, func(r netip.Prefix) bool { return r.Contains(addr) })
}

// Origin is the Service's port.
func (f *Front) Origin() flow.Origin {
	at := f.Named.Position
	if at.Line == 0 {
		at = f.Service.Position
	}
	return flow.Origin{Object: f.Service.Object(), Field: "spec.ports", Position: at}
}

type key struct {
	addr  netip.Addr
	proto flow.Protocol
	port  uint16
}

type portKey struct {
	v6    bool
	proto flow.Protocol
	port  uint16
}

// Tables are the compiled Services of one Snapshot: immutable.
type Tables struct {
	fronts    map[key][]*Front
	nodePorts map[portKey][]*Front
	byService map[*cluster.Service][]*Front
	owners    map[netip.Addr][]*cluster.Service // LB addresses and externalIPs
	clusterIP map[netip.Addr]*cluster.Service
	proxyMode map[netip.Addr]*cluster.Service
	serving   map[*cluster.Service][]string
	hints     bool
	served    map[nodeAddr]bool
	foreign   map[netip.Addr]*cluster.Service
	foreignNP map[uint16]*cluster.Service
	health    map[uint16]*cluster.Service
}

// Compile builds the tables. Services without a cluster address (headless,
// ExternalName) have no front; a Service handled by another proxy
// (service.kubernetes.io/service-proxy-name) has none either.
func Compile(s *cluster.Snapshot, x *cluster.Index) *Tables {
	n, endpoints := len(s.Services), 0
	slicesOf := make(map[[2]string][]*cluster.EndpointSlice, n)
	hints := false
	for i := range s.EndpointSlices {
		e := &s.EndpointSlices[i]
		endpoints += len(e.Endpoints)
		hints = hints || hasZoneHints(e)
		k := [2]string{e.Namespace, e.Service}
		slicesOf[k] = append(slicesOf[k], e)
	}
	t := &Tables{
		fronts: make(map[key][]*Front, n), nodePorts: map[portKey][]*Front{}, byService: make(map[*cluster.Service][]*Front, n),
		owners: map[netip.Addr][]*cluster.Service{}, clusterIP: make(map[netip.Addr]*cluster.Service, n), proxyMode: map[netip.Addr]*cluster.Service{},
		serving: make(map[*cluster.Service][]string, n), hints: hints, served: make(map[nodeAddr]bool, endpoints),
		foreign: map[netip.Addr]*cluster.Service{}, foreignNP: map[uint16]*cluster.Service{}, health: map[uint16]*cluster.Service{},
	}
	for i := range s.Services {
		svc := &s.Services[i]
		parts := slicesOf[[2]string{svc.Namespace, svc.Name}]
		t.claim(svc)
		t.serving[svc] = serving(parts)
		if svc.Headless || svc.Type == cluster.ServiceExternalName || svc.ProxyName != "" {
			continue
		}
		t.add(svc, parts, x)
	}
	return t
}

// families returns the families a Service is proxied in: those of its cluster
// addresses, since kube-proxy leaves a Service without one in its family alone
// (servicechangetracker.go). Before an address is allocated it is spec.ipFamilies,
// else IPv4.
func families(svc *cluster.Service) []bool {
	var out []bool
	for _, ip := range svc.ClusterIPs {
		if !slices.Contains(out, ip.Is6()) {
			out = append(out, ip.Is6())
		}
	}
	if len(out) > 0 {
		return out
	}
	if len(svc.Families) > 0 {
		return svc.Families
	}
	return []bool{false}
}

func (t *Tables) add(svc *cluster.Service, parts []*cluster.EndpointSlice, x *cluster.Index) {
	for _, v6 := range families(svc) {
		ranges := ofFamily(svc.SourceRanges, v6)
		for i := range svc.Ports {
			p := &svc.Ports[i]
			b := compileBackends(p, v6, parts, x)
			for _, e := range b.Cluster(nil) {
				t.served[nodeAddr{e.Node, e.Addr}] = true
			}
			front := func(k Kind, addr netip.Addr, port uint16, ranges []netip.Prefix) {
				f := &Front{
					Kind: k, Addr: addr, IPv6: v6, Protocol: p.Protocol, Port: port,
					Service: svc, Named: p, Backends: b, Ranges: ranges,
				}
				t.put(f)
				if f.Local() {
					for _, e := range b.fallbacks() {
						t.served[nodeAddr{e.Node, e.Addr}] = true
					}
				}
			}
			for _, ip := range svc.ClusterIPs {
				if ip.Is6() == v6 {
					t.clusterIP[ip] = svc
					front(ClusterIP, ip, p.Port, nil)
				}
			}
			for _, in := range svc.Ingress {
				switch {
				case !in.IP.IsValid() || in.IP.Is6() != v6:
				case in.Proxy:
				default:
					front(LoadBalancer, in.IP, p.Port, ranges)
				}
			}
			for _, ip := range svc.ExternalIPs {
				if ip.Is6() == v6 {
					front(ExternalIP, ip, p.Port, nil)
				}
			}
			if p.NodePort != 0 {
				front(NodePort, netip.Addr{}, p.NodePort, nil)
			}
		}
	}
}

// ofFamily keeps the ranges of the family. A range of every address of the
// family lifts the restriction, and ranges of the other family alone do not
// restrict this one (pkg/proxy/serviceport.go).
func ofFamily(ranges []netip.Prefix, v6 bool) []netip.Prefix {
	var out []netip.Prefix
	for _, r := range ranges {
		if r.Addr().Is6() != v6 {
			continue
		}
		if r.Bits() == 0 {
			return nil
		}
		out = append(out, r)
	}
	return out
}

// claim notes the external addresses of a Service, also those that no proxy
// captures: routers send them to the nodes all the same.
func (t *Tables) claim(svc *cluster.Service) {
	for _, in := range svc.Ingress {
		if !in.IP.IsValid() {
			continue
		}
		t.own(in.IP, svc)
		if in.Proxy {
			t.proxyMode[in.IP] = svc
		}
	}
	for _, ip := range svc.ExternalIPs {
		t.own(ip, svc)
	}
	if svc.ProxyName != "" {
		for _, in := range svc.Ingress {
			t.foreign[in.IP] = svc
		}
		for _, ips := range [][]netip.Addr{svc.ClusterIPs, svc.ExternalIPs} {
			for _, ip := range ips {
				t.foreign[ip] = svc
			}
		}
		for i := range svc.Ports {
			if p := svc.Ports[i].NodePort; p != 0 {
				t.foreignNP[p] = svc
			}
		}
		return
	}
	// Only a LoadBalancer with Local has a health check (healthcheck/service_health.go).
	if svc.HealthCheckNodePort != 0 && svc.Type == cluster.ServiceLoadBalancer && svc.ExternalTrafficPolicy == cluster.PolicyLocal {
		t.health[svc.HealthCheckNodePort] = svc
	}
}

// ForeignProxy returns the Service with the address, or where it is a node's
// with the NodePort, that another proxy handles
// (service.kubernetes.io/service-proxy-name), or nil.
func (t *Tables) ForeignProxy(dst netip.AddrPort, node bool) *cluster.Service {
	if node {
		return t.foreignNP[dst.Port()]
	}
	return t.foreign[dst.Addr()]
}

// HealthCheck returns the Service whose healthCheckNodePort it is, or nil.
func (t *Tables) HealthCheck(port uint16) *cluster.Service { return t.health[port] }

func (t *Tables) own(addr netip.Addr, svc *cluster.Service) {
	if !slices.Contains(t.owners[addr], svc) {
		t.owners[addr] = append(t.owners[addr], svc)
	}
}

func (t *Tables) put(f *Front) {
	t.byService[f.Service] = append(t.byService[f.Service], f)
	if f.Kind == NodePort {
		k := portKey{f.IPv6, f.Protocol, f.Port}
		t.nodePorts[k] = append(t.nodePorts[k], f)
		return
	}
	k := key{f.Addr, f.Protocol, f.Port}
	for _, other := range t.fronts[k] {
		if other.Service == f.Service {
			return // one Service with an address both as externalIP and as LB address
		}
	}
	t.fronts[k] = append(t.fronts[k], f)
}

// At returns the fronts of an address and port: none, one, or, where several
// Services claim it, all of them.
func (t *Tables) At(dst netip.AddrPort, proto flow.Protocol) []*Front {
	return t.fronts[key{dst.Addr(), proto, dst.Port()}]
}

// NodePorts returns the fronts of a NodePort.
func (t *Tables) NodePorts(v6 bool, proto flow.Protocol, port uint16) []*Front {
	return t.nodePorts[portKey{v6, proto, port}]
}

// Of returns the fronts of a Service, in the order ports, kinds, addresses.
func (t *Tables) Of(svc *cluster.Service) []*Front { return t.byService[svc] }

// Owners returns the Services that share an external address, in the order of
// the Snapshot.
func (t *Tables) Owners(addr netip.Addr) []*cluster.Service { return t.owners[addr] }

// Addresses returns every external address that some Service has.
func (t *Tables) Addresses() []netip.Addr {
	all := make([]netip.Addr, 0, len(t.owners))
	for a := range t.owners {
		all = append(all, a)
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}

// ClusterIPOwner returns the Service of a cluster address, or nil.
func (t *Tables) ClusterIPOwner(addr netip.Addr) *cluster.Service { return t.clusterIP[addr] }

type nodeAddr struct {
	node string
	addr netip.AddrPort
}

// ServedOn reports whether any Service port has a usable endpoint at the address
// that its slice places on the node: kube-proxy's nftables mode keeps one set of
// hairpins for all Services of a node.
func (t *Tables) ServedOn(node string, addr netip.AddrPort) bool {
	return t.served[nodeAddr{node, addr}]
}

func hasZoneHints(s *cluster.EndpointSlice) bool {
	return slices.ContainsFunc(s.Endpoints, func(e cluster.Endpoint) bool { return len(e.HintZones) > 0 })
}

// HintsZones reports whether any endpoint has a zone hint, so that a node's zone
// matters at all.
func (t *Tables) HintsZones() bool { return t.hints }

// serving are the nodes with an endpoint that announcers count: ready, or
// serving although it terminates, of whatever port.
func serving(parts []*cluster.EndpointSlice) []string {
	var nodes []string
	for _, s := range parts {
		nodes = slices.Grow(nodes, len(s.Endpoints))
		for i := range s.Endpoints {
			if e := &s.Endpoints[i]; e.Ready || e.Serving {
				nodes = append(nodes, e.Node)
			}
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// Serving returns the nodes with an endpoint of the Service that an announcer
// counts; "" among them is an endpoint without a node.
func (t *Tables) Serving(svc *cluster.Service) []string { return t.serving[svc] }

// ProxyMode returns the Service whose load balancer keeps the address for
// itself (ipMode: Proxy), or nil.
func (t *Tables) ProxyMode(addr netip.Addr) *cluster.Service { return t.proxyMode[addr] }

// Words prints the front's port: "22", "53/udp".
func (f *Front) Words() string {
	if f.Protocol == flow.TCP {
		return strconv.Itoa(int(f.Port))
	}
	return strconv.Itoa(int(f.Port)) + "/" + strings.ToLower(f.Protocol.String())
}
