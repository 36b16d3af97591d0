package explain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// How many stand for the others.
const (
	maxStrangers = 3
	maxOwnPods   = 3
)

// prepare picks the clients and the pods that are asked from for every Service,
// and notes which Services have slices.
func (t *triaging) prepare() {
	t.clients = path.Clients(t.m)
	for i := range t.m.Snapshot.EndpointSlices {
		e := &t.m.Snapshot.EndpointSlices[i]
		t.sliced[[2]string{e.Namespace, e.Service}] = true
	}
	seen := map[string]bool{}
	for i := range t.m.Snapshot.Pods {
		p := &t.m.Snapshot.Pods[i]
		if len(t.strangers) > maxStrangers || p.HostNetwork || p.Finished() || len(p.IPs) == 0 || p.Node == "" || seen[p.Namespace] {
			continue
		}
		seen[p.Namespace] = true
		t.strangers = append(t.strangers, p)
	}
}

func portTitle(svc *cluster.Service, p *cluster.ServicePort) string {
	s := "svc/" + svc.Namespace + "/" + svc.Name + ":" + strconv.Itoa(int(p.Port))
	if p.Protocol != flow.TCP {
		s += "/" + strings.ToLower(p.Protocol.String())
	}
	return s
}

func (t *triaging) backends(svc *cluster.Service, p *cluster.ServicePort) []*service.Backends {
	var out []*service.Backends
	for _, f := range t.m.Services.Of(svc) {
		if f.Named == p && !slices.Contains(out, f.Backends) {
			out = append(out, f.Backends)
		}
	}
	if len(out) == 0 {
		for _, v6 := range []bool{false, true} {
			out = append(out, service.Endpoints(t.m.Snapshot, t.m.Index, svc, p, v6))
		}
	}
	return out
}

// endpoints is trouble before any packet is sent: another proxy's Service, one
// without endpoints.
func (t *triaging) endpoints(svc *cluster.Service, p *cluster.ServicePort) *trouble {
	if svc.ProxyName != "" {
		return &trouble{class: Undecided, reason: flow.Because(flow.CodeTriageUnknown), detail: flow.Because(flow.CodeForeignProxy, svc.Namespace+"/"+svc.Name, portTitle(svc, p))}
	}
	all := t.backends(svc, p)
	if slices.ContainsFunc(all, func(b *service.Backends) bool {
		return b.Any() || svc.PublishNotReadyAddresses && len(b.All()) > 0
	}) {
		return nil
	}
	if t.m.BlindTo(svc) {
		return &trouble{class: Undecided, reason: flow.Because(flow.CodeTriageUnknown), detail: t.m.Missing("EndpointSlice")}
	}
	why := whyEmpty(t.m.Snapshot, svc, p, t.pods)
	if why.Code == flow.CodeEmptySlices && !t.sliced[[2]string{svc.Namespace, svc.Name}] {
		// A control plane writes a slice for every Service with a selector: the dump
		// is a part.
		return &trouble{class: Undecided, reason: flow.Because(flow.CodeTriageUnknown), detail: t.m.Missing("EndpointSlice")}
	}
	return &trouble{class: Broken, reason: flow.Because(emptyInTriage(why.Code)), detail: why}
}

func emptyInTriage(c flow.Code) flow.Code {
	switch c {
	case flow.CodeEmptyUnready:
		return flow.CodeTriageEmptyUnready
	case flow.CodeEmptyPort:
		return flow.CodeTriageEmptyPort
	case flow.CodeEmptyManual:
		return flow.CodeTriageEmptyManual
	case flow.CodeEmptySlices:
		return flow.CodeTriageEmptySlices
	default:
		return flow.CodeTriageEmptySelector
	}
}

