package truth_test

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/truth"
	"github.com/portolan-net/portolan/model"
)

// TestDiagnoseTruth gives a few measured connections of each target to the
// diagnosis, with the dataplane told and with it left out. Where no enforcer ran
// no policy is the culprit; where one ran and the input says so, everything is
// explained.
func TestDiagnoseTruth(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/truth/*")
	if err != nil || len(dirs) < 4 {
		t.Fatalf("measured clusters: %v, %v", dirs, err)
	}
	for _, dir := range dirs {
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
		type asked struct {
			truth.Dataplane
			to string
		}
		groups := map[asked][]explain.Observation{}
		var order []asked
		for i := range probes {
			p := &probes[i]
			k := asked{p.Dataplane, p.To}
			if groups[k] == nil {
				order = append(order, k)
			}
			groups[k] = append(groups[k], observed(t, p))
		}
		r := rand.New(rand.NewPCG(1, 2))
		for _, k := range order {
			all := groups[k]
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			for _, told := range []bool{true, false} {
				s := *in.Snapshot
				if s.Fabric, err = topology.Fabric(k.Dataplane); err != nil {
					t.Fatal(err)
				}
				if !told {
					s.Fabric.Dataplane.Policy, s.Fabric.Dataplane.Proxy = "", ""
				}
				m, err := model.Compile(&s)
				if err != nil {
					t.Fatal(err)
				}
				d, err := explain.Diagnose(m, k.to, "", all[:min(5, len(all))])
				if err != nil {
					t.Fatal(err)
				}
				judge(t, filepath.Base(dir)+" "+k.Proxy+" "+k.Policy, d, k.Policy, told)
			}
		}
	}
}

func observed(t *testing.T, p *truth.Probe) explain.Observation {
	t.Helper()
	var words []string
	for _, s := range p.Seen {
		words = append(words, s.String())
	}
	text := p.From
	if p.Via != "" {
		text += " via " + p.Via
	}
	o, err := explain.ParseObservation(text + " " + strings.Join(words, ","))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func judge(t *testing.T, name string, d *explain.Diagnosis, policy string, told bool) {
	t.Helper()
	accused := d.Accused()
	if policy == "none" && slices.ContainsFunc(accused, func(o flow.Object) bool { return o.Kind == "NetworkPolicy" }) {
		t.Errorf("%s, told %v: %s: nobody enforces policies, and accused are %v%s", name, told, d.Target, accused, lines(d))
	}
	if told && d.Outcome != explain.Explained && d.Outcome != explain.Expected {
		t.Errorf("%s: %s is %s%s", name, d.Target, d.Outcome, lines(d))
	}
}

func lines(d *explain.Diagnosis) string {
	s := ""
	for i := range d.Seen {
		s += "\n\t" + d.Seen[i].Text
	}
	for i := range d.Causes {
		s += "\n\t-> " + d.Causes[i].Reason.String() + " under " + d.Causes[i].Under.String()
	}
	return s
}
