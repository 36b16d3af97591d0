package atlas

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
	"github.com/portolan-net/portolan/service"
)

// Service is one port of a Service, and who gets an answer there.
type Service struct {
	Service *cluster.Service
	Port    *cluster.ServicePort
	Title   string // svc/NAMESPACE/NAME:PORT
	// Behind are the Columns that its endpoints are in.
	Behind    []int
	Endpoints int
	Fronts    []Front
	// Outside, Nodes and Pods sum up the front that is usually asked from there.
	Outside, Nodes, Pods Sum
}

// Front is one address of a Service port.
type Front struct {
	Kind    service.Kind
	Address string // "198.51.100.17:22/tcp"; of a NodePort the port alone
	Outside []Part
	Nodes   []Part
	Pods    []Part
}

// Part is places that fare alike.
type Part struct {
	// Clients are names of the Fabric; Ranges are addresses outside.
	Clients []string
	Ranges  []policy.Range
	// Via are answers by first node, where the router's choice matters.
	Via []Part
	// Nodes are those asked from, entered, or that the pods are on; Places is how
	// many there are, of Of.
	Nodes  reach.Nodes
	Places int
	// Pods is how many pods ask, of Namespaces; AnyNode: wherever they run; Self:
	// they are endpoints of the port themselves.
	Pods          int
	Namespaces    Names
	AnyNode, Self bool

	Answer reach.Answer
}

// Names are the first of some names, and how many there are.
type Names struct {
	First []string
	Count int
	All   bool // every one there is
}

// mostNames bounds names that are kept of many.
const mostNames = 10

// Sum is how many of those who may ask get an answer. Of is 0 where nobody was
// asked.
type Sum struct {
	Kind        service.Kind
	Verdict     flow.Verdict
	Reached, Of int
	Seen        []flow.Seen // of those who do not always
}

// servicesOf are the Service ports of the cluster that the Options leave. What is
// beside it is done at the same time, where there are cores.
func (x *making) servicesOf(m *Map, beside func()) {
	x.indexNamespaces()
	var services []*cluster.Service
	all := x.c.Model().Snapshot.Services
	for i := range all {
		if svc := &all[i]; slices.ContainsFunc(x.c.Model().Services.Of(svc), func(f *service.Front) bool { return x.wanted(svc, f.Named) }) {
			services = append(services, svc)
		}
	}
	for _, fronts := range x.c.FrontsOf(services, x.o.Cores, beside) {
		x.portsOf(m, fronts)
	}
	for i := range m.Services {
		x.sumUp(&m.Services[i])
	}
	slices.SortStableFunc(m.Services, func(a, b Service) int {
		return cmp.Or(strings.Compare(a.Service.Namespace, b.Service.Namespace), strings.Compare(a.Service.Name, b.Service.Name))
	})
	m.Services = slices.DeleteFunc(m.Services, func(s Service) bool { return !x.leaves(&s) })
}

// portsOf puts the fronts of one Service to their ports: those of a family come after
// those of the other.
func (x *making) portsOf(m *Map, fronts []reach.Front) {
	begin := len(m.Services)
	for i := range fronts {
		f := &fronts[i]
		if !x.wanted(f.Service, f.Named) {
			continue
		}
		n := begin + slices.IndexFunc(m.Services[begin:], func(s Service) bool { return s.Port == f.Named })
		if n < begin {
			n = len(m.Services)
			m.Services = append(m.Services, x.newService(f.Service, f.Named))
		}
		m.Services[n].Fronts = append(m.Services[n].Fronts, x.frontOf(f))
	}
}

// wanted reports whether a Service port is asked for.
func (x *making) wanted(svc *cluster.Service, p *cluster.ServicePort) bool {
	if x.to != nil && !x.to.Service.IsZero() {
		return x.to.Shows(svc.Object(), p)
	}
	if x.to != nil {
		return slices.ContainsFunc(endpoints(x.c, svc, p), x.to.holds)
	}
	return x.asked == nil || x.from != nil || len(x.o.Imagined) > 0 || svc.Namespace == x.o.Namespace
}

