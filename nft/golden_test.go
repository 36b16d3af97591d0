package nft_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/internal/scenario"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/nft"
)

const scenarios = "../testdata/scenarios"

// goldens are the scenarios whose programs are kept, by the feature they show:
// the clusters are those that the kernel is asked about.
var goldens = []struct {
	feature, scenario, node string
	options                 func(*nft.Options)
	whole                   bool // the skeleton too
}{
	{"external-cluster", "t01-external-cluster", "n1", nil, false},
	{"external-local", "t03-external-local", "n2", nil, false},
	{"internal-local", "t10-internal-local", "n1", nil, false},
	{"session-affinity", "s10-session-affinity", "n1", nil, true},
	{"source-ranges", "s11-source-ranges", "n1", nil, false},
	{"no-endpoints", "s07-reject-or-drop", "n3", nil, false},
	{"external-ips", "s17-external-ips-local", "n1", nil, false},
	{"dual-stack", "s04-dual-stack", "n1", nil, true},
	{"hairpin", "t13-hairpin", "n2", nil, false},
	{"terminating", "s06-slice-conditions", "n2", nil, false},
	{"topology", "s09-hints", "n1", nil, false},
	{"node-ports", "t08-other-nodes-nodeport", "n1", nil, false},
	{"shared-address", "a01-seed", "n2", nil, false},
	{"policy-ports", "p08-ports", "n2", nil, false},
	{"policy-named-ports", "p10-named-ports", "n2", nil, false},
	{"policy-blocks", "p07-ip-block", "n2", nil, false},
	{"policy-ranges", "p08-range-for-some", "n2", nil, false},
	{"policy-both-ends", "p15-both-ends", "n2", nil, false},
	{"policy-everybody", "p12-empty-and-absent", "n2", nil, false},
	{"policy-behind-masquerade", "a01-seed", "n2", func(o *nft.Options) { o.AfterSNAT = true }, true},
	{"policy-rejects", "a01-seed", "n2", func(o *nft.Options) { o.Reject = true }, true},
	{"trace", "t09-clusterip", "n1", func(o *nft.Options) { o.Trace = true }, true},
}

// program prints the first cluster of a scenario under our own profile.
func program(t *testing.T, name, node string, change func(*nft.Options)) *nft.Program {
	t.Helper()
	s, err := scenario.Read(filepath.Join(scenarios, name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := s.Snapshot(scenarios + "/labs")
	if err != nil {
		t.Fatal(err)
	}
	d := &snapshot.Fabric.Dataplane
	d.Profile, d.Proxy, d.Policy = "portolan", "", ""
	m, err := model.Compile(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	o := nft.For(m)
	if change != nil {
		change(&o)
	}
	p, err := nft.Compile(m, node, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestGolden keeps a program for each feature. A golden is read before it is
// committed, and every scenario here also meets a kernel.
func TestGolden(t *testing.T) {
	for _, g := range goldens {
		t.Run(g.feature, func(t *testing.T) {
			file := filepath.Join("testdata", g.feature+".nft")
			p := program(t, g.scenario, g.node, g.options)
			got := "# " + g.scenario + ", node " + g.node + "\n" + p.String()
			if !g.whole {
				got = "# " + g.scenario + ", node " + g.node + ": rows\n" + strings.TrimPrefix(p.String(), p.Skeleton())
			}
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is out of date: UPDATE=1 go test ./nft rewrites it; read the difference", file)
			}
		})
	}
}

// TestComplete: every map and set of the tables has a row in some golden, every
// chain is there, and every line of the Trips table leads somewhere.
func TestComplete(t *testing.T) {
	rows, all, chains := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, g := range goldens {
		for _, table := range program(t, g.scenario, g.node, g.options).Tables {
			for _, s := range table.Sets {
				if s.Dynamic {
					continue // the kernel's own
				}
				all[s.Name] = true
				for range table.Elements(s.Name) {
					rows[s.Name] = true
				}
			}
			for _, c := range table.Chains {
				chains[c.Name] = true
				if c.From != "" {
					rows[c.From] = true
				}
			}
		}
	}
	for s := range all {
		if !rows[s] {
			t.Errorf("no golden has a row in %s", s)
		}
	}
	for _, c := range []string{"draw-1", "draw-2", "recall-60s", "remember-60s", "trace-prerouting"} {
		if !chains[c] {
			t.Errorf("no golden has the chain %s", c)
		}
	}
}

// TestJumps: every chain that some rule or element leads to is there, and every
// set that some rule looks up.
func TestJumps(t *testing.T) {
	for _, g := range goldens {
		for _, table := range program(t, g.scenario, g.node, g.options).Tables {
			has := func(name string) bool {
				return slices.ContainsFunc(table.Chains, func(c *nft.Chain) bool { return c.Name == name })
			}
			for _, c := range table.Chains {
				for _, r := range c.Rules {
					words := strings.FieldsFunc(r.Text, func(c rune) bool { return strings.ContainsRune(" ,{}", c) })
					for i, w := range words {
						if (w == "goto" || w == "jump") && !has(words[i+1]) {
							t.Errorf("%s: chain %s leads to %s, which is not there", g.feature, c.Name, words[i+1])
						}
						if set, ok := strings.CutPrefix(w, "@"); ok && table.Set(set) == nil {
							t.Errorf("%s: chain %s looks up %s, which is not there", g.feature, c.Name, set)
						}
					}
				}
			}
		}
	}
}
