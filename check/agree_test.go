package check_test

import (
	"strings"
	"testing"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// What lint says of random clusters holds when the packets are walked: nobody
// outside gets to a port that it calls closed, by any node.
func TestLintAgreesWithWalk(t *testing.T) {
	closed := 0
	for seed := range uint64(600) {
		m, err := model.Compile(generate.Tangle(generate.Whole, seed).Snapshot)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range check.Run(m, check.Options{}).Findings {
			to := "svc/" + f.Object.Namespace + "/" + f.Object.Name
			switch f.Code {
			case check.ClosedBalancer, check.ClosedNodePort:
				closed++
				port := f.Reason.Args[1]
				proto := ""
				if number, p, has := strings.Cut(port, "/"); has {
					port, proto = number, "/"+p
				}
				for i := range m.Snapshot.Nodes {
					for _, kind := range []string{"@vip", "@nodeport", "@externalip"} {
						refused(t, m, path.Question{From: "external", To: to + ":" + port + kind + proto, Via: m.Snapshot.Nodes[i].Name}, seed, &f)
					}
				}
			default:
			}
		}
	}
	if closed < 30 {
		t.Errorf("%d closed ports: too few to say anything", closed)
	}
}

// refused demands that no path of the answer delivers.
func refused(t *testing.T, m *model.Model, q path.Question, seed uint64, f *check.Finding) {
	t.Helper()
	a, err := path.Ask(m, q)
	if err != nil {
		return // there is no such address
	}
	for i := range a.Traces {
		if a.Traces[i].Fate == flow.Delivered {
			t.Errorf("seed %d: %s, and %s via %q to %s is delivered to %v", seed, f.Reason, q.From, q.Via, q.To, a.Traces[i].Endpoints)
			return
		}
	}
}

// Whatever is in the input, lint comes to an end, and every finding has a code of
// the table.
func TestLintOfAnything(t *testing.T) {
	found := map[check.Code]bool{}
	for seed := range uint64(300) {
		for _, kind := range []generate.Kind{generate.Whole, generate.Runnable, generate.Unclear} {
			m, err := model.Compile(generate.Tangle(kind, seed).Snapshot)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range check.Run(m, check.Options{}).Findings {
				found[f.Code] = true
				if f.Severity == check.Nothing || f.Object.IsZero() || f.Reason.IsZero() {
					t.Errorf("seed %d: %+v", seed, f)
				}
			}
		}
	}
	if len(found) < 15 {
		t.Errorf("%d codes found: %v", len(found), found)
	}
}
