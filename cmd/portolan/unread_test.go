package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/internal/kube"
	"github.com/portolan-net/portolan/internal/kubetest"
)

const part = "testdata/unread/cluster.yaml"

// asked are questions about that cluster, and the lists without which each cannot be
// answered: with them it would seem to have another answer, or by chance the same.
var asked = []struct {
	from, to string
	needs    []string
}{
	{"external", "198.51.100.20:80", []string{"nodes", "services", "ipaddresspools.metallb.io", "l2advertisements.metallb.io", "bgpadvertisements.metallb.io", "bgppeers.metallb.io"}},
	{"external", "svc/a/web", []string{"nodes", "services", "l2advertisements.metallb.io"}},
	{"external", "svc/a/waiting", []string{"nodes", "services"}},
	{"pod/b/client", "198.51.100.20:80", []string{"pods", "services", "networkpolicies.networking.k8s.io"}},
	{"pod/b/client", "svc/a/web", []string{"pods", "services", "namespaces", "networkpolicies.networking.k8s.io"}},
	{"node/n2", "198.51.100.20:80", []string{"pods", "services", "networkpolicies.networking.k8s.io"}},
	{"node/n2", "203.0.113.200:443", []string{"pods", "services", "endpointslices.discovery.k8s.io"}},
	{"node/n2", "node/n1:30080", []string{"pods", "services", "networkpolicies.networking.k8s.io"}},
	{"node/n1", "node/n2:30099", []string{"pods", "services"}},
	{"pod/b/client", "10.244.1.10:8080", []string{"pods", "namespaces", "networkpolicies.networking.k8s.io"}},
	{"pod/b/client", "10.244.1.11:8080", []string{"pods", "services"}},
	{"pod/b/client", "192.0.2.99:443", []string{"pods", "services"}},
	{"node/n1", "192.0.2.99:443", []string{"pods", "services"}},
}

// rightsOf are the lists that reading the server needs.
func rightsOf(t *testing.T) []string {
	t.Helper()
	c, err := kube.Open(kube.Flags{Kubeconfig: kubetest.New(t, part).Kubeconfig(t)})
	if err != nil {
		t.Fatal(err)
	}
	found, _, err := c.Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range kube.Rights(found) {
		if r.Verb == "list" {
			out = append(out, strings.TrimPrefix(r.String(), "list "))
		}
	}
	return out
}

// verdictOf asks, and reads the verdict; "" where the question could not be.
func verdictOf(t *testing.T, from, to string) (string, said) {
	t.Helper()
	got := say(t, "", "trace", from, to, "-o", "json")
	var doc struct{ Verdict string }
	if got.out != "" {
		if err := json.Unmarshal([]byte(got.out), &doc); err != nil {
			t.Fatal(err)
		}
	}
	return doc.Verdict, got
}

// TestUnreadIsUnknown: without any one right an answer is what it is with all of them,
// or it is UNKNOWN and says which right it was; and where the objects decide it is.
func TestUnreadIsUnknown(t *testing.T) {
	sandbox(t)
	whole := kubetest.New(t, part)
	t.Setenv("KUBECONFIG", whole.Kubeconfig(t))
	truth := make([]string, len(asked))
	for i, q := range asked {
		if truth[i], _ = verdictOf(t, q.from, q.to); truth[i] == "" || truth[i] == "UNKNOWN" {
			t.Fatalf("%s -> %s is %q with all rights", q.from, q.to, truth[i])
		}
	}
	for _, r := range rightsOf(t) {
		s := kubetest.New(t, part)
		s.Forbid("list", r)
		s.Forbid("get", r)
		t.Setenv("KUBECONFIG", s.Kubeconfig(t))
		for i, q := range asked {
			v, got := verdictOf(t, q.from, q.to)
			unknown := v == "UNKNOWN" || v == "" && strings.Contains(got.err, "could not be read")
			switch {
			case !unknown && v != truth[i]:
				t.Errorf("without %s %s -> %s is %q, and %s with it\n%s", r, q.from, q.to, v, truth[i], got.err)
			case slices.Contains(q.needs, r) && !unknown:
				t.Errorf("without %s %s -> %s is %s", r, q.from, q.to, v)
			case unknown && (got.code != exitUnknown || !strings.Contains(got.out+got.err, "list "+r)):
				t.Errorf("without %s %s -> %s is unknown, code %d, and does not say so\n%s%s", r, q.from, q.to, got.code, got.out, got.err)
			}
		}
	}
}

// TestUnreadWhole: what is said of a whole cluster is not clean where a list that
// decides about packets could not be read.
func TestUnreadWhole(t *testing.T) {
	sandbox(t)
	for _, r := range rightsOf(t) {
		decides := !strings.Contains(r, ".apps") && !strings.Contains(r, ".batch") && r != "replicationcontrollers" &&
			!strings.Contains(r, "webhook") && !strings.Contains(r, "apiservices") && !strings.Contains(r, "customresource")
		s := kubetest.New(t, part)
		s.Forbid("list", r)
		s.Forbid("get", r)
		t.Setenv("KUBECONFIG", s.Kubeconfig(t))
		for _, args := range [][]string{
			{"explain"}, {"map"}, {"lint", "--fail-on", "none"}, {"diff", "--without", "NetworkPolicy/a/from-two", "--fail-on", "none"},
		} {
			got := say(t, "", args...)
			if decides && got.code == 0 {
				t.Errorf("without %s %s is clean\n%s%s", r, args[0], got.out, got.err)
			}
			if !strings.Contains(got.err, r) {
				t.Errorf("without %s %s does not say so\n%s", r, args[0], got.err)
			}
		}
	}
}

