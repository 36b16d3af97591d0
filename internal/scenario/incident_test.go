package scenario_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/internal/scenario"
	"github.com/portolan-net/portolan/model"
)

// TestIncidents: the true culprit first, and nobody wrongly accused.
func TestIncidents(t *testing.T) {
	files, err := filepath.Glob("../../testdata/incidents/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no incidents", err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		in, err := scenario.ParseIncident(f, data)
		if err != nil {
			t.Error(err)
			continue
		}
		snapshot, err := in.Cluster(dir)
		if err != nil {
			t.Error(err)
			continue
		}
		for i := range in.Diagnoses {
			want := &in.Diagnoses[i]
			m, err := model.Compile(want.Leave(snapshot))
			if err != nil {
				t.Fatal(err)
			}
			d, err := explain.Diagnose(m, want.Target, "", want.Seen)
			if err != nil {
				t.Errorf("%s:%d: %v", f, want.Line, err)
				continue
			}
			for _, wrong := range misjudged(want, d) {
				t.Errorf("%s:%d: %s\n%s", f, want.Line, wrong, told(d))
			}
		}
	}
}

func misjudged(want *scenario.Diagnosis, d *explain.Diagnosis) []string {
	var all []string
	if got := d.Outcome.String(); got != want.Outcome {
		all = append(all, fmt.Sprintf("outcome %s, want %s", got, want.Outcome))
	}
	var accused []string
	for _, o := range d.Accused() {
		accused = append(accused, o.String())
	}
	if !sameSet(accused, want.Accused) {
		all = append(all, fmt.Sprintf("accused %v, want %v", accused, want.Accused))
	}
	for _, n := range want.Never {
		if slices.Contains(accused, n) {
			all = append(all, "accused wrongly: "+n)
		}
	}
	if len(want.First) == 0 {
		return all
	}
	if len(d.Causes) == 0 {
		return append(all, "no cause at all")
	}
	var first []string
	for _, o := range d.Causes[0].Objects {
		first = append(first, o.String())
	}
	if code := string(d.Causes[0].Reason.Code); !sameSet(first, want.First) && code != want.First[0] {
		all = append(all, fmt.Sprintf("first is %s %v, want %v", code, first, want.First))
	}
	return all
}

// sameSet: where none alone is the cause, none is first.
func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// told is a diagnosis for a failed test.
func told(d *explain.Diagnosis) string {
	var b strings.Builder
	for i := range d.Seen {
		s := &d.Seen[i]
		fmt.Fprintf(&b, "\t%s: predicted %v, %d of %d, fits %v\n", s.Text, s.Predicted, s.Reached, s.Of, s.Fits)
	}
	for i := range d.Causes {
		c := &d.Causes[i]
		fmt.Fprintf(&b, "\t%d. %s %v accused %v: %s; under %s; explains %v contradicts %v\n", i+1, c.Kind, c.Objects, c.Accused, c.Reason, c.Under, c.Explains, c.Contradicts)
	}
	return b.String()
}
