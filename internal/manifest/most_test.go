package manifest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A folder of a repository: what is no object is passed over and said to be
// aside, what an API server would refuse is not; the rest is read.
func TestLoadMost(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.yaml":                  "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
		"b-again.yaml":            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {x: y}}\n",
		"b-list.yaml":             "- op: add\n  path: /spec\n",
		"b-values.yaml":           "apiVersion: v2\nname: chart\n",
		"b-generated.yaml":        "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: x-}\n",
		"b-blank.yaml":            "apiVersion: v1\nkind: Namespace\nmetadata: {name: $(NAME)}\n",
		"b-template.yaml":         "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {{ .Values.name }}\n",
		"built/kustomization.yml": "resources: [x.yaml]\n",
		"built/patches/p.yaml":    "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {type: ClusterIP}\n",
		"z-refused.yaml":          "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 0}]}\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	in, over, err := LoadMost([]string{dir}, Options{Recursive: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(in.Snapshot.Pods) != 1 || in.Snapshot.Pods[0].Name != "a" {
		t.Errorf("pods %v", in.Snapshot.Pods)
	}
	var refused, aside []string
	for _, x := range over {
		name, err := filepath.Rel(dir, x.Position.File)
		if err != nil || x.Reason == "" {
			t.Errorf("%+v: %v", x, err)
		}
		if x.Aside {
			aside = append(aside, name)
		} else {
			refused = append(refused, name)
		}
	}
	if want := []string{"z-refused.yaml"}; !slices.Equal(refused, want) {
		t.Errorf("refused %q, want %q", refused, want)
	}
	want := []string{"b-again.yaml", "b-blank.yaml", "b-generated.yaml", "b-list.yaml", "b-template.yaml", "b-values.yaml", "built/patches/p.yaml"}
	if !slices.Equal(aside, want) {
		t.Errorf("aside %q, want %q", aside, want)
	}
	// A file that somebody names must be good.
	if _, _, err := LoadMost([]string{filepath.Join(dir, "z-refused.yaml")}, Options{}); err == nil {
		t.Error("a named file that is refused is no error")
	}
	// What is too much is too much.
	if _, _, err := LoadMost([]string{dir}, Options{Limits: Limits{Bytes: 10}}); err == nil {
		t.Error("a folder above the limit is no error")
	}
}

// Where a folder holds nothing but what is refused, that is the answer: not that it
// holds nothing. A folder of patches alone has nothing to say.
func TestLoadMostRefusedAlone(t *testing.T) {
	write := func(text string) string {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	in, over, err := LoadMost([]string{write("apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 0}]}\n")}, Options{})
	if err != nil || len(over) != 1 || over[0].Aside || over[0].Position.Line == 0 {
		t.Fatalf("%+v, %v", over, err)
	}
	if len(in.Snapshot.Services) > 0 || !slices.Contains(in.Snapshot.Absent, "Pod") {
		t.Errorf("%+v", in.Snapshot)
	}
	if _, _, err := LoadMost([]string{write("- op: add\n  path: /spec\n")}, Options{}); err == nil {
		t.Error("a patch alone is an input")
	}
}
