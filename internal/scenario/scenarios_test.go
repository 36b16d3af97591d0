package scenario_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/scenario"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

const (
	dir  = "../../testdata/scenarios"
	labs = dir + "/labs"
)

// engines run every scenario they can.
var engines = []scenario.Engine{scenario.Walk{}, scenario.Kernel{}}

// TestMain runs the tests in namespaces of their own, where a lab may be built.
func TestMain(m *testing.M) {
	done, code, err := lab.EnterTwice()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case done:
		os.Exit(code)
	}
	// Scenarios wait for packets that do not come, not for the processor.
	flag.Parse()
	if err := flag.Set("test.parallel", "12"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func scenarios(t *testing.T) []*scenario.Scenario {
	t.Helper()
	files, err := scenario.Find(dir)
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios in ", dir, err)
	}
	var all []*scenario.Scenario
	for _, f := range files {
		s, err := scenario.Read(f)
		if err != nil {
			t.Error(err)
			continue
		}
		all = append(all, s)
	}
	return all
}

func base(s *scenario.Scenario) string {
	return strings.TrimSuffix(filepath.Base(s.Name), ".txtar")
}

// TestScenarios runs every scenario on every engine that can run it. One that an
// engine cannot run says so in the file, with the reason.
func TestScenarios(t *testing.T) {
	for _, s := range scenarios(t) {
		for _, e := range engines {
			if s.Engine != "" && s.Engine != e.Name() {
				continue
			}
			t.Run(base(s)+"/"+e.Name(), func(t *testing.T) {
				if testing.Short() && e.Name() == "kernel" {
					t.Skip("packets take a minute; they are sent without -short")
				}
				t.Parallel()
				answered, why := 0, map[string]bool{}
				differences, err := scenario.Run(s, e, labs, func(_ *scenario.Question, a *scenario.Answer) {
					if a.Skipped == "" {
						answered++
					} else {
						why[a.Skipped] = true
					}
				})
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range differences {
					t.Error(d)
				}
				if answered == 0 {
					t.Errorf("engine %s can ask none of it; say \"engine: walk  # why\" in the file: %v", e.Name(), slices.Sorted(maps.Keys(why)))
				}
			})
		}
	}
}

// TestFolded: one trace for all that are alike says what all of them say.
func TestFolded(t *testing.T) {
	for _, s := range scenarios(t) {
		for i := range s.Blocks {
			b := &s.Blocks[i]
			clusters, err := s.Under(b, labs)
			if err != nil {
				t.Error(err)
			}
			for _, under := range clusters {
				m, err := model.Compile(&under.Snapshot)
				if err != nil {
					t.Fatal(err)
				}
				for _, q := range b.Questions {
					ask := path.Question{From: q.From, To: q.To, Via: q.Via}
					each, err := path.Walk(m, ask)
					if err != nil {
						continue
					}
					folded, err := path.Ask(m, ask)
					if err != nil || folded.Verdict != each.Verdict || !slices.Equal(ends(folded), ends(each)) {
						t.Errorf("%s: [%s] folded %v, each %v, %v", q.Position, under.Name, ends(folded), ends(each), err)
					}
				}
			}
		}
	}
}

// ends are the ways the traces end and what the client sees of them.
func ends(a *path.Answer) []string {
	var all []string
	for _, w := range a.Traces {
		all = append(all, w.Fate.String()+" "+w.Seen.String())
		if w.Fate == flow.Delivered {
			for _, e := range w.Endpoints {
				all = append(all, e.String())
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
