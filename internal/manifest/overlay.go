package manifest

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Overlay is what is laid over an input, as `kubectl apply` would: an object takes
// the place of the one with its kind, namespace and name, or is new.
type Overlay struct {
	// Paths are read as those of Load are.
	Paths []string
	// Namespace of objects that have none, as of `kubectl apply -n`; "" is default.
	Namespace string
	// Without are objects that are taken away.
	Without []flow.Object
}

// LoadOver reads an input, and the same with an Overlay.
//
//	base    Service ssh (with its addresses)     Pod ssh-7d4f-x (of Deployment ssh)
//	overlay Service ssh (without)                Deployment ssh (a label more)
//	────────────────────────────────────────────────────────────────────────────
//	young   Service ssh, addresses as before     Pod ssh-7d4f-x with the label
//
// What the control plane would do is done: a Service keeps what was allocated for it,
// live pods take the template of their workload, EndpointSlices are written anew
// where the controller would write others. The error is an *Error.
func LoadOver(base []string, over Overlay, opt Options) (old, young *Input, err error) {
	b, o := NewBuilder(opt), NewBuilder(opt)
	o.namespace = over.Namespace
	stdin := 0
	for _, p := range slices.Concat(base, over.Paths) {
		if p == "-" {
			stdin++
		}
	}
	if stdin > 1 {
		return nil, nil, &Error{Why: "standard input is named twice", Hint: "give - once: -f FILE --with -"}
	}
	for _, read := range []struct {
		to    *Builder
		paths []string
	}{{b, base}, {o, over.Paths}} {
		for _, p := range read.paths {
			if err := read.to.addNamed(p, opt); err != nil {
				return nil, nil, err
			}
		}
	}
	if len(over.Paths) > 0 && len(o.seen) == 0 && o.fabric == nil {
		return nil, nil, &Error{Why: "what is laid over holds no object that says how packets travel", Hint: "helm template CHART | portolan diff -f cluster.yaml --with -"}
	}
	top := b.clone()
	if e := top.lay(o, over.Without); e != nil {
		return nil, nil, e
	}
	if old, err = b.Input(); err != nil {
		return nil, nil, err
	}
	young, err = top.Input()
	return old, young, err
}

func (b *Builder) addNamed(p string, opt Options) error {
	if p == "-" {
		return b.addReader(stdinName, opt.Stdin)
	}
	return b.addPath(p, opt.Recursive)
}

// clone is a Builder with the same objects. Pods are its own: Input completes them.
func (b *Builder) clone() *Builder {
	c := *b
	c.seen, c.left = maps.Clone(b.seen), maps.Clone(b.left)
	c.pods = make([]*pod, len(b.pods))
	for i, p := range b.pods {
		q := *p
		c.pods[i] = &q
	}
	c.warnings, c.expect = nil, nil
	c.foreign, c.ignored, c.clues, c.callbacks = slices.Clone(b.foreign), slices.Clone(b.ignored), slices.Clone(b.clues), slices.Clone(b.callbacks)
	c.nodes, c.namespaces, c.services = slices.Clone(b.nodes), slices.Clone(b.namespaces), slices.Clone(b.services)
	c.slices, c.endpoints, c.policies, c.workloads = slices.Clone(b.slices), slices.Clone(b.endpoints), slices.Clone(b.policies), slices.Clone(b.workloads)
	c.metallb.Pools, c.metallb.BGPPeers = slices.Clone(b.metallb.Pools), slices.Clone(b.metallb.BGPPeers)
	c.metallb.BGPAdvertisements, c.metallb.L2Advertisements = slices.Clone(b.metallb.BGPAdvertisements), slices.Clone(b.metallb.L2Advertisements)
	return &c
}

func metaObject(kind string, m *cluster.Meta) flow.Object {
	return flow.Object{Kind: kind, Namespace: m.Namespace, Name: m.Name}
}

