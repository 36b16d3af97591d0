package explain

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/service"
)

// Kinds of place, as words of the catalogue.
const (
	whoOutside = "@who-outside"
	whoOwn     = "@who-own-pods"
	whoOthers  = "@who-other-pods"
	whoNodes   = "@who-nodes"
)

// outside is trouble of clients outside, for Services that promise to serve
// them.
func (t *triaging) outside(svc *cluster.Service, p *cluster.ServicePort) *trouble {
	if svc.Headless || svc.Type == cluster.ServiceClusterIP && len(svc.ExternalIPs) == 0 {
		return nil
	}
	if why := path.WhyPending(t.m, svc); len(why) > 0 {
		return &trouble{class: Broken, reason: flow.Because(flow.CodeTriagePending), detail: why[min(1, len(why)-1)], who: []string{whoOutside}}
	}
	var worst *trouble
	asked := false
	for _, f := range t.m.Services.Of(svc) {
		if f.Named != p || f.Kind != service.LoadBalancer && f.Kind != service.ExternalIP {
			continue
		}
		asked = true
		worst = worse(worst, t.vip(f))
	}
	if !asked && p.NodePort != 0 {
		worst = t.nodePort(svc, p)
	}
	return worst
}

func worse(a, b *trouble) *trouble {
	if a == nil || b != nil && b.class < a.class {
		return b
	}
	return a
}

// vip asks an external address from one client, and from the others where it is
// shut out.
func (t *triaging) vip(f *service.Front) *trouble {
	var one, all answers
	to := f.Addr.String() + ":" + f.Words()
	if f.IPv6 {
		to = "[" + f.Addr.String() + "]:" + f.Words()
	}
	for i, c := range t.clients {
		one = answers{}
		t.ask(&one, "external/"+c, to, "")
		all.merge(&one)
		if i == 0 && one.fates[flow.DeniedByPolicy] == nil && one.fates[flow.DeniedBySourceRanges] == nil {
			break
		}
		if one.of > 0 && one.reached == one.of {
			// Somebody outside is let in: who is not, is kept out on purpose.
			return t.admitted(&all)
		}
	}
	return t.shut(&all, t.m.Announce.Assumed())
}

func (a *answers) merge(b *answers) {
	a.reached += b.reached
	a.of += b.of
	if a.fates == nil {
		a.fates = map[flow.Fate]*path.Walked{}
	}
	for f, w := range b.fates {
		if a.fates[f] == nil {
			a.fates[f] = w
		}
	}
}

// admitted: the address works for some client; policies and ranges restrict it
// for others.
func (t *triaging) admitted(a *answers) *trouble {
	x := &trouble{class: Restricted, who: []string{whoOutside}}
	switch w, ranged := a.fates[flow.DeniedByPolicy], a.fates[flow.DeniedBySourceRanges] != nil; {
	case ranged:
		x.reason = flow.Because(flow.CodeTriageRanges)
	case w != nil:
		x.reason, x.object = t.denied(flow.CodeTriageSome, w)
	default:
		return nil
	}
	return x
}

// shut is the trouble of an address asked from outside. assumed: the router is
// an assumption, so which nodes it sends to is, too.
func (t *triaging) shut(a *answers, assumed bool) *trouble {
	x := &trouble{class: Broken, who: []string{whoOutside}}
	if a.of == 0 || a.reached == a.of {
		return nil
	}
	if a.reached > 0 {
		x.class = Partly
	}
	has := func(f flow.Fate) *path.Walked { return a.fates[f] }
	switch {
	case has(flow.Unknown) != nil:
		x.class, x.reason, x.detail = Undecided, flow.Because(flow.CodeTriageUnknown), lastDecision(has(flow.Unknown)).Reason
	case has(flow.DeniedByPolicy) != nil:
		x.reason, x.object = t.denied(flow.CodeTriageDenied, has(flow.DeniedByPolicy))
	case has(flow.DeniedBySourceRanges) != nil:
		x.class, x.reason = Restricted, flow.Because(flow.CodeTriageRanges)
	case has(flow.NoLocalEndpoint) != nil:
		w := has(flow.NoLocalEndpoint)
		x.reason = flow.Because(flow.CodeTriageLocal)
		x.detail = flow.Because(flow.CodeCauseLocal, w.Target.Front.Service.Object().String(), few(w.Firsts()))
		if !assumed {
			x.class = Broken
		}
	case has(flow.NotAnnounced) != nil:
		x.reason, x.detail = flow.Because(flow.CodeTriageAnnounced), lastDecision(has(flow.NotAnnounced)).Reason
	case has(flow.NotListening) != nil:
		return nil // told once, by listening
	default:
		x.reason, x.detail = t.other(a)
	}
	return x
}

