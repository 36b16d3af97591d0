package check

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// services looks at every Service.
func (l *linter) services() {
	taken := map[nodePort]*cluster.Service{}
	for i := range l.s.Services {
		svc := &l.s.Services[i]
		if svc.Type == cluster.ServiceExternalName {
			continue
		}
		l.nodePorts(svc, taken)
		l.ranges(svc)
		l.strangers(svc)
		for j := range svc.Ports {
			l.endpoints(svc, &svc.Ports[j])
		}
		l.localPolicies(svc)
	}
}

func portAt(svc *cluster.Service, p *cluster.ServicePort) flow.Origin {
	return at(svc.Object(), "spec.ports", p.Position, svc.Position)
}

func serviceAt(svc *cluster.Service, field string) flow.Origin {
	return at(svc.Object(), field, svc.Position)
}

// nodePorts: a node port belongs to one Service, and the API server refuses the
// second.
func (l *linter) nodePorts(svc *cluster.Service, taken map[nodePort]*cluster.Service) {
	for i := range svc.Ports {
		p := &svc.Ports[i]
		if p.NodePort == 0 {
			continue
		}
		k := nodePort{p.Protocol, p.NodePort}
		if first := taken[k]; first != nil {
			l.found(NodePortTwice, portAt(svc, p), flow.Because(flow.CodeLintNodePortTwice, itoa(int(p.NodePort)), p.Protocol.String(), first.Object().String()), serviceAt(first, ""))
			continue
		}
		taken[k] = svc
	}
}

// endpoints looks at who is behind one port.
func (l *linter) endpoints(svc *cluster.Service, p *cluster.ServicePort) {
	if len(svc.Selector) == 0 {
		return
	}
	if svc.Headless && p.TargetPort.Number != 0 && p.TargetPort.Number != p.Port {
		l.found(HeadlessPort, portAt(svc, p), flow.Because(flow.CodeLintHeadless, svc.Namespace+"/"+svc.Name, itoa(int(p.Port)), itoa(int(p.TargetPort.Number))))
	}
	b := l.x.backends(svc, p)
	if len(b.All()) == 0 {
		l.empty(svc, p)
		return
	}
	var with, without []string
	var declared string
	seen := map[string]bool{}
	for i := range b.All() {
		e := &b.All()[i]
		if e.Target == nil || e.Target.HostNetwork || !e.Ready && !e.Serving {
			continue
		}
		owner := ownerText(e.Target)
		if seen[owner] {
			continue
		}
		seen[owner] = true
		if e.Target.Listens(p.Protocol, e.Addr.Port()) == cluster.ListensNot {
			without = append(without, podName(e.Target))
			declared = portsText(e.Target, p.Protocol)
		} else {
			with = append(with, podName(e.Target))
		}
	}
	l.missing(svc, p, &with, &without)
	switch target := refText(p.TargetPort); {
	case len(without) == 0:
	case len(with) == 0 && !l.oneForOne(svc, p):
		l.found(NotDeclared, portAt(svc, p), flow.Because(flow.CodeLintNobodyListens, svc.Namespace+"/"+svc.Name, portText(p), target, names(without), declared))
	case len(with) == 0:
		l.found(NobodyListens, portAt(svc, p), flow.Because(flow.CodeLintNobodyListens, svc.Namespace+"/"+svc.Name, portText(p), target, names(without), declared))
	case l.shares(svc):
		l.found(MixesPorts, portAt(svc, p), flow.Because(flow.CodeLintLacksPort, svc.Namespace+"/"+svc.Name, portText(p), target, names(without), names(with)))
	default:
		l.found(PodLacksPort, portAt(svc, p), flow.Because(flow.CodeLintLacksPort, svc.Namespace+"/"+svc.Name, portText(p), target, names(without), names(with)))
	}
}

// oneForOne: the Service has one port of the protocol and each of its pods
// declares just one: if they differ, one of them is wrong. Where there are
// several, many a container leaves some undeclared, and nearly all do so with the
// port of their metrics.
func (l *linter) oneForOne(svc *cluster.Service, p *cluster.ServicePort) bool {
	if strings.Contains(p.Name+" "+svc.Name, "metrics") {
		return false
	}
	of := func(proto flow.Protocol) int {
		n := 0
		for i := range svc.Ports {
			if svc.Ports[i].Protocol == proto {
				n++
			}
		}
		return n
	}
	return of(p.Protocol) == 1 && !slices.ContainsFunc(l.x.behind(svc).own, func(g *kin) bool {
		return strings.Contains(portsText(g.pod, p.Protocol), ",")
	})
}

// missing adds the selected pods that lack a port name: the endpoint controller
// leaves them out, so they are no endpoints at all.
func (l *linter) missing(svc *cluster.Service, p *cluster.ServicePort, with, without *[]string) {
	if p.TargetPort.Name == "" || len(*with)+len(*without) == 0 {
		return
	}
	for _, g := range l.x.behind(svc).own {
		if len(g.pod.PortNumbers(p.Protocol, p.TargetPort.Name)) == 0 {
			*without = append(*without, podName(g.pod))
		}
	}
}

// shares: the Service has its address together with another, by the one selector.
func (l *linter) shares(svc *cluster.Service) bool {
	for _, in := range svc.Ingress {
		if in.IP.IsValid() && len(l.m.Services.Owners(in.IP)) > 1 {
			return true
		}
	}
	return false
}

func ownerText(p *cluster.Pod) string {
	if p.Owner.IsZero() {
		return podName(p)
	}
	return p.Owner.String()
}

func portsText(p *cluster.Pod, proto flow.Protocol) string {
	var out []string
	for _, c := range p.Ports {
		if c.Protocol == proto {
			out = append(out, itoa(int(c.Port)))
		}
	}
	return names(out)
}