// leaves reports whether a Service port is left: by Only, and by the Place that asks,
// which it must have an address for.
func (x *making) leaves(s *Service) bool {
	if !x.from.pods() && x.placeSum(s).Of == 0 {
		return false
	}
	switch x.o.Only {
	case Blocked:
		return s.Outside.closed() || s.Nodes.closed() || s.Pods.closed()
	case Exposed:
		return s.Outside.Of > 0 && s.Outside.Verdict != flow.NotReachable
	case Everything:
	}
	return true
}

func (s *Sum) closed() bool { return s.Of > 0 && s.Verdict != flow.Reachable }

func (x *making) newService(svc *cluster.Service, p *cluster.ServicePort) Service {
	s := Service{Service: svc, Port: p, Title: "svc/" + svc.Namespace + "/" + svc.Name + ":" + p.Words()}
	seen := map[int]bool{}
	units := endpoints(x.c, svc, p)
	for _, n := range units {
		if g := x.columnOf[n]; g >= 0 && !seen[g] {
			seen[g] = true
			s.Behind = append(s.Behind, g)
		}
	}
	slices.Sort(s.Behind)
	s.Endpoints = len(backends(x.c, svc, p))
	return s
}

// backends are the endpoints of a Service port that a proxy may use.
func backends(c *reach.Chart, svc *cluster.Service, p *cluster.ServicePort) []*service.Backend {
	var out []*service.Backend
	seen := map[*service.Backends]bool{}
	for _, f := range c.Model().Services.Of(svc) {
		if f.Named != p || seen[f.Backends] {
			continue
		}
		seen[f.Backends] = true
		all := f.Backends.All()
		for i := range all {
			if all[i].Ready || all[i].Serving {
				out = append(out, &all[i])
			}
		}
	}
	return out
}

