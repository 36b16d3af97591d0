package manifest

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"
)

const dump = "../../testdata/truth/18-both-sides-isolated/cluster.yaml"

// The dump of a cluster: its kinds were counted with grep.
func TestLoadDump(t *testing.T) {
	in, err := Load([]string{dump}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := in.Snapshot
	got := []int{in.Objects, len(s.Nodes), len(s.Namespaces), len(s.Pods), len(s.Services), len(s.EndpointSlices), len(s.NetworkPolicies)}
	if want := []int{30, 3, 6, 8, 4, 4, 5}; !reflect.DeepEqual(got, want) {
		t.Errorf("objects, nodes, namespaces, pods, services, slices, policies: %v, want %v", got, want)
	}
	if len(in.Warnings)+len(s.Ignored)+len(s.Foreign)+len(s.Notes)+len(s.Absent) != 0 {
		t.Errorf("warnings %v, ignored %v, foreign %v, notes %v, absent %v", in.Warnings, s.Ignored, s.Foreign, s.Notes, s.Absent)
	}
	text, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for _, p := range s.NetworkPolicies {
		if p.Position.File != dump || lines[p.Position.Line-1] != "- apiVersion: networking.k8s.io/v1" {
			t.Errorf("%s is not at %s", p.Object(), p.Position)
		}
		for _, r := range p.Ingress {
			for _, port := range r.Ports {
				if l := lines[port.Position.Line-1]; !strings.Contains(l, "- endPort:") && !strings.Contains(l, "- port:") && !strings.Contains(l, "- protocol:") {
					t.Errorf("%s: line %d is no port: %q", p.Object(), port.Position.Line, l)
				}
			}
		}
	}
}

// asJSON is a YAML document as the YAML library and encoding/json see it.
func asJSON(t testing.TB, text []byte) []byte {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(v, "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// YAML as kubectl prints it, the same with indented items (which is parsed
// whole), JSON, and UTF-16 say the same.
func TestSameInEveryNotation(t *testing.T) {
	text, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	want := plainData(mustParse(t, "a.yaml", text).Snapshot)
	var whole yaml.Node
	if err := yaml.Unmarshal(text, &whole); err != nil {
		t.Fatal(err)
	}
	indented, err := yaml.Marshal(&whole)
	if err != nil || strings.Contains(string(indented), "\n- apiVersion") {
		t.Fatalf("the YAML library does not indent items: %v", err)
	}
	units := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(string(text))) {
		units = append(units, byte(u), byte(u>>8))
	}
	one := asJSON(t, text)
	for name, data := range map[string][]byte{
		"indented.yaml": indented, "a.json": one, "stdin": one, "utf16": units,
		"bom":        append([]byte("\xEF\xBB\xBF"), text...),
		"crlf":       []byte(strings.ReplaceAll(string(text), "\n", "\r\n")),
		"twice.json": append(append([]byte{}, one...), one...),
	} {
		if got := plainData(mustParse(t, name, data).Snapshot); !reflect.DeepEqual(got, want) {
			t.Errorf("%s differs", name)
		}
	}
}

func mustParse(t *testing.T, name string, data []byte) *Input {
	t.Helper()
	in, err := Parse(name, data, Options{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return in
}

// Items that lean on each other by an anchor are read all the same.
func TestAnchorsAcrossItems(t *testing.T) {
	in := parse(t, `apiVersion: v1
items:
- apiVersion: v1
  kind: Namespace
  metadata: {name: a, labels: &l {x: y}}
- apiVersion: v1
  kind: Namespace
  metadata:
    name: b
    labels:
      <<: *l
      z: w
kind: List
`)
	if l := in.Snapshot.Namespaces[1].Labels; l["x"] != "y" || l["z"] != "w" {
		t.Errorf("labels %v", l)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func ns(name string) string {
	return "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + name + "}\n"
}

func namespaces(in *Input) []string {
	var all []string
	for _, n := range in.Snapshot.Namespaces {
		all = append(all, n.Name)
	}
	return all
}

func TestLoadDirectory(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "b.yaml", ns("b"))
	write(t, dir, "a.yml", ns("a"))
	write(t, dir, "c.json", `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "c"}}`)
	write(t, dir, "readme.txt", "not read: {{")
	write(t, dir, "sub/d.yaml", ns("d"))
	if err := os.Symlink("b.yaml", filepath.Join(dir, "link.yaml")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		paths     []string
		recursive bool
		want      []string
	}{
		{[]string{dir}, false, []string{"a", "b", "c"}},
		{[]string{dir}, true, []string{"a", "b", "c", "d"}},
		{[]string{filepath.Join(dir, "sub"), "-", filepath.Join(dir, "a.yml")}, false, []string{"d", "e", "a"}},
	} {
		in, err := Load(c.paths, Options{Recursive: c.recursive, Stdin: strings.NewReader(ns("e"))})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, strings.Join(c.paths, " "), namespaces(in), c.want)
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "out/secret.yaml", ns("secret"))
	write(t, dir, "in/sub/x.yaml", ns("x"))
	if err := os.Symlink("../../out/secret.yaml", filepath.Join(dir, "in/sub/link.yaml")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../out", filepath.Join(dir, "in/out")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name      string
		paths     []string
		recursive bool
		why, hint string
	}{
		{"nothing", nil, false, "no input was given", "-f"},
		{"missing", []string{filepath.Join(dir, "gone.yaml")}, false, "no such file or directory", "kubectl get"},
		{"directories only", []string{filepath.Join(dir, "in")}, false, "the directory holds no *.yaml, *.yml or *.json file", "-R"},
		{"link out", []string{filepath.Join(dir, "in")}, true, "a symbolic link that leads out of the directory is not followed", "-f"},
		{"stdin twice", []string{"-", "-"}, false, "standard input is named twice", ""},
		{"web", []string{"https://example.com/x.yaml"}, false, "addresses of the web are not read", "curl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(c.paths, Options{Recursive: c.recursive, Stdin: strings.NewReader(ns("e"))})
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Why != c.why || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("got %q, hint %q; want %q with %q", e.Why, e.Hint, c.why, c.hint)
			}
		})
	}
}
