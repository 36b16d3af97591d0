package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

func example(t *testing.T) *cluster.Snapshot {
	t.Helper()
	in, err := manifest.Load([]string{"../../examples/shared-vip"}, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return in.Snapshot
}

func compiled(t *testing.T, s *cluster.Snapshot) *model.Model {
	t.Helper()
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// evil is what a name must not do: colour, reorder, begin a tag, end a line.
const evil = "\x1b[31m\u202e\u0085<script>&\"'\x07\x00\n"

// spoil gives every object a hostile name, references included. The reader of
// manifests refuses such names; the reports do not rest on it.
func spoil(s *cluster.Snapshot) {
	for i := range s.Nodes {
		s.Nodes[i].Name += evil
	}
	for i := range s.Namespaces {
		s.Namespaces[i].Name += evil
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		p.Name, p.Namespace, p.Node = p.Name+evil, p.Namespace+evil, p.Node+evil
	}
	for i := range s.Services {
		s.Services[i].Name, s.Services[i].Namespace = s.Services[i].Name+evil, s.Services[i].Namespace+evil
	}
	for i := range s.NetworkPolicies {
		p := &s.NetworkPolicies[i]
		p.Name, p.Namespace, p.Manager, p.Position.File = p.Name+evil, p.Namespace+evil, evil, p.Position.File+evil
	}
	for i := range s.EndpointSlices {
		e := &s.EndpointSlices[i]
		e.Service, e.Namespace = e.Service+evil, e.Namespace+evil
		for j := range e.Endpoints {
			x := &e.Endpoints[j]
			x.Node, x.Target.Name, x.Target.Namespace = x.Node+evil, x.Target.Name+evil, x.Target.Namespace+evil
		}
	}
	for i := range s.Fabric.Routers {
		s.Fabric.Routers[i].Name += evil
	}
	for i := range s.Fabric.Clients {
		s.Fabric.Clients[i].Name += evil
	}
	s.Ignored = append(s.Ignored, cluster.Ignored{Object: flow.Object{Kind: "Kind" + evil, Name: evil}, Reason: flow.Because(flow.CodeIgnoredKind, evil, evil)})
}

// outputs are all formats, over questions that are denied, answered, refused
// and impossible.
func outputs(t *testing.T, s *cluster.Snapshot, name string) map[string]string {
	t.Helper()
	m := compiled(t, s)
	ns := "test" + name
	var results []check.Result
	out := map[string]string{}
	for i, q := range []path.Question{
		{From: "external", To: "198.51.100.17:22"},
		{From: "external", To: "198.51.100.17:80"},
		{From: "pod/" + ns + "/worker-0" + name, To: "10.96.22.22:22"},
		{From: "node/n2" + name, To: "10.96.22.22:1"},
		{From: "external", To: "10.0.0.11:31000"},
	} {
		a, err := path.Ask(m, q)
		if err != nil {
			t.Fatal(err)
		}
		sum := explain.Summarize(m, a)
		out[fmt.Sprint("trace text ", i)] = render(t, func(b *bytes.Buffer) error { return NewPrinter(b).Trace(sum) })
		out[fmt.Sprint("trace json ", i)] = render(t, func(b *bytes.Buffer) error { return TraceJSON(b, sum) })
		e := &cluster.Expectation{From: q.From, To: q.To, Set: "set" + name, Verdict: flow.Depends, HasVerdict: true, Endpoints: []string{name}, Culprit: "x" + name, Position: flow.Position{File: "f" + name, Line: 1}}
		results = append(results, check.Assert(m, e, ""), check.Assert(m, &cluster.Expectation{From: "external/nobody" + name, To: q.To}, ""))
	}
	surveys, err := explain.Surveys(m, "198.51.100.17:22", "")
	if err != nil {
		t.Fatal(err)
	}
	out["survey text"] = render(t, func(b *bytes.Buffer) error { return NewPrinter(b).Surveys(surveys) })
	out["survey json"] = render(t, func(b *bytes.Buffer) error { return SurveyJSON(b, surveys) })
	out["assert text"] = render(t, func(b *bytes.Buffer) error { return NewPrinter(b).Assert(results, true) })
	out["assert json"] = render(t, func(b *bytes.Buffer) error { return AssertJSON(b, results) })
	out["assert junit"] = render(t, func(b *bytes.Buffer) error { return AssertJUnit(b, results) })
	return out
}

func render(t *testing.T, write func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() == 0 {
		t.Error("nothing was printed")
	}
	return b.String()
}

// Names from the input reach no terminal and no JUnit document as anything but
// text: no control characters, no marks that reorder. JSON stays well-formed and
// safe to embed.
func TestHostileNames(t *testing.T) {
	s := example(t)
	spoil(s)
	for format, text := range outputs(t, s, evil) {
		if strings.Contains(format, "json") {
			if !json.Valid([]byte(text)) || strings.ContainsAny(text, "<>&\x1b\x00") {
				t.Errorf("%s is not valid, or holds a tag", format)
			}
			continue
		}
		for _, line := range strings.Split(text, "\n") {
			if strings.ContainsFunc(line, hostile) {
				t.Errorf("%s: %q", format, line)
			}
		}
		if strings.Contains(format, "junit") && (strings.Contains(text, "<script>") || xml.Unmarshal([]byte(text), new(junitSuite)) != nil) {
			t.Errorf("%s holds a tag, or is not XML", format)
		}
	}
}

func hostile(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

// "Lists are never null."
func TestJSONHasNoNull(t *testing.T) {
	empty := &cluster.Snapshot{}
	m := compiled(t, empty)
	out := outputs(t, example(t), "")
	e := check.Assert(m, &cluster.Expectation{From: "external", To: "192.0.2.1:80"}, "")
	out["empty assert json"] = render(t, func(b *bytes.Buffer) error { return AssertJSON(b, []check.Result{e}) })
	out["no assert json"] = render(t, func(b *bytes.Buffer) error { return AssertJSON(b, nil) })
	out["no survey json"] = render(t, func(b *bytes.Buffer) error { return SurveyJSON(b, nil) })
	surveys, err := explain.Surveys(m, "192.0.2.1:80", "")
	if err != nil {
		t.Fatal(err)
	}
	out["empty survey json"] = render(t, func(b *bytes.Buffer) error { return SurveyJSON(b, surveys) })
	a, err := path.Ask(m, path.Question{From: "external", To: "192.0.2.1:80"})
	if err != nil {
		t.Fatal(err)
	}
	out["empty trace json"] = render(t, func(b *bytes.Buffer) error { return TraceJSON(b, explain.Summarize(m, a)) })
	out["no trace json"] = render(t, func(b *bytes.Buffer) error {
		return TraceJSON(b, explain.Summarize(m, &path.Answer{}))
	})
	for format, text := range out {
		if !strings.Contains(format, "json") {
			continue
		}
		var doc any
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		if at := null(doc, format); at != "" {
			t.Errorf("%s is null", at)
		}
	}
}

// null returns where a document holds null, or "".
func null(v any, at string) string {
	switch v := v.(type) {
	case nil:
		return at
	case map[string]any:
		for k, x := range v {
			if found := null(x, at+"."+k); found != "" {
				return found
			}
		}
	case []any:
		for i, x := range v {
			if found := null(x, fmt.Sprint(at, "[", i, "]")); found != "" {
				return found
			}
		}
	}
	return ""
}

// Every document says its version and kind.
func TestJSONHead(t *testing.T) {
	for format, text := range outputs(t, example(t), "") {
		if !strings.Contains(format, "json") {
			continue
		}
		var h head
		if err := json.Unmarshal([]byte(text), &h); err != nil {
			t.Fatal(err)
		}
		if want := map[byte]string{'t': "Trace", 's': "Survey", 'a': "Assertions"}[format[0]]; h.Kind != want || h.APIVersion != "portolan.dev/v1alpha1" {
			t.Errorf("%s: %+v, want kind %s", format, h, want)
		}
	}
}

// A line of text is 80 columns at most, but for a word that is longer.
func TestTextWidth(t *testing.T) {
	for format, text := range outputs(t, example(t), "") {
		if !strings.Contains(format, "text") {
			continue
		}
		for _, line := range strings.Split(text, "\n") {
			if width(line) > 80 {
				t.Errorf("%s: %d columns: %q", format, width(line), line)
			}
			if strings.TrimRight(line, " ") != line {
				t.Errorf("%s: space at the end of %q", format, line)
			}
		}
	}
}
