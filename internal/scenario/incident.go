package scenario

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/explain"
)

// Incident is a file of testdata/incidents: a cluster, what people saw, and what
// it was.
//
//	# One sentence that says what was wrong
//	source: where the case comes from
//	base: a01-seed                  a scenario whose cluster it is, or
//	lab: three-nodes                the sections of a scenario: nodes, pods, ...
//	-- diagnoses --
//	ask svc/app/ssh:22              begins a diagnosis
//	without NetworkPolicy/app/x     leave an object of the cluster out, or a kind
//	seen node/n1 timeout            as for --seen
//	outcome explained               explained, suspected, unexplained, expected
//	first NetworkPolicy/app/x       the objects of the first cause, or its code
//	accused none                    all that are accused; else those of first
//	never NetworkPolicy/app/y       must not be accused
type Incident struct {
	Scenario
	Base      string
	Diagnoses []Diagnosis
}

// Diagnosis is one question of an incident with what is expected.
type Diagnosis struct {
	Line    int
	Target  string
	Without []string
	Seen    []explain.Observation
	Outcome string
	First   []string
	Accused []string
	Never   []string
}

// ParseIncident reads an incident. Whatever it does not know is an *Error.
func ParseIncident(name string, data []byte) (*Incident, error) {
	in := &Incident{Scenario: Scenario{Name: name}}
	p := &parser{file: name, s: &in.Scenario}
	if p.nameless(string(data)); p.err != nil {
		return nil, p.err
	}
	a := txtar.Parse(data)
	p.incidentHeader(in, string(a.Comment))
	line := strings.Count(string(a.Comment), "\n") + 1
	var unused section
	for _, f := range a.Files {
		p.line = line
		s := section{data: string(f.Data), line: line + 1, there: true}
		if f.Name == "diagnoses" {
			p.diagnoses(in, s)
		} else {
			p.section(f.Name, s, &unused)
		}
		line += 1 + strings.Count(string(f.Data), "\n")
	}
	if unused.there {
		p.fail("an incident has diagnoses, not questions")
	}
	if len(in.Diagnoses) == 0 {
		p.fail("a section -- diagnoses -- is missing")
	}
	if p.err != nil {
		return nil, p.err
	}
	return in, nil
}

func (p *parser) incidentHeader(in *Incident, text string) {
	for i, line := range strings.Split(text, "\n") {
		p.line = i + 1
		key, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		switch value = strings.TrimSpace(value); {
		case strings.HasPrefix(line, "#"):
			if in.Title == "" {
				in.Title = strings.TrimSpace(line[1:])
			}
		case strings.TrimSpace(line) == "":
		case !ok || value == "":
			p.fail("in the header stand a # title and lines \"key: value\"")
		case key == "source" || key == "lab":
			p.key(key, value)
		case key == "base":
			in.Base = value
		default:
			p.fail("unknown key " + key + ": source, lab and base are known")
		}
	}
	if in.Title == "" || len(in.Sources) == 0 {
		p.fail("an incident has a # title and a source: ...")
	}
}

func (p *parser) diagnoses(in *Incident, s section) {
	p.lines(s, func(line string) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		value = strings.TrimSpace(value)
		if key == "ask" {
			in.Diagnoses = append(in.Diagnoses, Diagnosis{Line: p.line, Target: value})
			return
		}
		if len(in.Diagnoses) == 0 || value == "" {
			p.fail("a diagnosis begins with ask TARGET, then key and value")
			return
		}
		p.diagnosis(&in.Diagnoses[len(in.Diagnoses)-1], key, value)
	})
	for i := range in.Diagnoses {
		d := &in.Diagnoses[i]
		p.line = d.Line
		if len(d.Seen) == 0 || d.Outcome == "" {
			p.fail("a diagnosis has what was seen and an outcome")
		}
		if d.Accused == nil && len(d.First) > 0 && strings.Contains(d.First[0], "/") {
			d.Accused = d.First
		}
	}
}

func (p *parser) diagnosis(d *Diagnosis, key, value string) {
	switch key {
	case "without":
		d.Without = append(d.Without, value)
	case "seen":
		o, err := explain.ParseObservation(value)
		if err != nil {
			p.fail(err.Error())
		}
		d.Seen = append(d.Seen, o)
	case "outcome":
		d.Outcome = value
	case "first":
		d.First = strings.Split(value, ", ")
	case "accused":
		d.Accused = []string{}
		if value != "none" {
			d.Accused = strings.Split(value, ", ")
		}
	case "never":
		d.Never = append(d.Never, value)
	default:
		p.fail("unknown key " + key + ": ask, without, seen, outcome, first, accused and never are known")
	}
}

// Cluster reads the incident's cluster: its own, or that of its base.
func (in *Incident) Cluster(scenarios string) (*cluster.Snapshot, error) {
	labs := filepath.Join(scenarios, "labs")
	if in.Base == "" {
		return in.Snapshot(labs)
	}
	file := filepath.Join(scenarios, in.Base+".txtar")
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, err := Parse(file, data)
	if err != nil {
		return nil, err
	}
	return s.Snapshot(labs)
}

// Leave returns the cluster without some policies and Services.
func (d *Diagnosis) Leave(s *cluster.Snapshot) *cluster.Snapshot {
	c := *s
	gone := func(name string) bool {
		kind, _, _ := strings.Cut(name, "/")
		return slices.Contains(d.Without, name) || slices.Contains(d.Without, kind)
	}
	c.NetworkPolicies = slices.DeleteFunc(slices.Clone(s.NetworkPolicies), func(p cluster.NetworkPolicy) bool { return gone(p.Object().String()) })
	c.Services = slices.DeleteFunc(slices.Clone(s.Services), func(x cluster.Service) bool { return gone(x.Object().String()) })
	return &c
}