// over puts the objects of one list over those of another, each in the place of the
// one with its name.
func over[T any](base, top []T, name func(T) flow.Object, join func(was, now T) T) []T {
	at := make(map[flow.Object]int, len(base))
	for i, t := range base {
		at[name(t)] = i
	}
	for _, t := range top {
		if i, ok := at[name(t)]; ok {
			if join != nil {
				t = join(base[i], t)
			}
			base[i] = t
			continue
		}
		at[name(t)] = len(base)
		base = append(base, t)
	}
	return base
}

// names of the objects of each list.
func nameOfNode(n *cluster.Node) flow.Object           { return metaObject("Node", &n.Meta) }
func nameOfNamespace(n *cluster.Namespace) flow.Object { return metaObject("Namespace", &n.Meta) }
func nameOfPod(p *pod) flow.Object                     { return p.Object() }
func nameOfSlice(s *cluster.EndpointSlice) flow.Object { return metaObject("EndpointSlice", &s.Meta) }
func nameOfEndpoints(e *endpoints) flow.Object         { return metaObject("Endpoints", &e.Meta) }

// lay puts another Builder's objects over its own and takes some away.
func (b *Builder) lay(o *Builder, without []flow.Object) *Error {
	b.note()
	b.warnings, b.expect = append(b.warnings, o.warnings...), o.expect
	b.nodes = over(b.nodes, o.nodes, nameOfNode, nil)
	b.namespaces = over(b.namespaces, o.namespaces, nameOfNamespace, nil)
	b.pods = over(b.pods, o.pods, nameOfPod, keepPlace)
	b.services = over(b.services, o.services, (*cluster.Service).Object, keepAllocated)
	b.slices = over(b.slices, o.slices, nameOfSlice, nil)
	b.endpoints = over(b.endpoints, o.endpoints, nameOfEndpoints, nil)
	b.policies = over(b.policies, o.policies, (*cluster.NetworkPolicy).Object, nil)
	for _, w := range o.workloads {
		b.rolled[w.object()] = w
	}
	b.workloads = over(b.workloads, o.workloads, (*workload).object, nil)
	b.foreign = over(b.foreign, o.foreign, func(f *cluster.Foreign) flow.Object { return f.Object }, nil)
	b.ignored = over(b.ignored, o.ignored, func(i *cluster.Ignored) flow.Object { return i.Object }, nil)
	b.clues = over(b.clues, o.clues, func(c *cluster.Clue) flow.Object { return c.Object }, nil)
	b.callbacks = over(b.callbacks, o.callbacks, func(c *cluster.Callback) flow.Object { return c.Object }, nil)
	b.layMetalLB(&o.metallb)
	if o.fabric != nil {
		b.fabric = o.fabric
	}
	for _, s := range o.slices {
		b.written[flow.Object{Kind: "Service", Namespace: s.Namespace, Name: s.Service}] = true
	}
	for k, d := range o.seen {
		b.seen[k] = d
	}
	b.objects += o.objects
	for _, w := range without {
		if !b.remove(w) {
			return &Error{What: clean(w.String()), Why: "there is no such object to take away", Hint: "objects are written Kind/namespace/name"}
		}
	}
	return nil
}

func (b *Builder) layMetalLB(o *cluster.MetalLB) {
	m := &b.metallb
	m.Pools = over(m.Pools, o.Pools, func(p cluster.IPAddressPool) flow.Object { return p.Object() }, nil)
	m.BGPAdvertisements = over(m.BGPAdvertisements, o.BGPAdvertisements, func(p cluster.BGPAdvertisement) flow.Object { return p.Object() }, nil)
	m.L2Advertisements = over(m.L2Advertisements, o.L2Advertisements, func(p cluster.L2Advertisement) flow.Object { return p.Object() }, nil)
	m.BGPPeers = over(m.BGPPeers, o.BGPPeers, func(p cluster.BGPPeer) flow.Object { return p.Object() }, nil)
}

