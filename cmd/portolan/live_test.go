package main

import (
	"bytes"
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/internal/kubetest"
)

// sandbox takes the machine's kubeconfig away.
func sandbox(t *testing.T) {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	t.Setenv("NO_COLOR", "1")
	t.Setenv("LC_ALL", "C")
}

// said is what a command line printed.
type said struct {
	out, err string
	code     int
}

func say(t *testing.T, stdin string, args ...string) said {
	t.Helper()
	var out, errw bytes.Buffer
	code := run(args, strings.NewReader(stdin), &out, &errw)
	return said{out.String(), errw.String(), code}
}

// positions are what only files have.
var positions = regexp.MustCompile(` ?\(?(\.\./)+[-\w./]*cluster\.yaml:\d+\)?`)

// TestLiveIsDump: every command says of a cluster what it says of its dump, but for
// the lines of the file.
func TestLiveIsDump(t *testing.T) {
	sandbox(t)
	const dump = "../../examples/shared-vip/cluster.yaml"
	s := kubetest.New(t, dump)
	s.Chunk = 2
	t.Setenv("KUBECONFIG", s.Kubeconfig(t))
	for _, args := range [][]string{
		{"trace", "external", "svc/test/ssh:22"},
		{"trace", "node/n2", "svc/test/ssh:22"},
		{"explain"},
		{"explain", "svc/test/ssh"},
		{"describe", "netpol/test/allow-http"},
		{"describe"},
		{"fix", "external", "svc/test/ssh:22"},
		{"lint"},
		{"map"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			fromFile := say(t, "", append(args, "-f", dump, "--local")...)
			fromCluster := say(t, "", args...)
			if fromCluster.code != fromFile.code {
				t.Fatalf("exit code %d, of the dump %d: %s", fromCluster.code, fromFile.code, fromCluster.err)
			}
			if fromFile.out == "" {
				t.Fatalf("the dump says nothing: %s", fromFile.err)
			}
			want := positions.ReplaceAllString(plainText(fromFile.out), "")
			if got := plainText(fromCluster.out); got != want {
				t.Errorf("of the cluster:\n%s\nof the dump:\n%s", got, want)
			}
		})
	}
}

// plainText is a text without how it is broken into lines.
func plainText(s string) string { return strings.Join(strings.Fields(s), " ") }

// TestSource: what is read, with and without a kubeconfig.
func TestSource(t *testing.T) {
	sandbox(t)
	const dump = "../../examples/shared-vip/cluster.yaml"
	dir := t.TempDir()
	allow := filepath.Join(dir, "allow.yaml")
	save(t, allow, `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-ssh, namespace: test}
spec:
  podSelector: {}
  ingress: [{}]
`)
	s := kubetest.New(t, dump)
	config := s.Kubeconfig(t)
	question := []string{"trace", "node/n1", "svc/test/ssh:22"}
	for _, c := range []struct {
		name       string
		kubeconfig string
		args       []string
		code       int
		out, err   string // parts
		asks       bool   // the API server
	}{
		{"nothing at all", "", nil, 3, "", "no input: there is no kubeconfig, and no file is named with -f", false},
		{"dump, no kubeconfig", "", []string{"-f", dump}, 0, "UNREACHABLE", "", false},
		{"fragment, no kubeconfig", "", []string{"-f", allow}, 3, "", "only NetworkPolicies", false},
		{"cluster", config, nil, 0, "UNREACHABLE", "", true},
		{"dump beside a kubeconfig", config, []string{"-f", dump}, 0, "UNREACHABLE", "read alone; --live", false},
		{"fragment over the cluster", config, []string{"-f", allow}, 0, "REACHABLE", "", true},
		{"dump over the cluster, told", config, []string{"-f", dump, "--live"}, 0, "UNREACHABLE", "", true},
		{"dump over the cluster, by context", config, []string{"-f", dump, "--context", "other"}, 0, "UNREACHABLE", "", true},
		{"fragment alone", config, []string{"-f", allow, "--local"}, 3, "", "only NetworkPolicies", false},
		{"local without files", config, []string{"--local"}, 3, "", "no input", false},
		{"local and a context", config, []string{"--local", "--context", "other"}, 3, "", "--local reads files alone", false},
		{"unknown context", config, []string{"--context", "nope"}, 3, "", `there is no context "nope"`, false},
		{"no such kubeconfig", "", []string{"--kubeconfig", filepath.Join(dir, "nope")}, 3, "", "no such file", false},
		{"nobody there", "", []string{"--server", "https://127.0.0.1:1"}, 3, "", "connection refused", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", cmp.Or(c.kubeconfig, filepath.Join(dir, "none")))
			before := len(s.Asked())
			got := say(t, "", append(append([]string{}, question...), c.args...)...)
			if got.code != c.code || !strings.HasPrefix(got.out, c.out) || !strings.Contains(got.err, c.err) || c.err == "" && got.err != "" {
				t.Errorf("code %d\n%s\n%s", got.code, got.out, got.err)
			}
			if asks := len(s.Asked()) > before; asks != c.asks {
				t.Errorf("asked the API server: %v", asks)
			}
		})
	}
}

