package diff

import (
	"cmp"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/reach"
)

// compile finds the objects that differ and makes both Charts. A Service that loses
// its address by the rules has none in the new version, unless the old one breaks the
// rules just so.
func (x *comparison) compile() error {
	var young *model.Model
	var errs [2]error
	x.cores.Beside(func() { errs[0] = x.compileOld() }, func() {
		x.objects()
		x.share()
		young, errs[1] = model.CompileOn(x.cores, x.s[1])
	})
	if err := cmp.Or(errs[0], errs[1]); err != nil {
		return err
	}
	m := x.charts[0].Model()
	x.index = [2]*cluster.Index{m.Index, young.Index}
	x.losers(m)
	if settled, after := x.settle(young); settled != nil {
		x.taken = map[flow.Object][]flow.Reason{}
		for i := range settled.Services {
			if r := after.Of(&young.Snapshot.Services[i]); r != nil && r.Loses() {
				x.taken[settled.Services[i].Object()] = r.Why
			}
		}
		var err error
		if young, err = model.CompileOn(x.cores, settled); err != nil {
			return err
		}
	}
	if x.mostly() {
		x.charts[1] = x.charts[0].Follow(young)
	} else {
		x.charts[1] = reach.Compile(young)
	}
	return nil
}

func (x *comparison) compileOld() error {
	if x.charts[0] != nil {
		return nil
	}
	m, err := model.CompileOn(x.cores, x.s[0])
	if err == nil {
		x.charts[0] = reach.Compile(m)
	}
	return err
}

// share lets the new version have the lists of the old one that do not differ: what
// was compiled for them is good for both.
func (x *comparison) share() {
	differs := map[string]bool{}
	for _, o := range x.changed {
		differs[o.Kind] = true
	}
	s := *x.s[1]
	if len(x.isPods) == 0 {
		s.Pods = x.s[0].Pods
	}
	if !differs["Namespace"] {
		s.Namespaces = x.s[0].Namespaces
	}
	if !differs["Node"] {
		s.Nodes = x.s[0].Nodes
	}
	x.s[1] = &s
}

// mostFollowed is how many policies may differ before it is faster to compile all.
const mostFollowed = 100

// mostly: the new version is the old one but for a few policies.
func (x *comparison) mostly() bool {
	n := 0
	for _, o := range x.changed {
		if o.Kind == "NetworkPolicy" {
			n++
		}
	}
	return n <= mostFollowed
}

// begin makes what the search for causes looks things up in. Parts are cut from the
// versions as read.
func (x *comparison) begin() {
	x.parts = map[string]*part{}
	for v := range x.s {
		x.policies[v], x.changing[v] = map[string][]int{}, map[string][]int{}
		for i := range x.s[v].NetworkPolicies {
			ns := x.s[v].NetworkPolicies[i].Namespace
			x.policies[v][ns] = append(x.policies[v][ns], i)
			if _, differs := x.number[x.s[v].NetworkPolicies[i].Object()]; differs {
				x.changing[v][ns] = append(x.changing[v][ns], i)
			}
		}
		x.sliceOf[v] = map[nsName][]int{}
		for i := range x.s[v].EndpointSlices {
			s := serviceOf(&x.s[v].EndpointSlices[i])
			x.sliceOf[v][s] = append(x.sliceOf[v][s], i)
		}
	}
	x.sharers = map[any][]nsName{}
	for v := range x.s {
		for i := range x.s[v].Services {
			svc := &x.s[v].Services[i]
			n := nsName{svc.Namespace, svc.Name}
			for _, k := range claims(svc) {
				if !slices.Contains(x.sharers[k], n) {
					x.sharers[k] = append(x.sharers[k], n)
				}
			}
		}
	}
	x.names = newNaming(x.d)
}

// claims are the addresses and node ports of a Service, which others may claim too.
func claims(svc *cluster.Service) []any {
	var out []any
	for _, a := range svc.ClusterIPs {
		out = append(out, a)
	}
	for _, a := range svc.ExternalIPs {
		out = append(out, a)
	}
	for _, in := range svc.Ingress {
		if in.IP.IsValid() {
			out = append(out, in.IP)
		}
	}
	for i := range svc.Ports {
		if p := svc.Ports[i].NodePort; p != 0 {
			out = append(out, p)
		}
	}
	return out
}

// around is what a question to a Service touches: all who claim one of its addresses,
// and the pods behind them.
func (x *comparison) around(service nsName) *touched {
	if t := x.near[service]; t != nil {
		return t
	}
	t := &touched{services: []nsName{service}}
	for v := range x.s {
		if svc := x.index[v].Service(service.namespace, service.name); svc != nil {
			for _, k := range claims(svc) {
				for _, n := range x.sharers[k] {
					if !slices.Contains(t.services, n) {
						t.services = append(t.services, n)
					}
				}
			}
		}
	}
	for v := range x.s {
		seen := map[*cluster.Pod]bool{}
		for _, n := range t.services {
			for _, i := range x.sliceOf[v][n] {
				for j := range x.s[v].EndpointSlices[i].Endpoints {
					x.behind(t, v, &x.s[v].EndpointSlices[i].Endpoints[j], seen)
				}
			}
		}
	}
	x.twins(t)
	if x.near == nil {
		x.near = map[nsName]*touched{}
	}
	x.near[service] = t
	return t
}

func (x *comparison) behind(t *touched, v int, e *cluster.Endpoint, seen map[*cluster.Pod]bool) {
	add := func(p *cluster.Pod) {
		if p != nil && !seen[p] {
			seen[p] = true
			t.pods[v] = append(t.pods[v], p)
		}
	}
	if e.Target.Kind == "Pod" {
		add(x.index[v].Pod(e.Target.Namespace, e.Target.Name))
	}
	for _, a := range e.Addresses {
		add(x.index[v].PodByIP(a))
	}
}

// twins adds the other version of every pod: a mixture of both needs one of them.
func (x *comparison) twins(t *touched) {
	for v := range x.s {
		for _, p := range t.pods[v] {
			q := x.index[1-v].Pod(p.Namespace, p.Name)
			if q != nil && !slices.Contains(t.pods[1-v], q) {
				t.pods[1-v] = append(t.pods[1-v], q)
			}
		}
	}
}

// plus is what is touched, and a pod more in either version.
func (t *touched) plus(old, young *cluster.Pod) *touched {
	n := *t
	for v, p := range [2]*cluster.Pod{old, young} {
		if p != nil && !slices.Contains(t.pods[v], p) {
			n.pods[v] = append(slices.Clip(t.pods[v]), p)
		}
	}
	return &n
}