// empty: nothing is behind the port. Where the input is a part it is a finding
// only if something shows what was meant.
func (l *linter) empty(svc *cluster.Service, p *cluster.ServicePort) {
	behind := l.x.behind(svc)
	if !behind.none() {
		why := l.x.emptiness().Why(svc, p)
		if why.Code == flow.CodeEmptyPort {
			l.found(TargetUnknown, portAt(svc, p), why)
		}
		return
	}
	want := cluster.LabelSelector{MatchLabels: svc.Selector}
	near := nearly(l.x.byNamespace[svc.Namespace], &want)
	switch {
	case near != nil:
		l.found(SelectsNothing, serviceAt(svc, "spec.selector"), flow.Because(flow.CodeEmptyNear, svc.Namespace+"/"+svc.Name, want.String(), podName(near.pod), labelText(near.pod.Labels)))
	case !l.x.live || len(l.x.byNamespace[svc.Namespace]) == 0:
	default:
		l.found(SelectsNothing, serviceAt(svc, "spec.selector"), l.x.emptiness().Why(svc, p))
	}
}

// strangers: a Service selects pods that do not belong together: of two
// releases, or of a Job beside those of a server.
func (l *linter) strangers(svc *cluster.Service) {
	if len(svc.Selector) == 0 {
		return
	}
	c := l.x.behind(svc)
	all := slices.Concat(c.own, c.host)
	for _, g := range all {
		first := all[0].pod
		if g.pod.Owner == first.Owner || g.pod.Owner.IsZero() || first.Owner.IsZero() {
			continue
		}
		switch key := apart(first, g.pod); {
		case job(g.pod) != job(first):
			l.found(ForeignPods, serviceAt(svc, "spec.selector"), flow.Because(flow.CodeLintForeignJob, svc.Namespace+"/"+svc.Name, first.Owner.String(), g.pod.Owner.String()))
			return
		case key != "":
			l.found(ForeignPods, serviceAt(svc, "spec.selector"),
				flow.Because(flow.CodeLintForeignPods, svc.Namespace+"/"+svc.Name, first.Owner.String(), g.pod.Owner.String(), key, first.Labels[key]+", "+g.pod.Labels[key]))
			return
		}
	}
}

func job(p *cluster.Pod) bool { return p.Owner.Kind == "Job" || p.Owner.Kind == "CronJob" }

// apart is the label by which two pods are of different applications or
// releases, "" where none says so. Versions and tracks of one application are
// often meant to stand behind one Service.
func apart(a, b *cluster.Pod) string {
	for _, k := range []string{"app.kubernetes.io/instance", "app.kubernetes.io/name", "release"} {
		if x, y := a.Labels[k], b.Labels[k]; x != "" && y != "" && x != y && !strings.HasPrefix(x, y) && !strings.HasPrefix(y, x) {
			return k
		}
	}
	return ""
}

// localPolicies: a Local traffic policy, and nodes that have none of the
// endpoints.
func (l *linter) localPolicies(svc *cluster.Service) {
	inside := svc.InternalTrafficPolicy == cluster.PolicyLocal
	outside := external(svc) && svc.ExternalTrafficPolicy == cluster.PolicyLocal && !l.m.Announce.Assumed()
	if len(svc.Ports) == 0 || svc.Headless || svc.ProxyName != "" || l.m.Profile.Proxy.LocalFallsBack || !inside && !outside {
		return
	}
	b := l.x.backends(svc, &svc.Ports[0])
	if !b.Any() {
		return
	}
	with := map[string]bool{}
	for _, e := range b.Cluster(nil) {
		if e.Node == "" {
			return // not scheduled: nobody knows where it will run
		}
		with[e.Node] = true
	}
	if inside {
		var without []string
		for _, n := range l.x.busyNodes() {
			if !with[n] {
				without = append(without, n)
			}
		}
		if len(without) > 0 {
			l.found(InternalLocal, serviceAt(svc, "spec.internalTrafficPolicy"), flow.Because(flow.CodeLintInternalLocal, svc.Namespace+"/"+svc.Name, names(without)))
		}
	}
	if outside {
		l.drops(svc, with)
	}
}

// drops: a router sends the address to nodes that have no endpoint. Only a
// router that somebody told is taken at its word.
func (l *linter) drops(svc *cluster.Service, with map[string]bool) {
	var silent []string
	routers := l.m.Announce.Routers()
	for _, in := range svc.Ingress {
		for i := range routers {
			if !in.IP.IsValid() {
				continue
			}
			for _, n := range l.m.Announce.NextHops(&routers[i], in.IP).Nodes {
				if !with[n] {
					with[n] = true // once
					silent = append(silent, n)
				}
			}
		}
	}
	if len(silent) > 0 {
		l.found(ExternalLocal, serviceAt(svc, "spec.externalTrafficPolicy"), flow.Because(flow.CodeLintExternalLocal, svc.Namespace+"/"+svc.Name, names(silent)))
	}
}

// ranges: source ranges restrict the load balancer's address alone.
func (l *linter) ranges(svc *cluster.Service) {
	if len(svc.SourceRanges) == 0 {
		return
	}
	var open []string
	for i := range svc.Ports {
		if n := svc.Ports[i].NodePort; n != 0 {
			open = append(open, itoa(int(n)))
		}
	}
	for _, ip := range svc.ExternalIPs {
		open = append(open, ip.String())
	}
	if len(open) > 0 {
		l.found(RangesLeaveOpen, serviceAt(svc, "spec.loadBalancerSourceRanges"), flow.Because(flow.CodeLintRangesOpen, svc.Namespace+"/"+svc.Name, names(open)))
	}
}
