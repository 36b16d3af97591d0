//go:build linux

package lab_test

import (
	"fmt"
	"testing"

	"github.com/portolan-net/portolan/internal/scenario"
	"github.com/portolan-net/portolan/model"
)

// TestScenarioClusters builds every cluster of the scenarios, without its rules.
func TestScenarioClusters(t *testing.T) {
	files, err := scenario.Find("../../testdata/scenarios")
	if err != nil {
		t.Fatal(err)
	}
	done := map[string]bool{}
	for _, f := range files {
		s, err := scenario.Read(f)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Blocks {
			clusters, err := s.Under(&s.Blocks[i], "../../testdata/scenarios/labs")
			if err != nil {
				t.Fatal(err)
			}
			for _, under := range clusters {
				b := bare(&under.Snapshot)
				key := fmt.Sprint(b.Nodes, b.Pods, b.Fabric)
				if done[key] || len(b.Nodes) == 0 {
					continue
				}
				done[key] = true
				t.Run(under.Name, func(t *testing.T) {
					m, err := model.Compile(b)
					if err != nil {
						t.Fatal(err)
					}
					t.Log(agree(t, m))
				})
			}
		}
	}
}
