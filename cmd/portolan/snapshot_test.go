package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/kubetest"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// verdicts asks from every pod and node, and from outside, for every Service and
// pod, by their places in the lists: names may be others.
func verdicts(t *testing.T, s *cluster.Snapshot) []string {
	t.Helper()
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	var from, to, out []string
	from = append(from, "external")
	for _, n := range s.Nodes {
		from = append(from, "node/"+n.Name)
	}
	for _, p := range s.Pods {
		from = append(from, "pod/"+p.Namespace+"/"+p.Name)
	}
	for _, svc := range s.Services {
		for _, p := range svc.Ports {
			to = append(to, fmt.Sprintf("svc/%s/%s:%d/%s", svc.Namespace, svc.Name, p.Port, strings.ToLower(p.Protocol.String())))
		}
	}
	for _, p := range s.Pods {
		to = append(to, "pod/"+p.Namespace+"/"+p.Name+":8080")
	}
	for i, f := range from {
		for j, x := range to {
			answer, err := path.Ask(m, path.Question{From: f, To: x})
			if err != nil {
				out = append(out, fmt.Sprintf("%d %d error", i, j))
				continue
			}
			fates := ""
			if f != "external" { // its stand-ins differ
				fates = fmt.Sprint(len(answer.Traces))
			}
			out = append(out, fmt.Sprintf("%d %d %s %s", i, j, answer.Verdict, fates))
		}
	}
	return out
}

// TestSnapshotVerdicts: a snapshot of a random cluster, disguised or not, answers as
// the cluster does.
func TestSnapshotVerdicts(t *testing.T) {
	seeds, asked, refused := uint64(240), 0, 0
	for seed := range seeds {
		g := generate.Tangle(generate.Whole, seed)
		for i := range g.Snapshot.Services {
			if svc := &g.Snapshot.Services[i]; svc.Type == cluster.ServiceClusterIP && len(svc.ExternalIPs) == 0 {
				svc.ExternalTrafficPolicy = "" // no API server takes one
			}
		}
		var dump bytes.Buffer
		if err := generate.WriteJSON(&dump, g.Snapshot, false); err != nil {
			t.Fatal(err)
		}
		b := manifest.NewBuilder(manifest.Options{})
		if err := b.Add("", dump.Bytes()); err != nil {
			refused++ // the dump cannot say everything that a Snapshot holds
			continue
		}
		in, err := b.Input()
		if err != nil {
			t.Fatal(err)
		}
		want := verdicts(t, in.Snapshot)
		asked += len(want)
		for _, d := range []*manifest.Disguise{nil, manifest.NewDisguise([]byte{byte(seed)})} {
			var text bytes.Buffer
			if err := b.WriteSnapshot(&text, in, d); err != nil {
				t.Fatal(err)
			}
			again, err := manifest.Parse("", text.Bytes(), manifest.Options{})
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			got := verdicts(t, again.Snapshot)
			for i := range want {
				if i >= len(got) || got[i] != want[i] {
					t.Fatalf("seed %d, disguised %v: %q, of the cluster %q", seed, d != nil, got[i], want[i])
				}
			}
		}
	}
	if asked < 5000 {
		t.Errorf("asked %d questions; %d clusters of %d were refused", asked, refused, seeds)
	}
}

// TestSnapshotCommand: of a cluster, of files, with what could not be read.
func TestSnapshotCommand(t *testing.T) {
	sandbox(t)
	s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
	s.Forbid("list", "networkpolicies.networking.k8s.io")
	t.Setenv("KUBECONFIG", s.Kubeconfig(t))
	name := filepath.Join(t.TempDir(), "snapshot.json")
	if got := say(t, "", "snapshot", "-o", name); got.code != 0 || !strings.Contains(got.err, "3 nodes, 5 pods, 2 Services, 0 NetworkPolicies") {
		t.Fatalf("code %d: %s", got.code, got.err)
	}
	want := say(t, "", "trace", "external", "svc/test/ssh:22")
	got := say(t, "", "trace", "external", "svc/test/ssh:22", "-f", name, "--local")
	if got.code != 2 || plainText(positionsOf(name, got.out)) != plainText(want.out) {
		t.Errorf("code %d, of the snapshot:\n%s\nof the cluster:\n%s", got.code, got.out, want.out)
	}
	if got := say(t, "", "snapshot", "--key", "k"); got.code != 3 {
		t.Errorf("code %d: %s", got.code, got.err)
	}
	piped := say(t, "", "snapshot", "-f", "../../examples/shared-vip/cluster.yaml", "--local", "--pseudonymise", "--key", "k")
	if piped.code != 0 || strings.Contains(piped.out, "ssh") && strings.Contains(piped.out, `"name":"ssh-0"`) {
		t.Errorf("code %d: %s%s", piped.code, piped.err, piped.out)
	}
	if got := say(t, piped.out, "explain", "-f", "-", "--local"); got.code != 0 || got.out == "" {
		t.Errorf("code %d: %s", got.code, got.err)
	}
}

// positionsOf takes a file's positions out of a text.
func positionsOf(name, text string) string {
	flat := plainText(text)
	for {
		at := strings.Index(flat, " ("+name)
		if at < 0 {
			return flat
		}
		end := strings.Index(flat[at:], ")")
		flat = flat[:at] + flat[at+end+1:]
	}
}

// TestAuth: the table, the role, and the exit code.
func TestAuth(t *testing.T) {
	sandbox(t)
	s := kubetest.New(t, "../../examples/shared-vip/cluster.yaml")
	t.Setenv("KUBECONFIG", s.Kubeconfig(t))
	if got := say(t, "", "auth"); got.code != 0 || !strings.Contains(got.out, "yes  list pods") {
		t.Errorf("code %d: %s%s", got.code, got.out, got.err)
	}
	s.Forbid("list", "networkpolicies.networking.k8s.io")
	got := say(t, "", "auth")
	if got.code != 1 || !strings.Contains(got.out, "NO   list networkpolicies.networking.k8s.io") || !strings.Contains(plainText(got.out), "clusterrolebinding") {
		t.Errorf("code %d: %s%s", got.code, got.out, got.err)
	}
	for l := range strings.SplitSeq(got.out, "\n") {
		if len(l) > 80 && !strings.Contains(l, "--") {
			t.Errorf("%d columns: %s", len(l), l)
		}
	}
	if got := say(t, "", "auth", "-o", "yaml"); got.code != 0 || !strings.Contains(got.out, "kind: ClusterRole") {
		t.Errorf("code %d: %s%s", got.code, got.out, got.err)
	}
	if got := say(t, "", "auth", "-o", "yaml", "--local"); got.code != 0 || !strings.Contains(got.out, "ciliumnetworkpolicies") || strings.Contains(got.out, "secrets") {
		t.Errorf("code %d: %s%s", got.code, got.out, got.err)
	}
	if got := say(t, "", "auth", "-o", "json", "--lang", "zh"); got.code != 1 || !strings.Contains(got.out, `"allowed": false`) {
		t.Errorf("code %d: %s%s", got.code, got.out, got.err)
	}
}
