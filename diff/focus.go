package diff

import (
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
	"github.com/portolan-net/portolan/service"
)

// Focus is what of a difference is asked for. The zero value is all.
type Focus struct {
	// From connects, To is connected to; nil is everybody.
	From, To *cluster.Focus
	// Namespace is where either end is; beside From and To it says nothing.
	Namespace string
}

// All reports whether nothing is left out.
func (f Focus) All() bool { return f.From == nil && f.To == nil && f.Namespace == "" }

// half is which of those at one end: all of them, those in the Focus, or the others.
type half uint8

const (
	everybody half = iota
	named
	others
)

// keeps reports whether one is in the half, who may be in the Focus.
func (h half) keeps(in bool) bool { return h == everybody || (h == named) == in }

// cut is one half of those who connect, and one of those who are connected to.
//
//	            to: named   others            to: named   others
//	from: named    ┌──────┐                     ┌──────┬──────┐
//	               │ told │ beyond              │    told     │
//	               └──────┘                     ├──────┼──────┘
//	      others   beyond   beyond              │ told │ beyond
//	               From and To                  └──────┘ Namespace
type cut struct{ from, to half }

// cuts are what the Report is of, or what it leaves out.
func (x *comparison) cuts() []cut {
	f := &x.focus
	switch {
	case f.All() && x.beyond:
		return nil
	case f.All():
		return []cut{{}}
	case f.From != nil || f.To != nil:
		if x.beyond {
			return []cut{{named, others}, {others, everybody}}
		}
		return []cut{{named, named}}
	case x.beyond:
		return []cut{{others, others}}
	}
	return []cut{{named, everybody}, {others, named}}
}

// either is the namespace that an end has to be in, where neither From nor To is told.
func (f *Focus) either() string {
	if f.From == nil && f.To == nil {
		return f.Namespace
	}
	return ""
}

// CompareIn is CompareOn of what is in the Focus, with causes decided from that alone.
// The error is a *cluster.WordError where neither version has what was named.
func CompareIn(f Focus, cores reach.Cores, old, young *cluster.Snapshot) (*Report, error) {
	if err := f.From.Find(cluster.FromSide, hasNetwork, young, old); err != nil {
		return nil, err
	}
	if err := f.To.Find(cluster.ToSide, hasNetwork, young, old); err != nil {
		return nil, err
	}
	if ns := f.either(); ns != "" {
		if err := cluster.InNamespace(ns).Find(cluster.FromSide, hasNetwork, young, old); err != nil {
			return nil, err
		}
	}
	x := &comparison{cores: cores, focus: f, s: alignBoth(old, young)}
	if err := x.compare(); err != nil {
		return nil, err
	}
	return x.r, nil
}

// hasNetwork reports whether a pod is one that connects by an address of its own.
func hasNetwork(p *cluster.Pod) bool { return !p.HostNetwork && !p.Finished() && len(p.IPs) > 0 }

// leaveOut counts what is outside the Focus, without asking for causes: changes of one
// kind are one there.
func (x *comparison) leaveOut() {
	if x.focus.All() {
		return
	}
	y := *x
	y.beyond, y.r = true, &Report{}
	y.services()
	y.connections()
	for i := range y.r.Services {
		x.r.Beyond += len(y.r.Services[i].Items)
		x.elsewhere = append(x.elsewhere, portOf(&y.r.Services[i]))
	}
	for i := range y.r.Connections {
		if !y.r.Connections[i].Told {
			x.r.Beyond++
		}
	}
	x.fronts = y.fronts
}

func portOf(s *Service) portID { return portID{s.Object, s.Port.Protocol, s.Port.Port} }

// holds reports whether a pod was named at an end: itself, or the Service that it is
// behind.
func (x *comparison) holds(p *cluster.Pod, ingress bool) bool {
	end := x.focus.From
	if ingress {
		end = x.focus.To
	}
	switch {
	case x.focus.either() != "":
		return p.Namespace == x.focus.Namespace
	case end == nil:
		return true
	case end.Service.IsZero():
		return end.Holds(p)
	}
	return x.behindFocus()[nsName{p.Namespace, p.Name}]
}

// behindFocus are the pods behind the Service that was named, in either version.
func (x *comparison) behindFocus() map[nsName]bool {
	if x.asked != nil {
		return x.asked
	}
	x.asked = map[nsName]bool{}
	for _, f := range x.frontsOf(x.focus.To.Service) {
		if !x.focus.To.Shows(x.focus.To.Service, f.Named) {
			continue
		}
		for _, b := range f.Backends.All() {
			if b.Target != nil {
				x.asked[nsName{b.Target.Namespace, b.Target.Name}] = true
			}
		}
	}
	return x.asked
}

// frontsOf are the fronts of a Service in both versions.
func (x *comparison) frontsOf(o flow.Object) []*service.Front {
	var out []*service.Front
	for v := range x.charts {
		m := x.charts[v].Model()
		if svc := m.Index.Service(o.Namespace, o.Name); svc != nil {
			out = append(out, m.Services.Of(svc)...)
		}
	}
	return out
}