// keepPlace is a Pod as applied: it stays where it runs.
func keepPlace(was, now *pod) *pod {
	p := *now
	if !p.HasStatus && p.IPs == nil {
		p.Node, p.IPs, p.HostIPs, p.Phase, p.Ready, p.HasStatus = was.Node, was.IPs, was.HostIPs, was.Phase, was.Ready, was.HasStatus
	}
	if p.Owner.IsZero() {
		p.Owner = was.Owner
	}
	return &p
}

// keepAllocated is a Service as applied: what the API server and the load balancer
// gave it stays, where the new text does not say otherwise.
func keepAllocated(was, now *cluster.Service) *cluster.Service {
	s := *now
	if s.Created == "" {
		s.Created = was.Created
	}
	if s.Type == cluster.ServiceExternalName || s.Headless {
		return &s
	}
	if len(s.ClusterIPs) == 0 {
		s.ClusterIPs = was.ClusterIPs
	}
	if len(s.Families) == 0 {
		s.Families = was.Families
	}
	if s.Type == cluster.ServiceClusterIP {
		return &s
	}
	s.Ports = slices.Clone(s.Ports)
	for i := range s.Ports {
		p := &s.Ports[i]
		for _, o := range was.Ports {
			if p.NodePort == 0 && (o.Name != "" && o.Name == p.Name || o.Port == p.Port) && o.Protocol == p.Protocol {
				p.NodePort = o.NodePort
			}
		}
	}
	if s.Type == cluster.ServiceLoadBalancer && s.Ingress == nil {
		s.Ingress = was.Ingress
	}
	if s.HealthCheckNodePort == 0 && s.ExternalTrafficPolicy == cluster.PolicyLocal {
		s.HealthCheckNodePort = was.HealthCheckNodePort
	}
	return &s
}

// remove takes an object away; a workload's pods go with it, and with a namespace all
// that is in it.
func (b *Builder) remove(o flow.Object) bool {
	if _, known := b.seen[o]; !known {
		return false
	}
	gone := map[flow.Object]bool{o: true}
	if o.Kind == "Namespace" {
		for in := range b.seen {
			if in.Namespace == o.Name {
				gone[in] = true
			}
		}
	}
	maps.DeleteFunc(b.seen, func(k flow.Object, _ decoded) bool { return gone[k] })
	b.nodes = without(b.nodes, gone, nameOfNode)
	b.namespaces = without(b.namespaces, gone, nameOfNamespace)
	b.pods = without(b.pods, gone, nameOfPod)
	b.services = without(b.services, gone, (*cluster.Service).Object)
	b.slices = without(b.slices, gone, nameOfSlice)
	b.endpoints = without(b.endpoints, gone, nameOfEndpoints)
	b.policies = without(b.policies, gone, (*cluster.NetworkPolicy).Object)
	b.foreign = without(b.foreign, gone, func(f *cluster.Foreign) flow.Object { return f.Object })
	b.clues = without(b.clues, gone, func(c *cluster.Clue) flow.Object { return c.Object })
	b.callbacks = without(b.callbacks, gone, func(c *cluster.Callback) flow.Object { return c.Object })
	for _, w := range b.workloads {
		if gone[w.object()] {
			removed := *w
			removed.Removed = true
			b.rolled[w.object()] = &removed
		}
	}
	b.workloads = without(b.workloads, gone, (*workload).object)
	m := &b.metallb
	m.Pools = without(m.Pools, gone, func(p cluster.IPAddressPool) flow.Object { return p.Object() })
	m.BGPAdvertisements = without(m.BGPAdvertisements, gone, func(p cluster.BGPAdvertisement) flow.Object { return p.Object() })
	m.L2Advertisements = without(m.L2Advertisements, gone, func(p cluster.L2Advertisement) flow.Object { return p.Object() })
	m.BGPPeers = without(m.BGPPeers, gone, func(p cluster.BGPPeer) flow.Object { return p.Object() })
	return true
}

func without[T any](list []T, gone map[flow.Object]bool, name func(T) flow.Object) []T {
	return slices.DeleteFunc(list, func(t T) bool { return gone[name(t)] })
}

