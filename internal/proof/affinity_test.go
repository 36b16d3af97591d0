//go:build linux

package proof_test

import (
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/proof"
	"github.com/portolan-net/portolan/internal/scenario"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/nft"
	"github.com/portolan-net/portolan/path"
)

// A client stays with its endpoint while others leave, and once its own has left,
// with the next one it is given.
func TestAffinityFollowsEndpoints(t *testing.T) {
	const file = "../../testdata/scenarios/s10-session-affinity-ipv6.txtar"
	text, err := scenario.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := text.Snapshot("../../testdata/scenarios/labs")
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"10.96.0.10:80", "[fd00:96::10]:80"} {
		q := path.Question{From: "pod/app/cli", To: to}
		m := modelAs(t, s)
		session := opened(t, m, nft.For(m), q)
		first := onlyOne(t, session)
		others := slices.DeleteFunc([]string{"app/web-1", "app/web-2", "app/web-3"}, func(p string) bool { return p == first })
		for _, step := range []struct {
			gone string
			stay bool
		}{{others[0], true}, {first, false}} {
			next := without(s, step.gone)
			if err := session.Change(t.Context(), modelAs(t, next), []path.Question{q}); err != nil {
				t.Fatal(err)
			}
			if now := onlyOne(t, session); (now == first) != step.stay {
				t.Errorf("%s: %s had %s, and once %s left %s", to, q.From, first, step.gone, now)
			}
		}
	}
}

func modelAs(t *testing.T, s *cluster.Snapshot) *model.Model {
	t.Helper()
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// onlyOne is the endpoint that every connection of the question got.
func onlyOne(t *testing.T, s *proof.Session) string {
	t.Helper()
	lines, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l := &lines[0]
	if !l.Agrees() || len(l.Observed.Endpoints) != 1 || l.Tries < 6 {
		t.Fatalf("%v: %v, endpoints %v in %d tries", l.Question, l.Differs, l.Observed.Endpoints, l.Tries)
	}
	return l.Observed.Endpoints[0]
}

// without is the cluster in which a pod's endpoints are not ready.
func without(s *cluster.Snapshot, pod string) *cluster.Snapshot {
	c := *s
	c.EndpointSlices = slices.Clone(s.EndpointSlices)
	for i := range c.EndpointSlices {
		slice := &c.EndpointSlices[i]
		slice.Endpoints = slices.Clone(slice.Endpoints)
		for j := range slice.Endpoints {
			if e := &slice.Endpoints[j]; e.Target.Namespace+"/"+e.Target.Name == pod {
				e.Ready, e.Serving = false, false
			}
		}
	}
	return &c
}
