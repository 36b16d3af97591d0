package watch

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/diff"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/reach"
	"github.com/portolan-net/portolan/service"
)

// Front is one address and port of a Service, and what it answers from each kind of
// place: the same for all of a kind, DEPENDS where they fare differently.
type Front struct {
	Service  flow.Object
	Addr     netip.Addr
	Port     int
	Protocol flow.Protocol
	Kind     service.Kind
	IPv6     bool
	// Places are the kinds of places that may ask, in order.
	Places []Place
}

// Place is a kind of place, and the answer there.
type Place struct {
	From diff.Kind
	flow.Verdict
}

type frontKey struct {
	service flow.Object
	addr    netip.Addr
	port    int
	proto   flow.Protocol
	kind    service.Kind
	v6      bool
}

// keeps: the fronts of the Service are kept.
func (w *Watch) keeps(o flow.Object) bool {
	return w.opt.Fronts || slices.ContainsFunc(w.targets, func(t target) bool { return t.namespace == o.Namespace && t.name == o.Name })
}

// allFronts asks every front that is kept.
func (w *Watch) allFronts() {
	s := w.chart.Model().Snapshot
	for i := range s.Services {
		w.frontsOf(&s.Services[i])
	}
}

func (w *Watch) frontsOf(svc *cluster.Service) {
	if !w.keeps(svc.Object()) {
		return
	}
	for _, f := range w.chart.Service(svc) {
		one := frontOf(&f)
		w.fronts[frontKey{one.Service, one.Addr, one.Port, one.Protocol, one.Kind, one.IPv6}] = &one
	}
}

// someFronts asks those of the Services that a Report is about, or that are others now.
func (w *Watch) someFronts(r *diff.Report) {
	about := map[flow.Object]bool{}
	for i := range r.Services {
		about[r.Services[i].Object] = true
	}
	for _, o := range r.Objects {
		if o.Kind == "Service" {
			about[o.Object] = true
		}
	}
	if len(about) == 0 {
		return
	}
	maps.DeleteFunc(w.fronts, func(k frontKey, _ *Front) bool { return about[k.service] })
	for o := range about {
		if svc := w.model.Index.Service(o.Namespace, o.Name); svc != nil {
			w.frontsOf(svc)
		}
	}
}

// Fronts are those that are kept, in order.
func (w *Watch) Fronts() []Front {
	out := make([]Front, 0, len(w.fronts))
	for _, f := range w.fronts {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Front) int {
		return cmp.Or(a.Service.Compare(b.Service), cmp.Compare(a.Port, b.Port), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.Kind, b.Kind), a.Addr.Compare(b.Addr), cmp.Compare(order(a.IPv6), order(b.IPv6)))
	})
	return out
}

func order(v6 bool) int {
	if v6 {
		return 1
	}
	return 0
}

func frontOf(f *reach.Front) Front {
	out := Front{Service: f.Service.Object(), Addr: f.Addr, Port: int(f.Port), Protocol: f.Protocol, Kind: f.Kind, IPv6: f.IPv6}
	var outside, nodes, pods verdicts
	for i := range f.Outside {
		outside.add(f.Outside[i].Verdict)
	}
	for i := range f.Nodes {
		nodes.add(f.Nodes[i].Verdict)
	}
	for i := range f.Pods {
		pods.add(f.Pods[i].Verdict)
	}
	for _, p := range []struct {
		from diff.Kind
		*verdicts
	}{{diff.Outside, &outside}, {diff.Nodes, &nodes}, {diff.Pods, &pods}} {
		// Nobody outside is meant to ask an address of the cluster's own.
		if p.some && (p.from != diff.Outside || f.Kind.External() || p.all() != flow.NotReachable) {
			out.Places = append(out.Places, Place{p.from, p.all()})
		}
	}
	return out
}

// verdicts puts answers together.
type verdicts struct {
	one   flow.Verdict
	some  bool
	mixed bool
	open  bool
}

func (v *verdicts) add(one flow.Verdict) {
	v.open = v.open || one == flow.VerdictUnknown
	v.mixed = v.mixed || v.some && one != v.one
	v.one, v.some = one, true
}

// all is the answer of all; of nobody it is UNKNOWN.
func (v *verdicts) all() flow.Verdict {
	switch {
	case !v.some || v.open:
		return flow.VerdictUnknown
	case v.mixed:
		return flow.Depends
	}
	return v.one
}

// summary counts how the cluster answers.
func (w *Watch) summary(s *cluster.Snapshot) *Summary {
	out := &Summary{Nodes: len(s.Nodes), Pods: len(s.Pods), Services: len(s.Services), Policies: len(s.NetworkPolicies), Expectations: len(w.results)}
	for i := range w.results {
		if w.results[i].Held() {
			out.Held++
		}
	}
	for i := range w.answers {
		out.Answers = append(out.Answers, w.answers[i].Answer)
	}
	for _, f := range w.Fronts() {
		if slices.ContainsFunc(w.targets, func(t target) bool { return t.is(f.Service, f.Port) }) {
			out.Fronts = append(out.Fronts, f)
		}
	}
	if !w.opt.All {
		return out
	}
	for i := range s.Services {
		w.tally(&s.Services[i], out)
	}
	return out
}

// tally counts the ports of a Service by whom they answer.
func (w *Watch) tally(svc *cluster.Service, out *Summary) {
	type portOf struct {
		port  uint16
		proto flow.Protocol
	}
	ports := map[portOf]*verdicts{}
	for _, f := range w.chart.Service(svc) {
		k := portOf{f.Named.Port, f.Protocol}
		if ports[k] == nil {
			ports[k] = &verdicts{}
		}
		for _, p := range frontOf(&f).Places {
			ports[k].add(p.Verdict)
		}
	}
	for _, v := range ports {
		switch v.all() {
		case flow.Reachable:
			out.Everybody++
		case flow.NotReachable:
			out.Nobody++
		case flow.Depends:
			out.Some++
		case flow.VerdictUnknown:
			out.Unknown++
		}
	}
}
