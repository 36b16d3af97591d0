package check

import (
	"net/netip"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

func itoa(n int) string { return strconv.Itoa(n) }

// kin are live pods that nothing here tells apart: one namespace, equal labels
// and ports, one workload. One of them stands for all.
type kin struct {
	pod   *cluster.Pod
	count int
}

// crowd is who a selector selects.
type crowd struct {
	own  []*kin // with a network of their own
	host []*kin // hostNetwork pods
	// perhaps: some namespaces' labels are not known.
	perhaps bool
}

func (c *crowd) none() bool { return len(c.own)+len(c.host) == 0 }

// pods are the examples of the kin with a network of their own.
func (c *crowd) pods() []*cluster.Pod { return examples(c.own) }

func examples(all []*kin) []*cluster.Pod {
	out := make([]*cluster.Pod, len(all))
	for i := range all {
		out[i] = all[i].pod
	}
	return out
}

// scene answers who is meant by a selector, for any number of them: pods are
// looked up by a label that the selector demands.
//
//	150,000 pods ──► kin (some thousands) ──► by namespace, by label ──► crowds, remembered
type scene struct {
	m           *model.Model
	describer   *policy.Describer
	empties     *explain.Empties
	kin         []*kin
	byNamespace map[string][]*kin
	byLabel     map[[2]string][]*kin
	inLabel     map[[3]string][]*kin
	crowds      map[string]*crowd
	slices      map[[2]string][]*cluster.EndpointSlice
	served      map[*cluster.ServicePort]*service.Backends
	nodePorts   map[nodePort][]*cluster.Service
	busy        []string // nodes with pods
	byHand      map[netip.Addr][]manualEndpoint
	// live: the pods were running somewhere, so those that are not there do not
	// exist. whole: every namespace was read, too.
	live, whole bool
}

type nodePort struct {
	proto flow.Protocol
	port  uint16
}

func newScene(m *model.Model) *scene {
	x := &scene{
		m: m, describer: m.Policies.Describer(), byNamespace: map[string][]*kin{}, byLabel: map[[2]string][]*kin{},
		inLabel: map[[3]string][]*kin{}, crowds: map[string]*crowd{}, slices: map[[2]string][]*cluster.EndpointSlice{},
		served: map[*cluster.ServicePort]*service.Backends{}, nodePorts: map[nodePort][]*cluster.Service{},
	}
	x.gather()
	s := m.Snapshot
	for i := range s.EndpointSlices {
		e := &s.EndpointSlices[i]
		k := [2]string{e.Namespace, e.Service}
		x.slices[k] = append(x.slices[k], e)
	}
	for i := range s.Services {
		for _, p := range s.Services[i].Ports {
			if p.NodePort != 0 {
				k := nodePort{p.Protocol, p.NodePort}
				x.nodePorts[k] = append(x.nodePorts[k], &s.Services[i])
			}
		}
	}
	ns := m.Index.Namespace("kube-system")
	x.whole = x.live && ns != nil && !ns.Implied
	return x
}

// kinKey tells kin apart. hostNetwork pods have no class, so their labels do.
type kinKey struct {
	class  int
	owner  flow.Object
	labels string
}

func (x *scene) gather() {
	known := map[kinKey]*kin{}
	templates := false // a cluster has no workload without pods: this is a folder
	defer func() { x.live = x.live && !templates }()
	for i := range x.m.Snapshot.Pods {
		p := &x.m.Snapshot.Pods[i]
		if p.Finished() {
			continue
		}
		x.live = x.live || p.Node != "" && !p.Derived
		templates = templates || p.Derived
		k := kinKey{class: x.m.Policies.ClassOf(p), owner: p.Owner}
		if p.HostNetwork {
			s := cluster.LabelSelector{MatchLabels: p.Labels}
			k.labels = p.Namespace + " " + s.String()
		}
		if old := known[k]; old != nil {
			old.count++
			continue
		}
		g := &kin{pod: p, count: 1}
		known[k] = g
		x.kin = append(x.kin, g)
		x.byNamespace[p.Namespace] = append(x.byNamespace[p.Namespace], g)
		for k, v := range p.Labels {
			x.byLabel[[2]string{k, v}] = append(x.byLabel[[2]string{k, v}], g)
			x.inLabel[[3]string{p.Namespace, k, v}] = append(x.inLabel[[3]string{p.Namespace, k, v}], g)
		}
	}
}

// in are the pods of a namespace that a selector selects; nil selects all.
func (x *scene) in(namespace string, s *cluster.LabelSelector) *crowd {
	key := namespace + "\x00" + selectorText(s)
	if c := x.crowds[key]; c != nil {
		return c
	}
	from := x.byNamespace[namespace]
	if s != nil {
		for k, v := range s.MatchLabels {
			if few := x.inLabel[[3]string{namespace, k, v}]; len(few) <= len(from) {
				from = few
			}
		}
	}
	c := &crowd{}
	c.take(from, s, nil)
	x.crowds[key] = c
	return c
}

func selectorText(s *cluster.LabelSelector) string {
	if s == nil {
		return "<all>"
	}
	return s.String()
}

// take adds whom the selector selects of those in the namespaces; nil
// namespaces are all.
func (c *crowd) take(from []*kin, s *cluster.LabelSelector, namespaces map[string]bool) {
	for _, g := range from {
		switch {
		case namespaces != nil && !namespaces[g.pod.Namespace], s != nil && !s.Matches(g.pod.Labels):
		case g.pod.HostNetwork:
			c.host = append(c.host, g)
		default:
			c.own = append(c.own, g)
		}
	}
}

// anywhere are the pods of every namespace that a selector selects.
func (x *scene) anywhere(s *cluster.LabelSelector) *crowd { return x.across(nil, s) }

// across are the pods a selector selects in the namespaces of another; nil
// selects all.
func (x *scene) across(namespaces, s *cluster.LabelSelector) *crowd {
	key := "\x00" + selectorText(namespaces) + "\x00" + selectorText(s)
	if c := x.crowds[key]; c != nil {
		return c
	}
	from := x.kin
	if s != nil {
		for k, v := range s.MatchLabels {
			if few := x.byLabel[[2]string{k, v}]; len(few) <= len(from) {
				from = few
			}
		}
	}
	c := &crowd{}
	var wanted map[string]bool
	if namespaces != nil && !namespaces.IsEmpty() {
		wanted = map[string]bool{}
		yes, perhaps := x.namespaces(namespaces)
		for _, n := range yes {
			wanted[n] = true
		}
		c.perhaps = perhaps
	}
	c.take(from, s, wanted)
	x.crowds[key] = c
	return c
}

// namespaces are those of the input that a selector selects, and whether there
// may be more.
func (x *scene) namespaces(s *cluster.LabelSelector) (selected []string, perhaps bool) {
	for i := range x.m.Snapshot.Namespaces {
		name := x.m.Snapshot.Namespaces[i].Name
		yes, known := x.m.Policies.SelectsNamespace(s, name)
		if yes {
			selected = append(selected, name)
		}
		perhaps = perhaps || !known
	}
	return selected, perhaps
}

// peer is who a peer of a policy is, an ipBlock apart.
func (x *scene) peer(p *cluster.NetworkPolicy, peer *cluster.PolicyPeer) *crowd {
	if peer.NamespaceSelector == nil {
		return x.in(p.Namespace, peer.PodSelector)
	}
	return x.across(peer.NamespaceSelector, peer.PodSelector)
}

// subjects are the pods a policy selects.
func (x *scene) subjects(p *cluster.NetworkPolicy) *crowd { return x.in(p.Namespace, &p.PodSelector) }

// behind are the pods a Service selects.
func (x *scene) behind(svc *cluster.Service) *crowd {
	if len(svc.Selector) == 0 {
		return &crowd{}
	}
	return x.in(svc.Namespace, &cluster.LabelSelector{MatchLabels: svc.Selector})
}

// backends are the endpoints of a Service port, of the family it has.
func (x *scene) backends(svc *cluster.Service, p *cluster.ServicePort) *service.Backends {
	if b := x.served[p]; b != nil {
		return b
	}
	parts := x.slices[[2]string{svc.Namespace, svc.Name}]
	b := service.EndpointsOf(p, false, parts, x.m.Index)
	if len(b.All()) == 0 {
		b = service.EndpointsOf(p, true, parts, x.m.Index)
	}
	x.served[p] = b
	return b
}

// server is a kind of endpoint behind a Service port.
type server struct {
	pod  *cluster.Pod
	port uint16
}

// servers are the pods behind a Service port and where they listen, one for
// each class of pods and number.
func (x *scene) servers(svc *cluster.Service, p *cluster.ServicePort) []server {
	all, _ := x.policed(x.backends(svc, p))
	return all
}

// policed are the endpoints that policy is asked about, one for each class of
// pods and number, and whether there are others: processes of nodes, addresses
// that are no pod's, pods that are not in the input.
func (x *scene) policed(lists ...*service.Backends) (out []server, others bool) {
	seen := map[[2]int]bool{}
	for _, b := range lists {
		all := b.All()
		for i := range all {
			pod := all[i].Target
			if pod == nil || pod.HostNetwork {
				others = true
				continue
			}
			k := [2]int{x.m.Policies.ClassOf(pod), int(all[i].Addr.Port())}
			if !seen[k] {
				seen[k] = true
				out = append(out, server{pod, all[i].Addr.Port()})
			}
		}
	}
	return out, others
}

// bothFamilies are the endpoints of a Service port in IPv4 and IPv6.
func (x *scene) bothFamilies(svc *cluster.Service, p *cluster.ServicePort) []*service.Backends {
	parts := x.slices[[2]string{svc.Namespace, svc.Name}]
	return []*service.Backends{service.EndpointsOf(p, false, parts, x.m.Index), service.EndpointsOf(p, true, parts, x.m.Index)}
}

// emptiness says why Services are empty; made when it is first needed.
func (x *scene) emptiness() *explain.Empties {
	if x.empties == nil {
		x.empties = explain.NewEmpties(x.m.Snapshot)
	}
	return x.empties
}

// busyNodes are the nodes where a pod with a network of its own runs, in the
// order of the input.
func (x *scene) busyNodes() []string {
	if x.busy != nil {
		return x.busy
	}
	runs := map[string]bool{}
	for i := range x.m.Snapshot.Pods {
		if p := &x.m.Snapshot.Pods[i]; !p.HostNetwork && !p.Finished() {
			runs[p.Node] = true
		}
	}
	x.busy = []string{}
	for i := range x.m.Snapshot.Nodes {
		if n := x.m.Snapshot.Nodes[i].Name; runs[n] {
			x.busy = append(x.busy, n)
		}
	}
	return x.busy
}

// manualEndpoint is an endpoint that somebody wrote, of a Service without a
// selector.
type manualEndpoint struct {
	service *cluster.Service
	port    *cluster.ServicePort
	at      netip.AddrPort
}

// manual are those endpoints by address.
func (x *scene) manual() map[netip.Addr][]manualEndpoint {
	if x.byHand != nil {
		return x.byHand
	}
	x.byHand = map[netip.Addr][]manualEndpoint{}
	for i := range x.m.Snapshot.Services {
		svc := &x.m.Snapshot.Services[i]
		if len(svc.Selector) > 0 {
			continue
		}
		for j := range svc.Ports {
			for _, e := range x.backends(svc, &svc.Ports[j]).All() {
				x.byHand[e.Addr.Addr()] = append(x.byHand[e.Addr.Addr()], manualEndpoint{svc, &svc.Ports[j], e.Addr})
			}
		}
	}
	return x.byHand
}
