package scenario_test

import (
	"strings"
	"testing"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/internal/scenario"
	"github.com/portolan-net/portolan/model"
)

// TestTriage: broken is what somebody may expect to work and does not; what a
// policy keeps out inside is restricted.
func TestTriage(t *testing.T) {
	for name, want := range map[string]string{
		"a01-seed":                   "broken triage-denied-outside deny-from-other-namespaces: ssh | healthy 1",
		"a02-nodeport-and-ingress":   "broken triage-denied-outside allow-from-ingress-namespace: two | restricted triage-inside allow-from-ingress-namespace: one | healthy 0",
		"b01-local-from-inside":      "broken triage-local: web | healthy 0",
		"e01-service-port-in-policy": "healthy 1",
		"e06-named-target-port":      "healthy 1",
		"g03-webhook":                "restricted triage-inside shut: shut | healthy 1",
		"h03-strangers-and-nobody":   "broken triage-empty-selector: renamed | partial triage-stranger: web | healthy 0",
		"s11-source-ranges":          "broken triage-local: local | restricted triage-source-ranges: web | healthy 0",
		"s16-another-proxy":          "unknown triage-unknown: web | healthy 0",
	} {
		s, err := scenario.Read(dir + "/" + name + ".txtar")
		if err != nil {
			t.Fatal(err)
		}
		snapshot, err := s.Snapshot(labs)
		if err != nil {
			t.Fatal(err)
		}
		m, err := model.Compile(snapshot)
		if err != nil {
			t.Fatal(err)
		}
		if got := groups(m); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func groups(m *model.Model) string {
	triage := explain.TriageAll(m)
	var b strings.Builder
	for i := range triage.Groups {
		g := &triage.Groups[i]
		b.WriteString(g.Class.String() + " " + string(g.Reason.Code))
		if !g.Object.IsZero() {
			b.WriteString(" " + g.Object.Name)
		}
		b.WriteString(":")
		for j := range g.Members {
			b.WriteString(" " + g.Members[j].Service.Name)
		}
		b.WriteString(" | ")
	}
	return b.String() + "healthy " + string(rune('0'+triage.Healthy))
}