// TestAboutFiles: lint and describe of files are about those files.
func TestAboutFiles(t *testing.T) {
	sandbox(t)
	s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
	t.Setenv("KUBECONFIG", s.Kubeconfig(t))
	policies := filepath.Join(t.TempDir(), "policies.yaml")
	save(t, policies, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: mine, namespace: test}\nspec: {podSelector: {}}\n")
	if got := say(t, "", "describe", policies); got.code != 0 || strings.Contains(got.out, "allow-http") {
		t.Errorf("code %d: %s%s", got.code, got.out, got.err)
	}
	if got := say(t, "", "lint", policies); strings.Contains(got.out, "allow-http") {
		t.Errorf("code %d: %s%s", got.code, got.out, got.err)
	}
	if n := len(s.Asked()); n != 0 {
		t.Errorf("asked the API server %d times: %q", n, s.Asked())
	}
	if got := say(t, "", "describe", policies, "--live"); !strings.Contains(got.out, "allow-http") {
		t.Errorf("code %d: %s%s", got.code, got.out, got.err)
	}
}

// TestForbidden: what may not be read makes what needs it unknown, and says which
// verb and resource it was.
func TestForbidden(t *testing.T) {
	sandbox(t)
	for _, c := range []struct {
		resource string
		code     int
		out      string
	}{
		{"nodes", 2, "UNKNOWN"},
		{"pods", 2, "UNKNOWN"},
		{"networkpolicies.networking.k8s.io", 2, "UNKNOWN"},
		{"endpointslices.discovery.k8s.io", 0, "UNREACHABLE"}, // derived, and said so
		{"namespaces", 0, "UNREACHABLE"},                      // deny-from-other-namespaces names no namespace
		{"replicasets.apps", 0, "UNREACHABLE"},
		{"customresourcedefinitions.apiextensions.k8s.io", 0, "UNREACHABLE"},
		{"configmaps", 0, "UNREACHABLE"},
	} {
		t.Run(c.resource, func(t *testing.T) {
			s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
			s.Forbid("list", c.resource)
			s.Forbid("get", c.resource)
			t.Setenv("KUBECONFIG", s.Kubeconfig(t))
			got := say(t, "", "trace", "external", "svc/test/ssh:22")
			if got.code != c.code || !strings.HasPrefix(got.out, c.out) {
				t.Errorf("code %d\n%s\n%s", got.code, got.out, got.err)
			}
			if !strings.Contains(got.err, "who asks may not ") || !strings.Contains(got.err, c.resource) {
				t.Errorf("it does not say what was forbidden:\n%s", got.err)
			}
		})
	}
	t.Run("services, for every Service", func(t *testing.T) {
		s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
		s.Forbid("list", "services")
		t.Setenv("KUBECONFIG", s.Kubeconfig(t))
		if got := say(t, "", "explain"); got.code != 2 || !strings.Contains(got.err, "may not list services") {
			t.Errorf("code %d\n%s\n%s", got.code, got.out, got.err)
		}
	})
	t.Run("services, and one is asked for by name", func(t *testing.T) {
		s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
		s.Forbid("list", "services")
		t.Setenv("KUBECONFIG", s.Kubeconfig(t))
		got := say(t, "", "trace", "external", "svc/test/ssh:22")
		if got.code != 2 || got.out != "" || !strings.Contains(got.err, "could not be read") || !strings.Contains(got.err, "may not list services") {
			t.Errorf("code %d\n%s\n%s", got.code, got.out, got.err)
		}
		if got := say(t, "", "trace", "pod/test/nobody", "198.51.100.17:22"); got.code != 3 || strings.Contains(got.err, "could not be read") {
			t.Errorf("pods were read: code %d\n%s", got.code, got.err)
		}
	})
	t.Run("slices, and what stands in for them is said", func(t *testing.T) {
		s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
		s.Forbid("list", "endpointslices.discovery.k8s.io")
		t.Setenv("KUBECONFIG", s.Kubeconfig(t))
		if got := say(t, "", "trace", "external", "svc/test/ssh:22"); !strings.Contains(plainText(got.out), "endpointslices.discovery.k8s.io") {
			t.Errorf("the answer does not say what was forbidden\n%s", got.out)
		}
	})
	t.Run("policies, and nothing is assumed of them", func(t *testing.T) {
		s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
		s.Forbid("list", "networkpolicies.networking.k8s.io")
		t.Setenv("KUBECONFIG", s.Kubeconfig(t))
		if got := say(t, "", "trace", "node/n1", "svc/test/ssh"); strings.Contains(plainText(got.out), "holds no NetworkPolicy") || !strings.Contains(plainText(got.out), "could not be read") {
			t.Errorf("code %d\n%s\n%s", got.code, got.out, got.err)
		}
	})
	t.Run("everything", func(t *testing.T) {
		s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
		for _, r := range []string{"nodes", "namespaces", "pods", "services", "replicationcontrollers", "deployments.apps", "replicasets.apps", "daemonsets.apps", "statefulsets.apps", "jobs.batch", "cronjobs.batch", "endpointslices.discovery.k8s.io", "networkpolicies.networking.k8s.io", "validatingwebhookconfigurations.admissionregistration.k8s.io", "mutatingwebhookconfigurations.admissionregistration.k8s.io", "apiservices.apiregistration.k8s.io", "customresourcedefinitions.apiextensions.k8s.io"} {
			s.Forbid("list", r)
		}
		t.Setenv("KUBECONFIG", s.Kubeconfig(t))
		if got := say(t, "", "explain"); got.code != 3 || !strings.Contains(got.err, "nothing may be read") || !strings.Contains(got.err, "portolan auth") {
			t.Errorf("code %d\n%s\n%s", got.code, got.out, got.err)
		}
	})
}

