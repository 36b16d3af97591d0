package check

import (
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// callbacks looks at the Services that the API server calls: whether they are
// there, and whether policies let it in. It calls from a control plane node or
// from outside the cluster; either way no selector means it.
func (l *linter) callbacks() {
	for i := range l.s.Callbacks {
		c := &l.s.Callbacks[i]
		for j := range c.Calls {
			l.call(c, &c.Calls[j])
		}
	}
}

func (l *linter) call(c *cluster.Callback, to *cluster.Call) {
	where := at(c.Object, "", to.Position, c.Position)
	svc := l.m.Index.Service(to.Namespace, to.Service)
	if svc == nil {
		if l.x.whole {
			l.found(WebhookNoService, where, flow.Because(flow.CodeLintNoService, to.Namespace+"/"+to.Service))
		}
		return
	}
	i := slices.IndexFunc(svc.Ports, func(p cluster.ServicePort) bool { return p.Port == to.Port && p.Protocol == flow.TCP })
	if i < 0 {
		l.found(WebhookNoService, where, flow.Because(flow.CodeLintNoServicePort, to.Namespace+"/"+to.Service, itoa(int(to.Port))), serviceAt(svc, ""))
		return
	}
	for _, s := range l.x.servers(svc, &svc.Ports[i]) {
		if l.judge(policy.Ingress, s.pod, policy.Party{Node: true}, flow.TCP, s.port) != policy.Denied {
			continue
		}
		isolating := l.m.Policies.Isolating(s.pod, policy.Ingress)
		var related []flow.Origin
		for _, p := range isolating {
			related = append(related, object(p))
		}
		l.found(WebhookBlocked, where, flow.Because(flow.CodeLintWebhook, to.Namespace+"/"+to.Service, itoa(int(to.Port)), podName(s.pod), itoa(int(s.port)), policyObjects(isolating)), related...)
		return
	}
}