// TestOneNamespaceAlone: who has rights in one namespace finds the culprit there.
func TestOneNamespaceAlone(t *testing.T) {
	sandbox(t)
	s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
	s.ForbidAll()
	s.Within("test")
	t.Setenv("KUBECONFIG", s.Kubeconfig(t))
	for _, c := range []struct {
		args string
		code int
		out  []string
		err  string
	}{
		{"explain svc/ssh -n test", 2, []string{"NetworkPolicy/test/deny-from-other-namespaces", "node n2 ok", "via ? ? unknown", "list nodes"}, "in test alone"},
		{"explain svc/test/ssh", 2, []string{"NetworkPolicy/test/deny-from-other-namespaces"}, "in test alone"},
		{"trace pod/test/http-0 svc/test/ssh", 0, []string{"REACHABLE", "in test alone"}, ""},
		{"trace external svc/test/ssh --via n2", 0, []string{"UNREACHABLE", "deny-from-other-namespaces"}, ""},
		{"trace external svc/test/ssh", 2, []string{"UNKNOWN", "list nodes"}, ""},
		{"trace pod/test/http-0 198.51.100.99:22", 2, []string{"UNKNOWN", "list services -A"}, ""},
		{"trace pod/test/http-0 svc/test/nope", 3, nil, "Services of test are"},
		{"trace pod/test/http-0 svc/other/web", 2, nil, "could not be read"},
		{"trace pod/other/client svc/test/ssh", 2, nil, "could not be read"},
		{"describe pod/test/ssh-0", 0, []string{"deny-from-other-namespaces"}, ""},
		{"fix external svc/test/ssh:22 --via n2", 2, []string{"# could not be read: Namespace (list namespaces -A), Node (list nodes)", "kind: NetworkPolicy", "port: 2222"}, "unproved"},
		{"fix external svc/test/ssh:22 --via n2 -o json", 2, []string{`"holds": true`, `"Node (list nodes)"`}, ""},
		{"trace pod/other/client svc/other/web", 3, nil, "-n NAMESPACE, if you may read one"},
		{"map --to svc/test/ssh", 2, []string{"svc/test/ssh:22"}, "in test alone"},
		{"map --from pod/test/http-0 --to svc/other/web", 2, nil, "whether there is one could not be read"},
		{"map --from deploy/other/web --to svc/test/ssh", 2, nil, "whether there is one could not be read"},
		{"map -n test --to svc/nope", 3, nil, "no such Service"},
		{"map -n test --to svc/ssh:23", 3, nil, "no such port"},
		{"diff --without NetworkPolicy/test/deny-from-other-namespaces --to svc/other/web -n test", 2, nil, "whether there is one could not be read"},
	} {
		got := say(t, "", strings.Fields(c.args)...)
		ok := got.code == c.code && strings.Contains(got.err, c.err)
		for _, part := range c.out {
			ok = ok && strings.Contains(plainText(got.out), part)
		}
		if !ok {
			t.Errorf("%s: code %d\n%s\n%s", c.args, got.code, got.out, got.err)
		}
	}
}

// TestAllNamespaces: -A is kubectl's.
func TestAllNamespaces(t *testing.T) {
	sandbox(t)
	s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
	t.Setenv("KUBECONFIG", s.Kubeconfig(t))
	for _, c := range []struct {
		args string
		code int
		err  string
	}{
		{"map -A", 0, ""},
		{"lint --all-namespaces --fail-on none", 0, ""},
		{"explain -A", 0, ""},
		{"snapshot -A", 0, ""},
		{"trace node/n2 svc/test/ssh:22 -A", 0, ""},
		{"trace external 198.51.100.17:22/tcp -A", 0, ""},
		{"trace external svc/ssh:22/tcp -A", 3, `"svc/ssh:22/tcp" names no namespace, and -A means all of them`},
		{"map -A -n test", 3, "-A means all namespaces, and -n names one (test)"},
		{"trace pod/http-0 svc/test/ssh -A", 3, `"pod/http-0" names no namespace`},
		{"watch svc/ssh -A", 3, `"svc/ssh" names no namespace`},
		{"map -A --from external --to svc/test/ssh", 0, ""},
		{"map -A --from pod/test/http-0 --to svc/ssh:22", 3, `"svc/ssh:22" names no namespace`},
		{"diff -A --from deploy/web --without NetworkPolicy/test/deny-from-other-namespaces", 3, `"deploy/web" names no namespace`},
	} {
		got := say(t, "", strings.Fields(c.args)...)
		if got.code != c.code || !strings.Contains(got.err, c.err) || c.err == "" && got.out == "" {
			t.Errorf("%s: code %d\n%s\n%s", c.args, got.code, got.out, got.err)
		}
	}
	one, all := say(t, "", "map", "-n", "test"), say(t, "", "map", "-A")
	if one.out == all.out || all.out != say(t, "", "map").out {
		t.Errorf("-A is not the whole map:\n%s", all.out)
	}
}