// note keeps what the EndpointSlice controller would write before anything changes.
func (b *Builder) note() {
	b.rolled, b.written = map[flow.Object]*workload{}, map[flow.Object]bool{}
	b.before = b.expected()
}

// expected is what the EndpointSlice controller would write for each Service with a
// selector.
func (b *Builder) expected() map[flow.Object][]*cluster.EndpointSlice {
	byNamespace := make(map[string][]*pod)
	for _, p := range b.pods {
		byNamespace[p.Namespace] = append(byNamespace[p.Namespace], p)
	}
	zones := b.zones()
	out := make(map[flow.Object][]*cluster.EndpointSlice, len(b.services))
	for _, s := range b.services {
		if len(s.Selector) > 0 && s.Type != cluster.ServiceExternalName {
			out[s.Object()] = slicesOf(s, byNamespace[s.Namespace], zones)
		}
	}
	return out
}

// roll gives live pods the template of the workload that was laid over theirs, as
// after a rollout. What controllers add to the labels stays.
func (b *Builder) roll() {
	if len(b.rolled) == 0 {
		return
	}
	b.pods = slices.DeleteFunc(b.pods, func(p *pod) bool {
		w := b.rolled[p.Owner]
		if w == nil || p.Derived {
			return false
		}
		if w.Removed || w.Replicas == 0 && w.Kind != "DaemonSet" {
			return true
		}
		labels := maps.Clone(w.Template.Labels)
		for k, v := range p.Labels {
			if _, has := labels[k]; !has && controllersLabel(k) {
				if labels == nil {
					labels = cluster.Labels{}
				}
				labels[k] = v
			}
		}
		p.Labels, p.Ports = labels, w.Template.Ports
		p.moveNetwork(w.Template.HostNetwork)
		return false
	})
}

// moveNetwork is a pod that moves to its node's network, with the node's addresses, or
// to one of its own, with an address that nobody knows yet.
func (p *pod) moveNetwork(toHost bool) {
	if p.HostNetwork == toHost {
		return
	}
	p.HostNetwork, p.IPs, p.HasStatus = toHost, nil, toHost && p.HasStatus
	if toHost && len(p.HostIPs) > 0 {
		p.IPs = p.HostIPs
	}
}

// controllersLabel: a label of pods that no template holds.
func controllersLabel(key string) bool {
	switch key {
	case labelTemplateHash, "controller-revision-hash", "pod-template-generation":
		return true
	}
	domain, _, _ := strings.Cut(key, "/")
	return domain == "statefulset.kubernetes.io" || domain == "apps.kubernetes.io" || domain == "batch.kubernetes.io" || strings.HasSuffix(domain, "istio.io")
}

// rewrite writes EndpointSlices anew where the controller would write others than
// before; elsewhere those that were read stand.
func (b *Builder) rewrite() {
	if b.before == nil || len(b.slices) == 0 && len(b.endpoints) == 0 {
		return
	}
	changed := make(map[flow.Object]bool)
	var fresh []*cluster.EndpointSlice
	now := b.expected()
	for _, s := range b.services {
		o := s.Object()
		list, selects := now[o]
		if !selects || b.written[o] || sameSlices(b.before[o], list) {
			continue
		}
		changed[o] = true
		fresh = append(fresh, list...)
	}
	b.slices = slices.DeleteFunc(b.slices, func(s *cluster.EndpointSlice) bool {
		o := flow.Object{Kind: "Service", Namespace: s.Namespace, Name: s.Service}
		return changed[o]
	})
	b.slices = append(b.slices, fresh...)
}

func sameSlices(a, b []*cluster.EndpointSlice) bool {
	return slices.EqualFunc(a, b, func(a, b *cluster.EndpointSlice) bool {
		return a.IPv6 == b.IPv6 && slices.Equal(a.Ports, b.Ports) && reflect.DeepEqual(a.Endpoints, b.Endpoints)
	})
}