// denied names the policies that isolate where a trace was denied: all of them,
// since none alone is the cause where there are several.
func (t *triaging) denied(code flow.Code, w *path.Walked) (flow.Reason, flow.Object) {
	all := Culprits(t.m, &path.Answer{Traces: []path.Walked{*w}})
	if len(all) == 0 {
		return flow.Because(code, "?"), flow.Object{}
	}
	names := make([]string, 0, len(all))
	for _, o := range all {
		names = append(names, o.String())
	}
	return flow.Because(code, few(names)), all[0]
}

// other names a fate that has no sentence of its own here.
func (t *triaging) other(a *answers) (reason, detail flow.Reason) {
	for _, f := range flow.Fates() {
		if w := a.fates[f]; w != nil {
			return flow.Because(flow.CodeTriageOther, f.String()), lastDecision(w).Reason
		}
	}
	return flow.Reason{}, flow.Reason{}
}

// nodePort asks the node port of a node with an endpoint, and of one without.
// Under Local the latter is silent by design, so only the former counts.
func (t *triaging) nodePort(svc *cluster.Service, p *cluster.ServicePort) *trouble {
	with, without := t.someNodes(svc, p)
	local := svc.ExternalTrafficPolicy == cluster.PolicyLocal
	var all answers
	for _, c := range t.clients {
		var one answers
		for _, n := range []string{with, without} {
			if n == "" || local && n == without && with != "" {
				continue
			}
			to := "node/" + n + ":" + nodePortWords(p)
			t.ask(&one, "external/"+c, to, n)
		}
		all.merge(&one)
		if one.of > 0 && one.reached == one.of {
			return t.admitted(&all)
		}
		if one.fates[flow.DeniedByPolicy] == nil {
			break
		}
	}
	return t.shut(&all, true)
}

func nodePortWords(p *cluster.ServicePort) string {
	f := service.Front{Port: p.NodePort, Protocol: p.Protocol}
	return f.Words()
}

// inside is trouble of nodes and pods: what a policy restricts, and what fails
// in another way.
func (t *triaging) inside(svc *cluster.Service, p *cluster.ServicePort) *trouble {
	to := portTitle(svc, p)
	with, without := t.someNodes(svc, p)
	own, others := t.somePods(svc)
	var asked []struct {
		who string
		a   answers
	}
	add := func(who string, from ...string) {
		var a answers
		for _, f := range from {
			t.ask(&a, f, to, "")
		}
		asked = append(asked, struct {
			who string
			a   answers
		}{who, a})
	}
	var nodes []string
	for _, n := range []string{with, without} {
		if n != "" {
			nodes = append(nodes, "node/"+n)
		}
	}
	add(whoNodes, nodes...)
	add(whoOwn, podPlaces(own)...)
	add(whoOthers, podPlaces(others)...)
	var worst *trouble
	for i := range asked {
		x := t.kept(&asked[i].a, asked[i].who)
		if x != nil && worst != nil && worst.class == x.class && worst.reason.Equal(x.reason) {
			worst.who = append(worst.who, x.who...)
			continue
		}
		worst = worse(worst, x)
	}
	return worst
}

func podPlaces(pods []*cluster.Pod) []string {
	var out []string
	for _, p := range pods {
		out = append(out, "pod/"+p.Namespace+"/"+p.Name)
	}
	return out
}

// kept is what keeps one kind of place inside from a Service.
func (t *triaging) kept(a *answers, who string) *trouble {
	if a.of == 0 || a.reached == a.of {
		return nil
	}
	x := &trouble{class: Partly, who: []string{who}}
	switch {
	case a.fates[flow.Unknown] != nil:
		x.class, x.reason, x.detail = Undecided, flow.Because(flow.CodeTriageUnknown), lastDecision(a.fates[flow.Unknown]).Reason
	case a.fates[flow.DeniedByPolicy] != nil:
		x.class = Restricted
		x.reason, x.object = t.denied(flow.CodeTriageInside, a.fates[flow.DeniedByPolicy])
	case a.fates[flow.DeniedBySourceRanges] != nil:
		x.class, x.reason = Restricted, flow.Because(flow.CodeTriageRanges)
	case a.fates[flow.NoLocalEndpoint] != nil:
		w := a.fates[flow.NoLocalEndpoint]
		x.reason = flow.Because(flow.CodeTriageLocal)
		x.detail = flow.Because(flow.CodeCauseInternalLocal, w.Target.Front.Service.Object().String(), strings.Join(slices.Clone(w.Firsts()), ", "))
	case a.fates[flow.NotListening] != nil:
		return nil
	default:
		x.reason, x.detail = t.other(a)
	}
	return x
}
