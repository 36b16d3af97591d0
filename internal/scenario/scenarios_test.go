package scenario_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/internal/scenario"
)

const (
	dir  = "../../testdata/scenarios"
	labs = dir + "/labs"
)

// engines run every scenario they can.
var engines = []scenario.Engine{scenario.Walk{}}

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

// TestScenarios runs every scenario on every engine that can run it.
func TestScenarios(t *testing.T) {
	for _, s := range scenarios(t) {
		for _, e := range engines {
			if s.Engine != "" && s.Engine != e.Name() {
				continue
			}
			t.Run(base(s)+"/"+e.Name(), func(t *testing.T) {
				differences, err := scenario.Run(s, e, labs, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range differences {
					t.Error(d)
				}
			})
		}
	}
}
