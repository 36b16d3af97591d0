package cluster

import (
	"net/netip"

	"github.com/portolan-net/portolan/flow"
)

// Index answers who stands behind a name or an address of one Snapshot. It is
// built once and never changes.
type Index struct {
	s          *Snapshot
	nodes      map[string]int
	namespaces map[string]int
	pods       map[nsName]int
	services   map[nsName]int
	nodeByIP   byAddr
	podByIP    byAddr
	hostPods   map[string][]int // hostNetwork pods by node
}

type nsName struct{ namespace, name string }

// NewIndex builds the Index of s. Where two live pods claim one address, the
// running one wins over a pending one, then the first: a finished pod has given
// its address back, so it never counts.
func NewIndex(s *Snapshot) *Index {
	x := &Index{
		s:          s,
		nodes:      make(map[string]int, len(s.Nodes)),
		namespaces: make(map[string]int, len(s.Namespaces)),
		pods:       make(map[nsName]int, len(s.Pods)),
		services:   make(map[nsName]int, len(s.Services)),
		nodeByIP:   newByAddr(len(s.Nodes)),
		podByIP:    newByAddr(len(s.Pods)),
		hostPods:   map[string][]int{},
	}
	for i := range s.Nodes {
		n := &s.Nodes[i]
		x.nodes[n.Name] = i
		for _, ips := range [][]netip.Addr{n.InternalIPs, n.OtherIPs} {
			for _, ip := range ips {
				if x.nodeByIP.find(ip) < 0 {
					x.nodeByIP.put(ip, i)
				}
			}
		}
	}
	for i := range s.Namespaces {
		x.namespaces[s.Namespaces[i].Name] = i
	}
	for i := range s.Services {
		x.services[nsName{s.Services[i].Namespace, s.Services[i].Name}] = i
	}
	for i := range s.Pods {
		x.addPod(i)
	}
	return x
}

func (x *Index) addPod(i int) {
	p := &x.s.Pods[i]
	x.pods[nsName{p.Namespace, p.Name}] = i
	if p.Finished() {
		return
	}
	if p.HostNetwork {
		x.hostPods[p.Node] = append(x.hostPods[p.Node], i)
		return
	}
	for _, ip := range p.IPs {
		if old := x.podByIP.find(ip); old >= 0 && (p.Phase == PodPending || x.s.Pods[old].Phase != PodPending) {
			continue
		}
		x.podByIP.put(ip, i)
	}
}

// Node returns the node of that name, or nil.
func (x *Index) Node(name string) *Node {
	if i, ok := x.nodes[name]; ok {
		return &x.s.Nodes[i]
	}
	return nil
}

// Namespace returns the namespace of that name, or nil.
func (x *Index) Namespace(name string) *Namespace {
	if i, ok := x.namespaces[name]; ok {
		return &x.s.Namespaces[i]
	}
	return nil
}

// Pod returns the pod, or nil.
func (x *Index) Pod(namespace, name string) *Pod {
	if i, ok := x.pods[nsName{namespace, name}]; ok {
		return &x.s.Pods[i]
	}
	return nil
}

// PodAt returns what Pod does, sooner where the pod has the address.
func (x *Index) PodAt(ip netip.Addr, namespace, name string) *Pod {
	if len(x.pods) == len(x.s.Pods) { // no two of one name
		if p := x.PodByIP(ip); p != nil && p.Name == name && p.Namespace == namespace {
			return p
		}
	}
	return x.Pod(namespace, name)
}

// PodNumber returns the pod's place in Snapshot.Pods, or -1.
func (x *Index) PodNumber(namespace, name string) int {
	if i, ok := x.pods[nsName{namespace, name}]; ok {
		return i
	}
	return -1
}

// NumberOf returns PodNumber of the pod's name, sooner where the pod is one of
// the Snapshot's that has its address.
func (x *Index) NumberOf(p *Pod) int {
	if len(p.IPs) > 0 && len(x.pods) == len(x.s.Pods) {
		if i := x.podByIP.find(p.IPs[0]); i >= 0 && &x.s.Pods[i] == p {
			return i
		}
	}
	return x.PodNumber(p.Namespace, p.Name)
}

// Service returns the Service, or nil.
func (x *Index) Service(namespace, name string) *Service {
	if i, ok := x.services[nsName{namespace, name}]; ok {
		return &x.s.Services[i]
	}
	return nil
}

// NodeByIP returns the node that owns the address, or nil.
func (x *Index) NodeByIP(ip netip.Addr) *Node {
	if i := x.nodeByIP.find(ip); i >= 0 {
		return &x.s.Nodes[i]
	}
	return nil
}

// PodByIP returns the live pod with its own network that owns the address, or
// nil. hostNetwork pods share their node's address and are never returned.
func (x *Index) PodByIP(ip netip.Addr) *Pod {
	if i := x.podByIP.find(ip); i >= 0 {
		return &x.s.Pods[i]
	}
	return nil
}

// PodNumberByIP returns the place in Snapshot.Pods of the pod that PodByIP
// returns, or -1.
func (x *Index) PodNumberByIP(ip netip.Addr) int { return x.podByIP.find(ip) }

// HostPods returns the live hostNetwork pods of a node.
func (x *Index) HostPods(node string) []*Pod {
	pods := make([]*Pod, 0, len(x.hostPods[node]))
	for _, i := range x.hostPods[node] {
		pods = append(pods, &x.s.Pods[i])
	}
	return pods
}

// HostListener returns the hostNetwork pod of the node that declares the port,
// or nil.
func (x *Index) HostListener(node string, proto flow.Protocol, port uint16) *Pod {
	for _, i := range x.hostPods[node] {
		if p := &x.s.Pods[i]; p.Declares(proto, port) {
			return p
		}
	}
	return nil
}

// Declares reports whether a container of the pod declares the port.
func (p *Pod) Declares(proto flow.Protocol, port uint16) bool {
	for _, c := range p.Ports {
		if c.Protocol == proto && c.Port == port {
			return true
		}
	}
	return false
}

// PortNumbers returns the numbers the pod gives the port name for the protocol:
// several containers may use one name with several numbers.
func (p *Pod) PortNumbers(proto flow.Protocol, name string) []uint16 {
	var numbers []uint16
	for _, c := range p.Ports {
		if c.Name == name && c.Protocol == proto {
			numbers = append(numbers, c.Port)
		}
	}
	return numbers
}

// Listening is what can be said about a port of a pod without asking it.
type Listening uint8

// The three answers. The zero value is the assumption that it listens.
const (
	// ListensAssumed: the pod declares no port of this protocol at all.
	ListensAssumed Listening = iota
	// ListensDeclared: a container declares this port.
	ListensDeclared
	// ListensNot: the pod declares ports of the protocol, but not this one.
	ListensNot
)

// Listens says what the declared container ports tell. Declaring ports is
// informational ("Not specifying a port here DOES NOT prevent that port from
// being exposed", API, Container.ports), so every use of it is an assumption
// that the answer prints.
func (p *Pod) Listens(proto flow.Protocol, port uint16) Listening {
	answer := ListensAssumed
	for _, c := range p.Ports {
		if c.Protocol != proto {
			continue
		}
		if c.Port == port {
			return ListensDeclared
		}
		answer = ListensNot
	}
	return answer
}
