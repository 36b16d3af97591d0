package diff

import (
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/manifest"
)

func focused(t *testing.T, from, to, namespace string, old, young *cluster.Snapshot) *Report {
	t.Helper()
	f := Focus{Namespace: namespace}
	var err error
	if f.From, err = cluster.ParseFocus(from, "test", cluster.FromSide); err != nil {
		t.Fatal(err)
	}
	if f.To, err = cluster.ParseFocus(to, "test", cluster.ToSide); err != nil {
		t.Fatal(err)
	}
	r, err := CompareIn(f, nil, old, young)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The upgrade of the post takes ssh from outside and from every node but the pod's
// own, n2; http is unaffected.
func TestFocusUpgrade(t *testing.T) {
	var s [2]*cluster.Snapshot
	for i, dir := range []string{"before", "after"} {
		in, err := manifest.Load([]string{"../examples/upgrade/" + dir}, manifest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s[i] = in.Snapshot
	}
	for _, tt := range []struct {
		from, to, namespace string
		lost                bool
		kind                Kind
	}{
		{"external", "", "", true, Outside},
		{"external/branch", "svc/test/ssh", "", true, Outside},
		{"external", "svc/test/http", "", false, 0},
		{"node/n1", "", "", true, Nodes},
		{"node/n2", "", "", false, 0},
		{"pod/test/http-1", "", "", true, Pods},
		{"", "svc/test/http", "", false, 0},
		{"", "pod/test/ssh-0", "", true, Outside},
		{"", "", "test", true, Outside},
	} {
		r := focused(t, tt.from, tt.to, tt.namespace, s[0], s[1])
		if r.Lost() != tt.lost || r.Gained() {
			t.Errorf("%+v: lost %v, gained %v", tt, r.Lost(), r.Gained())
			continue
		}
		for _, l := range losses(r) {
			if got := causes(l); got != "NetworkPolicy/test/deny-from-other-namespaces" {
				t.Errorf("%+v: by %s", tt, got)
			}
		}
		if tt.lost && (len(r.Services) != 1 || r.Services[0].Items[0].Kind != tt.kind || tt.from != "" && len(r.Services[0].Items) != 1) {
			t.Errorf("%+v: %+v", tt, r.Services)
		}
		if all := tt.namespace != "" || tt.to == "pod/test/ssh-0"; (r.Beyond == 0) != all {
			t.Errorf("%+v: %d outside the focus", tt, r.Beyond)
		}
	}
}

// In every focus the one object that differs is blamed; what the whole tells is in
// some focus, or outside each; and where nothing is told nothing is beyond.
func TestFocusParts(t *testing.T) {
	told, beyond := 0, 0
	for seed := uint64(1); seed <= 150; seed++ {
		g := generate.Tangle(generate.Kind(2*(seed%2)), seed)
		g.MorePolicies()
		young, o := mutate(g)
		whole := compare(t, g.Snapshot, young)
		from := []string{"external"}
		for i := range young.Nodes {
			from = append(from, "node/"+young.Nodes[i].Name)
		}
		seen := map[string]bool{}
		for i := range young.Pods {
			if p := &young.Pods[i]; hasNetwork(p) && !seen[p.Namespace] {
				seen[p.Namespace] = true
				from = append(from, "ns/"+p.Namespace)
			}
		}
		lost, gained := false, false
		for _, f := range from {
			r := focused(t, f, "", "", g.Snapshot, young)
			for _, l := range losses(r) {
				told++
				if got := causes(l); got != o.String() || l.More {
					t.Fatalf("seed %d, from %s: %q (more %v), but %s alone differs", seed, f, got, l.More, o)
				}
			}
			lost, gained = lost || r.Lost(), gained || r.Gained()
			if beyond += r.Beyond; r.Beyond > 0 && len(losses(whole)) == 0 || r.Beyond == 0 && len(losses(r)) == 0 && len(losses(whole)) > 0 {
				t.Fatalf("seed %d, from %s: %d beyond, %d told, %d in all", seed, f, r.Beyond, len(losses(r)), len(losses(whole)))
			}
		}
		if lost != whole.Lost() || gained != whole.Gained() {
			t.Fatalf("seed %d: lost %v, gained %v, in parts %v, %v", seed, whole.Lost(), whole.Gained(), lost, gained)
		}
	}
	if told < 150 || beyond < 200 {
		t.Errorf("%d told, %d beyond: too few", told, beyond)
	}
	t.Logf("%d told, %d beyond", told, beyond)
}
