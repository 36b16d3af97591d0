package truth_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/truth"
	"github.com/portolan-net/portolan/model"
)

// TestTruth asks every probe of every measured cluster and compares verdict,
// what the client saw, the endpoints and the sources. Nothing is excused.
func TestTruth(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/truth/*")
	if err != nil || len(dirs) < 4 {
		t.Fatalf("measured clusters: %v, %v", dirs, err)
	}
	total := 0
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) { total += runCluster(t, dir) })
	}
	if total < 2944 {
		t.Errorf("asked %d probes, the four clusters hold 2,944", total)
	}
}

func runCluster(t *testing.T, dir string) int {
	in, err := manifest.Load([]string{filepath.Join(dir, "cluster.yaml")}, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	topology, err := truth.ReadTopology(dir)
	if err != nil {
		t.Fatal(err)
	}
	probes, err := truth.ReadProbes(dir)
	if err != nil {
		t.Fatal(err)
	}
	models := map[truth.Dataplane]*model.Model{}
	bad := 0
	for i := range probes {
		p := &probes[i]
		m := models[p.Dataplane]
		if m == nil {
			s := *in.Snapshot
			if s.Fabric, err = topology.Fabric(p.Dataplane); err != nil {
				t.Fatal(err)
			}
			if m, err = model.Compile(&s); err != nil {
				t.Fatal(err)
			}
			models[p.Dataplane] = m
		}
		r := check.Assert(m, &p.Expectation, "")
		if r.Held() || sameLoop(&r) {
			continue
		}
		if bad++; bad <= 25 {
			t.Errorf("%s\n  measured  %s\n  predicted %v %v fates %v endpoints %v sources %v err %v; differs in %v",
				p.Position, p.Line, r.Verdict, r.Seen, r.Fates, r.Endpoints, r.Sources, r.Err, r.Differs)
		}
	}
	if bad > 0 {
		t.Errorf("%d of %d probes differ", bad, len(probes))
	}
	return len(probes)
}

// sameLoop: a packet that goes round between router and nodes ends in silence
// or in an ICMP time exceeded, whichever limit it meets first.
func sameLoop(r *check.Result) bool {
	return slices.Equal(r.Differs, []string{"seen"}) && slices.Equal(r.Fates, []flow.Fate{flow.Loop}) &&
		slices.Equal(r.Expectation.Seen, []flow.Seen{flow.Timeout})
}
