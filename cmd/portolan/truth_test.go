package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/internal/truth"
)

// TestAssertTruth asks the measured clusters as a user would: Fabric and
// Expectations as files, the command, its JSON. What is asked goes through the
// whole notation; nothing may differ, and no line may go unanswered.
func TestAssertTruth(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/truth/*")
	if err != nil || len(dirs) < 4 {
		t.Fatalf("measured clusters: %v, %v", dirs, err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) { assertTruth(t, dir) })
	}
}

func assertTruth(t *testing.T, dir string) {
	topology, err := truth.ReadTopology(dir)
	if err != nil {
		t.Fatal(err)
	}
	probes, err := truth.ReadProbes(dir)
	if err != nil {
		t.Fatal(err)
	}
	planes := map[truth.Dataplane][]truth.Probe{}
	for _, p := range probes {
		planes[p.Dataplane] = append(planes[p.Dataplane], p)
	}
	for plane, lines := range planes {
		tmp := t.TempDir()
		fabric, expect := filepath.Join(tmp, "fabric.yaml"), filepath.Join(tmp, "expect.yaml")
		write(t, fabric, fabricYAML(topology, plane))
		write(t, expect, expectYAML(lines))
		var out, errs bytes.Buffer
		code := run([]string{"assert", "-o", "json", "-f", filepath.Join(dir, "cluster.yaml"), expect, "-f", fabric}, nil, &out, &errs)
		if code != exitAnswered || errs.Len() > 0 {
			t.Errorf("%v: exit %d, stderr %s", plane, code, errs.String())
		}
		checkResults(t, out.Bytes(), lines)
	}
}

func checkResults(t *testing.T, document []byte, lines []truth.Probe) {
	t.Helper()
	var doc struct {
		Results []struct {
			From, Via, To, Error string
			Differs              []string
		}
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Results) != len(lines) {
		t.Fatalf("%d results for %d lines", len(doc.Results), len(lines))
	}
	for i, r := range doc.Results {
		if want := lines[i]; r.From != want.From || r.Via != want.Via || r.To != want.To {
			t.Fatalf("result %d is %s via %q to %s, asked %s via %q to %s", i, r.From, r.Via, r.To, want.From, want.Via, want.To)
		}
		if r.Error != "" || len(r.Differs) > 0 {
			t.Errorf("%s: %q differs in %v", lines[i].Line, r.Error, r.Differs)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func fabricYAML(t *truth.Topology, plane truth.Dataplane) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: portolan.dev/v1alpha1\nkind: Fabric\nmetadata: {name: truth}\nspec:\n  clients:\n")
	for _, c := range t.Clients {
		fmt.Fprintf(&b, "  - {name: %s, addresses: ['%s']}\n", c.Name, c.Address)
	}
	fmt.Fprintf(&b, "  routers:\n  - {name: router, addresses: ['%s'], routes: static, nodes: []}\n", t.Router)
	network := "routed"
	if strings.Contains(t.PodNetwork, "VXLAN") {
		network = "vxlan"
	}
	fmt.Fprintf(&b, "  dataplane:\n    proxy: %s\n    policy: %s\n    podNetwork: %s\n    clusterCIDRs: ['%s']\n    serviceCIDRs: ['%s']\n  nodes:\n",
		plane.Proxy, plane.Policy, network, t.ClusterCIDR, strings.Join(t.ServiceCIDRs, "', '"))
	for _, name := range slices.Sorted(maps.Keys(t.Nodes)) {
		m := t.Nodes[name].Masquerade
		fmt.Fprintf(&b, "  - name: %s\n    masquerade: {toLocalPods: '%s', toPodsOnOtherNodes: '%s', toOtherNodes: '%s'}\n",
			name, m.ToLocalPods, m.ToPodsOnOtherNodes, m.ToOtherNodeAddresses)
	}
	return b.String()
}

func expectYAML(lines []truth.Probe) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: portolan.dev/v1alpha1\nkind: Expectations\nmetadata: {name: truth}\nspec:\n  expect:\n")
	for i := range lines {
		p := &lines[i]
		fmt.Fprintf(&b, "  - from: %s\n    to: '%s'\n    verdict: %s\n", p.From, p.To, p.Verdict)
		if p.Via != "" {
			fmt.Fprintf(&b, "    via: %s\n", p.Via)
		}
		seen := make([]string, 0, len(p.Seen))
		for _, s := range p.Seen {
			seen = append(seen, s.String())
		}
		for field, list := range map[string][]string{"seen": seen, "endpoints": p.Endpoints, "sources": p.Sources} {
			fmt.Fprintf(&b, "    %s: [%s]\n", field, quoted(list))
		}
	}
	return b.String()
}

func quoted(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "'" + strings.Join(list, "', '") + "'"
}
