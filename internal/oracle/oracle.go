package oracle

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Outcome is one way a connection may end.
type Outcome struct {
	Fate flow.Fate
	Seen flow.Seen
	// Endpoint is whom the packet was meant for after DNAT: "namespace/name" of
	// a pod, else IP:PORT; "" when nobody was chosen.
	Endpoint string
	// Source is the address the packet arrived with; zero when it did not.
	Source netip.Addr
}

// String prints "Delivered connected app/ssh-0 10.0.0.11".
func (o Outcome) String() string {
	s := o.Fate.String() + " " + o.Seen.String()
	if o.Endpoint != "" {
		s += " " + o.Endpoint
	}
	if o.Source.IsValid() {
		s += " from " + o.Source.String()
	}
	return s
}

// Ask returns the set of all possible outcomes of one new connection, sorted.
// from is external/NAME, external/IP, node/NAME or pod/NAMESPACE/NAME; via is
// the node the router is told to use for a client outside, or "".
func Ask(s *cluster.Snapshot, from, via string, to netip.AddrPort, proto flow.Protocol) ([]Outcome, error) {
	p, err := cluster.Resolve(s)
	if err != nil {
		return nil, err
	}
	w := &world{s: s, p: p, via: via}
	pk := packet{proto: proto, dst: to}
	kind, name, _ := strings.Cut(from, "/")
	switch kind {
	case "external":
		err = w.fromClient(pk, name)
	case "node":
		err = w.fromProcess(pk, name)
	case "pod":
		err = w.fromPod(pk, name)
	default:
		err = fmt.Errorf("from %q: want external/, node/ or pod/", from)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(w.ends, Outcome.compare)
	return slices.Compact(w.ends), nil
}

func (o Outcome) compare(p Outcome) int {
	return cmp.Or(cmp.Compare(o.Fate, p.Fate), cmp.Compare(o.Seen, p.Seen), strings.Compare(o.Endpoint, p.Endpoint), o.Source.Compare(p.Source))
}

// world is one question put to one cluster, and the ends found so far.
type world struct {
	s    *cluster.Snapshot
	p    *cluster.Profile
	via  string
	ends []Outcome
}

// packet is what one machine holds in its hands. It is copied wherever reality
// may choose.
type packet struct {
	proto    flow.Protocol
	src      netip.Addr
	dst      netip.AddrPort
	endpoint string       // as Outcome.Endpoint
	target   *cluster.Pod // the pod the chosen endpoint refers to, if any
	routed   bool         // a router has handed it to a node before
	// forwarded: another node has sent it on.
	forwarded bool
	process   string // the node whose process sent it
	// asked is the destination before the DNAT of the node askedAt.
	asked   netip.AddrPort
	askedAt string
	// at is the node that judges it, shown what the packet shows behind that node's
	// masquerade.
	at        string
	shown     netip.Addr
	podsAlone bool  // no block is asked
	nats      []nat // in the order of the trip
}

// nat is what one node did to the packet's addresses.
type nat struct {
	node        string
	src         netip.Addr // the source before the node touched it
	masqueraded bool
}

func (pk packet) v6() bool { return pk.dst.Addr().Is6() }

// translated notes that a node rewrote the packet and will have to see the
// reply.
func (pk packet) translated(node string, before netip.Addr, masqueraded bool) packet {
	pk.nats = append(slices.Clone(pk.nats), nat{node: node, src: before, masqueraded: masqueraded})
	return pk
}

// end writes down how the packet ended without reaching anybody.
func (w *world) end(pk packet, f flow.Fate, s flow.Seen) {
	if s == flow.Unreachable && pk.proto == flow.UDP {
		// "UDP MUST pass to the application layer all ICMP error messages" (RFC 1122
		// 4.1.3.3), but Linux does so for a closed port only unless asked.
		s = flow.Timeout
	}
	w.ends = append(w.ends, Outcome{Fate: f, Seen: s, Endpoint: pk.endpoint})
}

// arrived writes down how a packet ended that reached a machine.
func (w *world) arrived(pk packet, f flow.Fate, s flow.Seen) {
	w.ends = append(w.ends, Outcome{Fate: f, Seen: s, Endpoint: pk.endpoint, Source: pk.src})
}

// fromClient starts outside: a Fabric's client by name, or any address.
func (w *world) fromClient(pk packet, name string) error {
	var addresses []netip.Addr
	for _, c := range w.s.Fabric.Clients {
		if c.Name == name {
			addresses = c.Addresses
		}
	}
	if addresses == nil {
		a, err := netip.ParseAddr(name)
		if err != nil {
			return fmt.Errorf("no client %q", name)
		}
		addresses = []netip.Addr{a}
	}
	pk.src = firstOfFamily(addresses, pk.v6())
	if !pk.src.IsValid() {
		w.end(pk, flow.NoRoute, flow.Unreachable)
		return nil
	}
	if w.via == "" {
		w.atRouter(pk)
		return nil
	}
	n := w.node(w.via)
	if n == nil {
		return fmt.Errorf("no node %q", w.via)
	}
	pk.routed = true
	w.atNode(pk, n)
	return nil
}

// fromProcess starts at a process of root in the node's own network. "The
// source address of a socket that is not bound is the address of the device its
// packets leave by" (ip-route(8), src), before any Service is looked at.
func (w *world) fromProcess(pk packet, name string) error {
	n := w.node(name)
	if n == nil {
		return fmt.Errorf("no node %q", name)
	}
	pk.process = n.Name
	if w.isAddressOf(n, pk.dst.Addr()) || w.isBound(pk.dst.Addr()) {
		pk.src = pk.dst.Addr() // out of lo: source and destination are the same
	} else {
		pk.src = w.p.SourceOf(n.Name, w.toward(n, pk.dst.Addr()), pk.v6())
	}
	if !pk.src.IsValid() {
		w.end(pk, flow.NoRoute, flow.Unreachable)
		return nil
	}
	w.atNode(pk, n)
	return nil
}

// fromPod starts in a pod. A hostNetwork pod is a process of its node: "Host
// networking requested for this pod. Use the host's network namespace" (API,
// PodSpec.hostNetwork).
func (w *world) fromPod(pk packet, name string) error {
	ns, pod, _ := strings.Cut(name, "/")
	p := w.pod(ns, pod)
	if p == nil {
		return fmt.Errorf("no pod %q", name)
	}
	if p.HostNetwork {
		return w.fromProcess(pk, p.Node)
	}
	n := w.node(p.Node)
	if n == nil {
		return fmt.Errorf("pod %q has no node", name)
	}
	pk.src = firstOfFamily(p.IPs, pk.v6())
	if !pk.src.IsValid() {
		w.end(pk, flow.NoRoute, flow.Unreachable)
		return nil
	}
	if slices.Contains(p.IPs, pk.dst.Addr()) {
		w.toItself(pk, p)
		return nil
	}
	w.atNode(pk, n)
	return nil
}

// toItself: "a Pod cannot block access to itself" (Network Policies): a packet
// to the pod's own address never leaves it.
func (w *world) toItself(pk packet, p *cluster.Pod) {
	pk.src, pk.endpoint = pk.dst.Addr(), p.Namespace+"/"+p.Name
	if listens(p, pk) {
		w.arrived(pk, flow.Delivered, flow.Connected)
	} else {
		w.arrived(pk, flow.NotListening, flow.Refused)
	}
}