func save(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestProveLive: the cluster is read before the namespaces are entered, in which it
// is not reachable.
func TestProveLive(t *testing.T) {
	sandbox(t)
	s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
	t.Setenv("KUBECONFIG", s.Kubeconfig(t))
	cmd := exec.Command(os.Args[0], "prove", "node/n2", "svc/test/ssh:22")
	cmd.Args[0] = "portolan" // what the test binary is asked to be
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "as predicted") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestDiffLive: what a file would change in the cluster.
func TestDiffLive(t *testing.T) {
	sandbox(t)
	s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
	s.Expire("pods")
	t.Setenv("KUBECONFIG", s.Kubeconfig(t))
	deny := filepath.Join(t.TempDir(), "deny.yaml")
	save(t, deny, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: nobody}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n")
	got := say(t, "", "diff", "--with", deny, "-n", "monitoring", "--fail-on", "lost")
	if got.code != 1 || !strings.Contains(got.out, "NetworkPolicy/monitoring/nobody") {
		t.Errorf("code %d\n%s\n%s", got.code, got.out, got.err)
	}
	// Files by -f are a part of the cluster that --live names: not the old version.
	fabric := filepath.Join(t.TempDir(), "fabric.yaml")
	save(t, fabric, "apiVersion: portolan.dev/v1alpha1\nkind: Fabric\nmetadata: {name: lab}\nspec: {clients: [{name: hq, addresses: [203.0.113.77]}]}\n")
	got = say(t, "", "diff", "--live", "-f", fabric, "--with", deny, "-n", "monitoring", "--fail-on", "lost")
	if got.code != 1 || !strings.Contains(got.out, "NetworkPolicy/monitoring/nobody") {
		t.Errorf("--live: code %d\n%s\n%s", got.code, got.out, got.err)
	}
	same := say(t, "", "diff", "--without", "NetworkPolicy/test/nothing")
	if same.code != 3 || !strings.Contains(same.err, "no such object") {
		t.Errorf("code %d\n%s\n%s", same.code, same.out, same.err)
	}
}
