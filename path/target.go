package path

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/service"
)

// Target is one address and port that a question asks for, and what it stands
// for.
type Target struct {
	Protocol flow.Protocol
	Addr     netip.AddrPort
	// Front is the Service front that was asked by name, or the only one at the
	// address; nil for a pod or a node's own port.
	Front *service.Front
	// Pod is the pod asked for by name.
	Pod flow.Object
	// Node is the node asked for, or whose NodePort it is.
	Node string
	// Pending is the Service asked for whose load balancer address does not exist;
	// Addr is then a port alone.
	Pending *cluster.Service
	// Chosen is true when the question left the kind of address open.
	Chosen bool
}

// String prints "198.51.100.17:22/tcp", or "pending:22/tcp".
func (t *Target) String() string {
	if t.Pending != nil {
		return "pending:" + strconv.Itoa(int(t.Addr.Port())) + "/" + strings.ToLower(t.Protocol.String())
	}
	return t.Addr.String() + "/" + strings.ToLower(t.Protocol.String())
}

// targets resolves what is asked for, as seen from a start: a Service by its
// name means another address outside than inside.
func targets(m *model.Model, to parsedTo, from *start, via string) ([]Target, error) {
	switch to.kind {
	case "ip":
		port, _ := number(to.port)
		t := Target{Protocol: to.proto, Addr: netip.AddrPortFrom(to.addr, port)}
		if fronts := m.Services.At(t.Addr, t.Protocol); len(fronts) > 0 {
			t.Front = fronts[0]
		} else if n := m.Index.NodeByIP(to.addr); n != nil {
			t.Node = n.Name
			if fronts := m.Services.NodePorts(to.addr.Is6(), to.proto, port); len(fronts) > 0 {
				t.Front = fronts[0]
			}
		}
		return []Target{t}, nil
	case "pod":
		return podTargets(m, to, from)
	case "node":
		return nodeTargets(m, to, from)
	}
	return serviceTargets(m, to, from, via)
}

func podTargets(m *model.Model, to parsedTo, from *start) ([]Target, error) {
	p := m.Index.Pod(to.ns, to.name)
	if p == nil {
		return nil, missing("Pod", to.ns, to.text, known("pods of "+to.ns+" are", podNames(m, to.ns)))
	}
	port, ok := number(to.port)
	if !ok {
		numbers := p.PortNumbers(to.proto, to.port)
		if len(numbers) == 0 {
			return nil, wrong(to.text, "use the number", "the Pod has no %s port named %q", to.proto, to.port)
		}
		port = numbers[0]
	}
	ips := p.IPs
	if p.HostNetwork && len(ips) == 0 {
		if n := m.Index.Node(p.Node); n != nil {
			ips = n.InternalIPs
		}
	}
	ip := reachableFamily(ips, from)
	if p.Finished() || !ip.IsValid() {
		return nil, wrong(to.text, "ask for a running pod", "the Pod has no address")
	}
	return []Target{{Protocol: to.proto, Addr: netip.AddrPortFrom(ip, port), Pod: p.Object()}}, nil
}

func nodeTargets(m *model.Model, to parsedTo, from *start) ([]Target, error) {
	n := m.Index.Node(to.name)
	if n == nil {
		return nil, missing("Node", "", to.text, known("nodes are", nodeNames(m)))
	}
	port, ok := number(to.port)
	if !ok {
		return nil, wrong(to.text, "use the number, for a NodePort spec.ports[].nodePort", "a node's port has no name")
	}
	ip := reachableFamily(n.InternalIPs, from)
	if !ip.IsValid() {
		return nil, wrong(to.text, "status.addresses of the Node holds no InternalIP", "the Node has no address")
	}
	t := Target{Protocol: to.proto, Addr: netip.AddrPortFrom(ip, port), Node: n.Name}
	if fronts := m.Services.NodePorts(ip.Is6(), to.proto, port); len(fronts) > 0 {
		t.Front = fronts[0]
	}
	return []Target{t}, nil
}

// reachableFamily prefers an address of a family the start has.
func reachableFamily(ips []netip.Addr, from *start) netip.Addr {
	for _, ip := range ips {
		if len(from.Addrs) == 0 || from.Addr(ip.Is6()).IsValid() {
			return ip
		}
	}
	if len(ips) > 0 {
		return ips[0]
	}
	return netip.Addr{}
}