// numbered reports whether a number of Difference.Pods is in a half: of a pod that was
// named those that nothing tells apart from it are the others, too.
func (x *comparison) numbered(n int, ingress bool, h half) bool {
	if h == everybody {
		return true
	}
	was, now := x.d.PodsOf(reach.Unit(n))
	in := func(p *cluster.Pod) bool { return h.keeps(x.holds(p, ingress)) }
	return slices.ContainsFunc(now, func(p *cluster.Pod) bool {
		q := x.charts[0].Model().Index.Pod(p.Namespace, p.Name)
		return in(p) && (q == nil || slices.Contains(was, q))
	}) || slices.ContainsFunc(was, func(p *cluster.Pod) bool {
		return in(p) && x.charts[1].Model().Index.Pod(p.Namespace, p.Name) == nil
	})
}

// addressed reports whether addresses that are no pod's are in a half. A node's do not
// tell what its processes reach: no policy stands before those of a pod's own node.
func (x *comparison) addressed(rs []policy.Range, ingress bool, h half) bool {
	end := x.focus.From
	if ingress {
		end = x.focus.To
	}
	switch {
	case x.focus.either() != "":
		return h.keeps(false)
	case end == nil:
		return h.keeps(true)
	}
	inside := func(v int) bool {
		for _, a := range end.Addresses(x.s[v]) {
			if slices.ContainsFunc(rs, func(r policy.Range) bool { return r.Contains(a) }) {
				return true
			}
		}
		return false
	}
	return h.keeps(end.Outside && end.Client == "" || inside(0) || inside(1))
}

// portIn reports whether a Service port is in a half.
func (x *comparison) portIn(id portID, h half) bool {
	if h == everybody {
		return true
	}
	if x.ports == nil {
		x.ports = map[portID]bool{}
	}
	in, known := x.ports[id]
	if !known {
		in = x.portNamed(id)
		x.ports[id] = in
	}
	return h.keeps(in)
}

func (x *comparison) portNamed(id portID) bool {
	f := &x.focus
	switch {
	case f.either() != "":
		return id.service.Namespace == f.Namespace
	case f.To == nil:
		return true
	}
	return slices.ContainsFunc(x.frontsOf(id.service), func(o *service.Front) bool {
		if idOf(o).portID != id {
			return false
		}
		if !f.To.Service.IsZero() {
			return f.To.Shows(id.service, o.Named)
		}
		return slices.ContainsFunc(o.Backends.All(), func(b service.Backend) bool { return b.Target != nil && f.To.Holds(b.Target) })
	})
}

// aboutPort reports whether a Service port is one that the Report is about, whoever asks.
func (x *comparison) aboutPort(id portID) bool {
	return x.focus.All() || x.portIn(id, named)
}

// aboutPod reports whether a pod is at either end of what is asked for.
func (x *comparison) aboutPod(p *cluster.Pod) bool {
	f := &x.focus
	return f.All() || f.either() != "" && p.Namespace == f.Namespace || f.From != nil && x.holds(p, false) || f.To != nil && x.holds(p, true)
}

// nodesIn are those of some nodes that are in a half.
func (x *comparison) nodesIn(names []string, h half) []string {
	return slices.DeleteFunc(names, func(n string) bool {
		in := x.focus.From == nil && x.focus.either() == "" || x.focus.From != nil && x.focus.From.Node == n
		return !h.keeps(in)
	})
}

// pick are the pods of a half of one end that stand for it; nil is any.
func (x *comparison) pick(ingress bool, h half) func(*cluster.Pod) bool {
	if h == everybody {
		return nil
	}
	return func(p *cluster.Pod) bool { return h.keeps(x.holds(p, ingress)) }
}

// alone is the pod that was named, as a Group; nil where it was not one pod.
func (x *comparison) alone(ingress bool, h half) []Group {
	end := x.focus.From
	if ingress {
		end = x.focus.To
	}
	if h != named || end == nil || end.Pod.IsZero() || x.focus.either() != "" {
		return nil
	}
	return []Group{{Namespace: end.Pod.Namespace, Object: end.Pod, Pods: 1}}
}

// outsideIn is half of clients outside that fare otherwise; nil is none.
func (x *comparison) outsideIn(o *reach.OutsideChange, ipv6 bool, h half) *reach.OutsideChange {
	from := x.focus.From
	all := from == nil && x.focus.either() == "" || from != nil && from.Outside && from.Client == ""
	if all || from == nil || !from.Outside {
		if h.keeps(all) {
			return o
		}
		return nil
	}
	out := *o
	out.Clients = slices.DeleteFunc(slices.Clone(o.Clients), func(c cluster.Client) bool { return !h.keeps(from.ShowsClient(&c)) })
	a := from.Addr()
	at := slices.ContainsFunc(o.Ranges, func(r policy.Range) bool { return a.IsValid() && a.Is6() == ipv6 && r.Contains(a) })
	switch {
	case h == named && at:
		out.Ranges = []policy.Range{{First: a, Last: a}}
	case h == named:
		out.Ranges = nil
	}
	if len(out.Clients)+len(out.Ranges) == 0 {
		return nil
	}
	return &out
}
