package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/portolan-net/portolan/internal/kubetest"
)

// TestPlugin: help, examples and hints print as the program was called.
func TestPlugin(t *testing.T) {
	sandbox(t)
	if calledAs("/usr/local/bin/kubectl-portolan") != "kubectl portolan" || calledAs(`kubectl-portolan.exe`) != "kubectl portolan" || calledAs("./portolan") != "portolan" {
		t.Error("the name of the program")
	}
	bare := regexp.MustCompile(`(?m)^ *portolan [a-z]|\| portolan|try: portolan`)
	for _, args := range [][]string{
		{"--help"},
		{"trace", "--help"},
		{"explain", "--help"},
		{"fix", "--help"},
		{"auth", "--help"},
		{"trace", "one"},
		{"nonsense"},
	} {
		var out bytes.Buffer
		runAs("kubectl portolan", args, strings.NewReader(""), &out, &out)
		if !strings.Contains(out.String(), "kubectl portolan") || bare.MatchString(out.String()) {
			t.Errorf("%q:\n%s", args, &out)
		}
	}
}

// TestComplete: shells are offered names of the cluster, or nothing.
func TestComplete(t *testing.T) {
	sandbox(t)
	s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
	t.Setenv("KUBECONFIG", s.Kubeconfig(t))
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"trace", ""}, "external"},
		{[]string{"trace", "external", "svc/"}, "svc/test/ssh"},
		{[]string{"trace", "pod/te"}, "pod/test/ssh-0"},
		{[]string{"explain", "node/"}, "node/n1"},
		{[]string{"explain", "-n", ""}, "monitoring"},
		{[]string{"explain", "--context", ""}, "other"},
	} {
		got := say(t, "", append([]string{"__complete"}, c.args...)...)
		if !strings.Contains(got.out, c.want+"\n") {
			t.Errorf("%q offers %q", c.args, got.out)
		}
	}
	s.Forbid("list", "services")
	if got := say(t, "", "__complete", "trace", "external", "svc/"); got.code != 0 || strings.Contains(got.out, "svc/") {
		t.Errorf("code %d: %q", got.code, got.out)
	}
}

// TestKrew: the manifest has what krew asks for, and the version left open.
func TestKrew(t *testing.T) {
	text, err := os.ReadFile("../../deploy/krew/portolan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   struct{ Name string }
		Spec       struct {
			Version, Homepage, Description string
			Short                          string `yaml:"shortDescription"`
			Platforms                      []struct {
				Selector struct {
					MatchLabels map[string]string `yaml:"matchLabels"`
				}
				URI, SHA256, Bin string
				Files            []struct{ From, To string }
			}
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&m); err != nil {
		t.Fatal(err)
	}
	x := m.Spec
	if m.APIVersion != "krew.googlecontainertools.github.com/v1alpha2" || m.Kind != "Plugin" || m.Metadata.Name != "portolan" ||
		x.Version != "{VERSION}" || x.Homepage == "" || x.Short == "" || len(x.Short) > 50 || x.Description == "" {
		t.Errorf("%+v", m)
	}
	seen := map[string]bool{}
	for _, p := range x.Platforms {
		id := p.Selector.MatchLabels["os"] + "/" + p.Selector.MatchLabels["arch"]
		if seen[id] || !strings.Contains(p.URI, "{VERSION}") || !strings.HasPrefix(p.SHA256, "{SHA256_") || !strings.HasPrefix(p.Bin, "kubectl-portolan") || len(p.Files) != 2 {
			t.Errorf("%s: %+v", id, p)
		}
		seen[id] = true
	}
	if len(seen) != 5 {
		t.Errorf("platforms %v", seen)
	}
}