// listening: endpoints whose pods declare ports, but not the one they get.
func (t *triaging) listening(svc *cluster.Service, p *cluster.ServicePort) *trouble {
	deaf, of := []string{}, 0
	var detail flow.Reason
	for _, bs := range t.backends(svc, p) {
		for _, b := range bs.Cluster(nil) {
			of++
			if b.Target != nil && b.Target.Listens(p.Protocol, b.Addr.Port()) == cluster.ListensNot {
				deaf = append(deaf, b.String())
				detail = flow.Because(flow.CodeCauseListening, portTitle(svc, p), strconv.Itoa(int(b.Addr.Port())), few(deaf), declaredPorts(b.Target, p.Protocol))
			}
		}
	}
	switch {
	case len(deaf) == 0:
		return nil
	case len(deaf) == of:
		return &trouble{class: Broken, reason: flow.Because(flow.CodeTriageListening), detail: detail}
	}
	detail.Code = flow.CodeCauseStranger
	return &trouble{class: Partly, reason: flow.Because(flow.CodeTriageStranger), detail: detail}
}

// answers are what one kind of place gets, by fate, with a trace for each.
type answers struct {
	reached, of int
	fates       map[flow.Fate]*path.Walked
	egress      bool // the client's own policy ended one
}

func (a *answers) add(x *path.Answer) {
	if a.fates == nil {
		a.fates = map[flow.Fate]*path.Walked{}
	}
	for i := range x.Traces {
		w := &x.Traces[i]
		if w.Fate == flow.DeniedByPolicy && slices.ContainsFunc(w.Denied, deniesEgress) {
			a.egress = true
			continue
		}
		a.of += w.Count
		if w.Fate == flow.Delivered {
			a.reached += w.Count
			continue
		}
		if a.fates[w.Fate] == nil {
			a.fates[w.Fate] = w
		}
	}
}

func deniesEgress(j model.Judgement) bool { return j.Question.Direction == policy.Egress }

func (t *triaging) ask(a *answers, from, to, via string) {
	x, err := path.Ask(t.m, path.Question{From: from, To: to, Via: via})
	if err != nil {
		return
	}
	a.add(x)
	for i := range x.Traces {
		for _, r := range x.Traces[i].Assumptions {
			if r.Code == flow.CodeAssumedRouter || r.Code == flow.CodeAssumedClient {
				t.out.Assumptions = flow.Merge(t.out.Assumptions, []flow.Reason{r})
			}
		}
	}
}

// someNodes are one node with an endpoint and one without, of each as far as
// there is one.
func (t *triaging) someNodes(svc *cluster.Service, p *cluster.ServicePort) (with, without string) {
	has := map[string]bool{}
	for _, bs := range t.backends(svc, p) {
		for _, b := range bs.Cluster(nil) {
			has[b.Node] = true
		}
	}
	for i := range t.m.Snapshot.Nodes {
		n := t.m.Snapshot.Nodes[i].Name
		switch {
		case has[n] && with == "":
			with = n
		case !has[n] && without == "":
			without = n
		}
	}
	return with, without
}

// somePods are pods of the Service's namespace, one for each set of policies,
// and pods of others.
func (t *triaging) somePods(svc *cluster.Service) (own, others []*cluster.Pod) {
	seen := map[int]bool{}
	for _, p := range t.pods[svc.Namespace] {
		if len(own) == maxOwnPods {
			break
		}
		if p.HostNetwork || p.Finished() || len(p.IPs) == 0 || p.Node == "" || seen[t.m.Policies.ClassOf(p)] || selectedBy(svc, p) {
			continue
		}
		seen[t.m.Policies.ClassOf(p)] = true
		own = append(own, p)
	}
	for _, p := range t.strangers {
		if p.Namespace != svc.Namespace && len(others) < maxStrangers {
			others = append(others, p)
		}
	}
	return own, others
}

// selectedBy: a pod that is an endpoint itself meets the rules for a pod and
// itself, which stand for nobody else.
func selectedBy(svc *cluster.Service, p *cluster.Pod) bool {
	return len(svc.Selector) > 0 && (&cluster.LabelSelector{MatchLabels: svc.Selector}).Matches(p.Labels)
}
