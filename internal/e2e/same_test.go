package e2e

import (
	"encoding/json"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/manifest"
)

// TestLiveEqualsDump: what is said of a cluster is what is said of its dump by the
// real kubectl, and of `portolan snapshot`. That one reads the same as the other is
// asked twice: of the Snapshot, field by field, and of every command.
func TestLiveEqualsDump(t *testing.T) {
	story, err := readObjects(yamlFiles(sharedVIP)...)
	must(t, err)
	metallb, err := readObjects("testdata/metallb.yaml")
	must(t, err)
	made, err := snapshotObjects(generate.Cluster(generate.Size{Nodes: 4, Namespaces: 6, Pods: 60, Services: 12, Policies: 18}, 1))
	must(t, err)
	policy := only(made, "NetworkPolicy")[0]
	for _, one := range []struct {
		name    string
		objects []*object
		kinds   string
		files   []string // besides the cluster
		asked   [][]string
	}{
		{
			"shared-vip under MetalLB", slices.Concat(metallb, story), asked + "," + askedOfMetalLB,
			[]string{sharedVIP + "/fabric.yaml"},
			[][]string{
				{"explain", "svc/test/ssh:22"},
				{"explain", "svc/test/http"},
				{"explain", "--seen", "node/n2 connected", "--seen", "node/n1 timeout", "svc/test/ssh:22"},
				{"trace", "external", "svc/test/ssh:22"},
				{"trace", "external/branch", "svc/test/ssh:22", "--via", "n2"},
				{"trace", "pod/monitoring/prober-0", "svc/test/http:80"},
				{"trace", "external", "192.0.2.99:22"},
				{"fix", "external", "svc/test/ssh:22"},
				{"describe", "networkpolicy/test/deny-from-other-namespaces"},
				{"describe", "pod/test/ssh-0"},
				{"assert", "testdata/expectations.yaml"},
				{"prove", "svc/test/ssh:22"},
				{"map"},
				{"lint"},
			},
		},
		{
			"generated", made, asked, nil,
			[][]string{{"map"}, {"lint"}, {"diff", "--without", "NetworkPolicy/" + policy.GetNamespace() + "/" + policy.GetName()}},
		},
	} {
		t.Run(one.name, func(t *testing.T) {
			c := start(t)
			c.Register(one.objects)
			file := c.Dump(one.kinds)
			dumped, err := manifest.Load(append([]string{file}, one.files...), manifest.Options{})
			must(t, err)
			live := c.Live("admin", one.files...)
			sizes(t, live.Snapshot, one.objects)
			if d := differences(live.Snapshot, dumped.Snapshot); d != "" {
				t.Errorf("live (-) is not what the dump (+) says:\n%s", d)
			}
			snapshot := c.file("snapshot.json")
			if did := c.Portolan("admin", "", "snapshot", "-o", snapshot); did.Code != 0 {
				t.Fatalf("portolan snapshot: exit %d: %s", did.Code, did.Err)
			}
			for _, line := range one.asked {
				c.same(t, line, file, snapshot, one.files)
			}
		})
	}
}

// sizes holds what was read against what was registered: an empty answer equals an
// empty answer.
func sizes(t *testing.T, s *cluster.Snapshot, all []*object) {
	t.Helper()
	for kind, got := range map[string]int{
		"Node": len(s.Nodes), "Pod": len(s.Pods), "NetworkPolicy": len(s.NetworkPolicies),
		"Service":       len(s.Services) - 1, // kubernetes is the API server's own
		"IPAddressPool": len(s.MetalLB.Pools), "BGPPeer": len(s.MetalLB.BGPPeers),
	} {
		if want := len(only(all, kind)); got != want {
			t.Errorf("%d objects of kind %s, not %d", got, kind, want)
		}
	}
}

// differences are those between two Snapshots, but for where objects stand in files.
func differences(live, dumped *cluster.Snapshot) string {
	return cmp.Diff(live, dumped,
		cmp.Exporter(func(reflect.Type) bool { return true }),
		cmp.Comparer(func(a, b flow.Position) bool { return true }),
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
		cmpopts.EquateEmpty())
}

// same asks the cluster, its dump and its snapshot, and holds the answers and exit
// codes against each other, but for what names the file or the cluster itself.
func (c *Cluster) same(t *testing.T, line []string, dump, snapshot string, files []string) {
	t.Helper()
	args := append(slices.Clone(line), "-o", "json")
	for _, f := range files {
		args = append(args, "-f", f)
	}
	words := strings.Join(line, " ")
	live := c.Portolan("admin", "", append(slices.Clone(args), "--live")...)
	if live.Code > 2 {
		t.Errorf("%s: live exits with %d: %s", words, live.Code, live.Err)
		return
	}
	for name, file := range map[string]string{"dump": dump, "snapshot": snapshot} {
		other := c.Portolan("nobody", "", append(slices.Clone(args), "-f", file, "--local")...)
		if live.Code != other.Code {
			t.Errorf("%s: live exits with %d, of the %s with %d: %s", words, live.Code, name, other.Code, other.Err)
			continue
		}
		a, b := plain(t, live.Out), plain(t, other.Out)
		if name == "snapshot" {
			a, b = unlisted(a), unlisted(b) // what is not used is not saved
		}
		if d := cmp.Diff(a, b); d != "" {
			t.Errorf("%s: live (-) is not what the %s (+) says:\n%s", words, name, d)
		}
	}
}

// unlisted is an answer without the list of what was not used.
func unlisted(v any) any {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "ignored")
		for k := range v {
			v[k] = unlisted(v[k])
		}
	case []any:
		for i := range v {
			v[i] = unlisted(v[i])
		}
	}
	return v
}

// chance is what differs between two runs of the same: durations, and how many
// packets were sent until everything was seen.
var chance = []string{"askedSeconds", "preparedSeconds", "connections", "packets", "tries"}

// plain is JSON without positions and chance.
func plain(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return strip(v)
}

func strip(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range append(chance, "file", "line") {
			delete(v, k)
		}
		for k := range v {
			v[k] = strip(v[k])
		}
	case []any:
		for i := range v {
			v[i] = strip(v[i])
		}
	}
	return v
}

// TestSameCanFail: the comparison sees a difference.
func TestSameCanFail(t *testing.T) {
	text, err := os.ReadFile(sharedVIP + "/cluster.yaml")
	must(t, err)
	a, err := manifest.Parse("a", text, manifest.Options{})
	must(t, err)
	b, err := manifest.Parse("b", []byte(strings.Replace(string(text), "port: 2222", "port: 2223", 1)), manifest.Options{})
	must(t, err)
	if d := differences(a.Snapshot, a.Snapshot); d != "" {
		t.Errorf("a Snapshot differs from itself: %s", d)
	}
	if differences(a.Snapshot, b.Snapshot) == "" {
		t.Error("another port is no difference")
	}
	if cmp.Diff(plain(t, `{"a":[{"file":"x","b":1}]}`), plain(t, `{"a":[{"file":"y","b":2}]}`)) == "" {
		t.Error("another number is no difference")
	}
}