// endpoints are their units, in order.
func endpoints(c *reach.Chart, svc *cluster.Service, p *cluster.ServicePort) []reach.Unit {
	var out []reach.Unit
	for _, b := range backends(c, svc, p) {
		if b.Target != nil {
			if n := c.UnitOf(b.Target); n >= 0 {
				out = append(out, n)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (x *making) frontOf(f *reach.Front) Front {
	out := Front{Kind: f.Kind, Address: addressOf(f)}
	if len(x.o.Imagined) == 0 && (x.from == nil || x.from.Outside) {
		out.Outside = x.outsideParts(f)
	}
	if len(x.o.Imagined) == 0 && (x.from == nil || x.from.Node != "") {
		out.Nodes = x.nodeParts(f)
	}
	for i := range f.Pods {
		p := &f.Pods[i]
		part := Part{Nodes: p.Nodes, AnyNode: p.All, Self: len(p.Self) > 0, Pods: p.Pods, Answer: p.Answer, Namespaces: x.namespacesOf(p.Units)}
		if x.asked != nil && (x.from != nil || len(x.o.Imagined) > 0) {
			part.Pods, part.Namespaces = x.askedIn(f, p)
		}
		if part.Places = part.Pods; part.Pods > 0 {
			out.Pods = append(out.Pods, part)
		}
	}
	return out
}

// askedIn are the pods asked for among those of a part.
func (x *making) askedIn(f *reach.Front, p *reach.FromPods) (pods int, namespaces Names) {
	var units []reach.Unit
	for n := range x.asked {
		if !p.Units.Contains(n) {
			continue
		}
		units = append(units, n)
		for _, pod := range x.c.Pods(n) {
			switch {
			case len(p.Self) > 0:
				if slices.Contains(p.Self, pod) {
					pods++
				}
			case serves(f, pod):
			case p.All || p.Nodes.Contains(pod.Node) || x.c.Model().Index.Node(pod.Node) == nil && p.Nodes.Len() > len(p.Nodes.Names()):
				// A node that the input does not hold has no name there.
				pods++
			}
		}
	}
	return pods, x.namespacesOf(reach.SetOf(units))
}

// serves reports whether the pod is an endpoint of the front.
func serves(f *reach.Front, pod *cluster.Pod) bool {
	return slices.ContainsFunc(f.Backends.All(), func(b service.Backend) bool { return b.Target == pod })
}

func addressOf(f *reach.Front) string {
	if f.Kind == service.NodePort {
		return f.Words()
	}
	host := f.Addr.String()
	if f.IPv6 {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(int(f.Port)) + "/" + strings.ToLower(f.Protocol.String())
}

// indexNamespaces numbers the namespaces in the order of units.
func (x *making) indexNamespaces() {
	for n := range reach.Unit(x.c.Units()) {
		ns := x.c.Unit(n).Namespace
		if len(x.names) == 0 || x.names[len(x.names)-1] != ns {
			x.names = append(x.names, ns)
		}
		x.nameOf = append(x.nameOf, len(x.names)-1)
	}
}

func (x *making) namespacesOf(s reach.Set) Names {
	var out Names
	last := -1
	for first, end := range s.Runs {
		a, b := x.nameOf[first], x.nameOf[end]
		if a == last {
			a++
		}
		for i := a; i <= b && len(out.First) < mostNames; i++ {
			out.First = append(out.First, x.names[i])
		}
		out.Count += b - a + 1
		last = b
	}
	out.All = out.Count == len(x.names)
	return out
}

// sumUp counts for each side the front that is usually asked.
func (x *making) sumUp(s *Service) {
	outside := []service.Kind{service.LoadBalancer, service.ExternalIP, service.NodePort}
	inside := []service.Kind{service.ClusterIP, service.LoadBalancer, service.ExternalIP, service.NodePort}
	s.Outside = sumOf(s.Fronts, outside, func(f *Front) []Part { return f.Outside })
	if s.Outside.Of == 0 {
		// A route to cluster addresses, perhaps.
		if o := sumOf(s.Fronts, inside[:1], func(f *Front) []Part { return f.Outside }); o.Verdict != flow.NotReachable {
			s.Outside = o
		}
	}
	s.Nodes = sumOf(s.Fronts, inside, func(f *Front) []Part { return f.Nodes })
	s.Pods = sumOf(s.Fronts, inside, func(f *Front) []Part { return f.Pods })
}

// sumOf adds up the parts of the first kind of front there is, all families.
func sumOf(fronts []Front, order []service.Kind, of func(*Front) []Part) Sum {
	for _, k := range order {
		s := Sum{Kind: k}
		var verdicts []flow.Verdict
		for i := range fronts {
			if fronts[i].Kind == k {
				for _, p := range of(&fronts[i]) {
					s.add(&p)
					verdicts = append(verdicts, p.Answer.Verdict)
				}
			}
		}
		if len(verdicts) > 0 {
			s.Verdict = together(verdicts)
			slices.Sort(s.Seen)
			return s
		}
	}
	return Sum{}
}

// add counts a part: clients by the node they enter, where that is told.
func (s *Sum) add(p *Part) {
	if len(p.Via) > 0 {
		for i := range p.Via {
			s.add(&p.Via[i])
		}
		return
	}
	s.Of += p.Places
	if p.Answer.Verdict == flow.Reachable {
		s.Reached += p.Places
		return
	}
	for _, seen := range p.Answer.Seen {
		if !slices.Contains(s.Seen, seen) {
			s.Seen = append(s.Seen, seen)
		}
	}
}

// together is the verdict of many.
func together(list []flow.Verdict) flow.Verdict {
	v := list[0]
	for _, o := range list[1:] {
		switch {
		case v == flow.VerdictUnknown || o == flow.VerdictUnknown:
			return flow.VerdictUnknown
		case v != o:
			v = flow.Depends
		}
	}
	return v
}
