package path

import (
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

// waiting is a LoadBalancer that has no address and, unless it has one, no node
// port.
func waiting(more string) string {
	text := strings.Replace(balancer("Cluster"), "name: web}", "name: waiting, annotations: {metallb.io/loadBalancerIPs: 198.51.100.17}}", 1)
	return strings.NewReplacer("ingress: [{ip: 198.51.100.17}]", "ingress: []", ", nodePort: 30080", more, "10.96.0.10", "10.96.0.40").Replace(text)
}

// "<pending>" is an answer: nobody draws what does not exist, and the steps say
// why it does not.
func TestPending(t *testing.T) {
	m := compile(t, base, balancer("Cluster"), branch, waiting(""))
	for _, c := range []struct{ from, to string }{
		{"external/branch", "svc/test/waiting"},
		{"external/branch", "svc/test/waiting:80@vip"},
		{"pod/test/client", "svc/test/waiting@vip"},
		{"node/n1", "svc/test/waiting@VIP"},
	} {
		a := answerTo(t, m, c.from, c.to, "")
		if a.Verdict != flow.NotReachable || len(a.Traces) != 1 || a.Traces[0].Fate != flow.NotAnnounced {
			t.Errorf("%s to %s: %v", c.from, c.to, a.Verdict)
			continue
		}
		steps := a.Traces[0].Hops[0].Steps
		if len(steps) != 2 || steps[0].Reason.Code != flow.CodePending || steps[1].Reason.Code != flow.CodeShareNoKey {
			t.Errorf("%s to %s: steps %v", c.from, c.to, steps)
		}
		if got := a.Targets[0].String(); got != "pending:80/tcp" {
			t.Errorf("the target is %q", got)
		}
	}
	if a := answerTo(t, m, "pod/test/client", "svc/test/waiting", ""); a.Verdict != flow.Reachable {
		t.Errorf("from inside the cluster IP is asked, and %v", a.Verdict)
	}
}

// A node port stands in for a load balancer address that is not asked for.
func TestPendingWithNodePort(t *testing.T) {
	m := compile(t, base, balancer("Cluster"), branch, waiting(", nodePort: 30090"))
	if a := answerTo(t, m, "external/branch", "svc/test/waiting", ""); a.Verdict != flow.Reachable || a.Targets[0].Pending != nil {
		t.Errorf("%v at %s", a.Verdict, a.Targets[0].String())
	}
	if a := answerTo(t, m, "external/branch", "svc/test/waiting@vip", ""); a.Verdict != flow.NotReachable {
		t.Errorf("asked for the address: %v", a.Verdict)
	}
	svc := m.Index.Service("test", "web")
	if why := WhyPending(m, svc); why != nil {
		t.Errorf("a Service with an address: %v", why)
	}
}