func serviceTargets(m *model.Model, to parsedTo, from *start, via string) ([]Target, error) {
	svc := m.Index.Service(to.ns, to.name)
	if svc == nil {
		return nil, missing("Service", to.ns, to.text, known("Services of "+to.ns+" are", serviceNames(m, to.ns)))
	}
	if svc.Type == cluster.ServiceExternalName {
		return nil, wrong(to.text, "ask for the address behind "+svc.ExternalName,
			"an ExternalName Service is a DNS name (%s), no address answers for it", svc.ExternalName)
	}
	port, err := servicePort(svc, to)
	if err != nil {
		return nil, err
	}
	if to.at == "endpoints" || svc.Headless && to.at == "" {
		return endpointTargets(m, svc, port, to)
	}
	if svc.Headless {
		return nil, wrong(to.text, "ask "+strings.SplitN(to.text, "@", 2)[0]+"@endpoints", "a headless Service has no address of its own")
	}
	if svc.ProxyName != "" {
		return nil, wrong(to.text, "", "the label service.kubernetes.io/service-proxy-name gives the Service to the proxy %q, which is not modelled", svc.ProxyName)
	}
	fronts := frontsOf(m, svc, port)
	kinds, chosen, err := wantedKinds(to, from)
	if err != nil {
		return nil, err
	}
	for _, k := range kinds {
		if t, ok := frontTarget(m, fronts, k, from, via); ok {
			t.Chosen = chosen
			return []Target{t}, nil
		}
	}
	if slices.ContainsFunc(kinds, func(k service.Kind) bool { return k == service.NodePort }) && port.NodePort != 0 && m.Snapshot.UnreadOf("Node") != nil {
		return nil, missing("Node", "", to.text, "a node port is asked on a node")
	}
	if t, ok := pendingTarget(svc, port, to); ok {
		return []Target{t}, nil
	}
	return nil, noSuchFront(svc, to, fronts)
}

func servicePort(svc *cluster.Service, to parsedTo) (*cluster.ServicePort, error) {
	var found []*cluster.ServicePort
	for i := range svc.Ports {
		p := &svc.Ports[i]
		n, isNumber := number(to.port)
		switch {
		case to.hasProto && p.Protocol != to.proto:
		case to.port == "", isNumber && p.Port == n, !isNumber && p.Name == to.port:
			found = append(found, p)
		}
	}
	if len(found) > 1 && to.port != "" && !to.hasProto {
		// One number for TCP and UDP: TCP, as everywhere in the notation.
		found = slices.DeleteFunc(found, func(p *cluster.ServicePort) bool { return p.Protocol != flow.TCP })
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, wrong(to.text, known("ports are", portNames(svc)), "the Service has no such port")
	}
	return nil, wrong(to.text, known("add one of the ports", portNames(svc)), "the Service has several ports")
}

func frontsOf(m *model.Model, svc *cluster.Service, p *cluster.ServicePort) []*service.Front {
	var out []*service.Front
	for _, f := range m.Services.Of(svc) {
		if f.Named == p {
			out = append(out, f)
		}
	}
	return out
}

// wantedKinds: from outside vip, else externalip, else nodeport; from inside
// clusterip, else vip.
func wantedKinds(to parsedTo, from *start) (kinds []service.Kind, chosen bool, err error) {
	if to.at != "" {
		k, ok := frontKinds[strings.ToLower(to.at)]
		if !ok {
			return nil, false, wrong(to.text, "use @vip, @clusterip, @nodeport, @externalip or @endpoints", "no such kind of address: %q", to.at)
		}
		return []service.Kind{k}, false, nil
	}
	if from.Kind == flow.MachineClient {
		return []service.Kind{service.LoadBalancer, service.ExternalIP, service.NodePort}, true, nil
	}
	return []service.Kind{service.ClusterIP, service.LoadBalancer, service.ExternalIP, service.NodePort}, true, nil
}

func frontTarget(m *model.Model, fronts []*service.Front, k service.Kind, from *start, via string) (Target, bool) {
	var best *service.Front
	for _, f := range fronts {
		if f.Kind != k {
			continue
		}
		fits := len(from.Addrs) == 0 || from.Addr(f.IPv6).IsValid()
		if best == nil || fits && len(from.Addrs) > 0 && !from.Addr(best.IPv6).IsValid() {
			best = f
		}
	}
	if best == nil {
		return Target{}, false
	}
	t := Target{Protocol: best.Protocol, Front: best}
	if k != service.NodePort {
		t.Addr = netip.AddrPortFrom(best.Addr, best.Port)
		return t, true
	}
	// A NodePort is asked on the node of the question: the forced one, else the
	// start's own, else the first that can be asked.
	t.Node = cmp.Or(via, from.Node)
	if t.Node == "" && len(m.Snapshot.Nodes) > 0 {
		t.Node = m.Snapshot.Nodes[0].Name
	}
	n := m.Index.Node(t.Node)
	if n == nil || !n.IP(best.IPv6).IsValid() {
		return Target{}, false
	}
	t.Addr = netip.AddrPortFrom(n.IP(best.IPv6), best.Port)
	return t, true
}

func noSuchFront(svc *cluster.Service, to parsedTo, fronts []*service.Front) error {
	var have []string
	for _, f := range fronts {
		if w := "@" + f.Kind.String(); !slices.Contains(have, w) {
			have = append(have, w)
		}
	}
	if to.at == "" {
		return wrong(to.text, known("it has", have), "the Service (type %s) has no address for this place", svc.Type)
	}
	return wrong(to.text, known("it has", have), "the Service has no such address")
}

// endpointTargets are the backends themselves, without the Service.
func endpointTargets(m *model.Model, svc *cluster.Service, p *cluster.ServicePort, to parsedTo) ([]Target, error) {
	var out []Target
	for _, v6 := range []bool{false, true} {
		b := service.Endpoints(m.Snapshot, m.Index, svc, p, v6)
		for _, e := range b.All() {
			if e.Ready || e.Serving || svc.PublishNotReadyAddresses {
				out = append(out, Target{Protocol: p.Protocol, Addr: e.Addr, Pod: e.Pod})
			}
		}
	}
	if len(out) == 0 {
		return nil, wrong(to.text, "kubectl get endpointslices -n "+svc.Namespace+" -l kubernetes.io/service-name="+svc.Name,
			"the Service has no endpoint in the input")
	}
	return out, nil
}

func known(what string, names []string) string {
	const most = 8
	if len(names) == 0 {
		return what + " none"
	}
	if len(names) > most {
		return fmt.Sprintf("%s %s and %d more", what, strings.Join(names[:most], ", "), len(names)-most)
	}
	return what + " " + strings.Join(names, ", ")
}

func nodeNames(m *model.Model) []string {
	var out []string
	for i := range m.Snapshot.Nodes {
		out = append(out, m.Snapshot.Nodes[i].Name)
	}
	return out
}

func podNames(m *model.Model, ns string) []string {
	var out []string
	for i := range m.Snapshot.Pods {
		if m.Snapshot.Pods[i].Namespace == ns {
			out = append(out, m.Snapshot.Pods[i].Name)
		}
	}
	return out
}

func serviceNames(m *model.Model, ns string) []string {
	var out []string
	for i := range m.Snapshot.Services {
		if m.Snapshot.Services[i].Namespace == ns {
			out = append(out, m.Snapshot.Services[i].Name)
		}
	}
	return out
}

func clientNames(m *model.Model) []string {
	var out []string
	for _, c := range m.Snapshot.Fabric.Clients {
		out = append(out, c.Name)
	}
	return out
}

func portNames(svc *cluster.Service) []string {
	var out []string
	for i := range svc.Ports {
		out = append(out, portWords(&svc.Ports[i]))
	}
	return out
}

// portWords is a Service port in the notation: "22", "53/udp".
func portWords(p *cluster.ServicePort) string {
	if p.Protocol == flow.TCP {
		return strconv.Itoa(int(p.Port))
	}
	return strconv.Itoa(int(p.Port)) + "/" + strings.ToLower(p.Protocol.String())
}
