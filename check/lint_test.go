package check_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/portolan-net/portolan/check"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
)

// byReader are the codes that the reader of manifests finds; cmd/portolan has
// their transcripts.
var byReader = []check.Code{check.UnknownField, check.HostBits, check.ObjectRefused, check.DocumentSkipped}

// Each code has a file with a cluster that fires it, where it is said to stand,
// and a near miss that does not.
func TestLint(t *testing.T) {
	for _, r := range check.Rules() {
		if slices.Contains(byReader, r.Code) {
			continue
		}
		t.Run(string(r.Code), func(t *testing.T) {
			a, err := txtar.ParseFile(filepath.Join("testdata/lint", string(r.Code)+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string]string{}
			for _, f := range a.Files {
				parts[f.Name] = string(f.Data)
			}
			if parts["fires/want"] == "" || parts["near/cluster.yaml"] == "" {
				t.Fatal("a cluster that fires the code and a near miss are wanted")
			}
			own := strings.Contains(string(a.Comment), "nodes: own")
			for name := range parts {
				half, file, _ := strings.Cut(name, "/")
				if file != "cluster.yaml" {
					continue
				}
				if strings.HasPrefix(half, "fires") == (parts[half+"/want"] == "") {
					t.Errorf("%s: what fires says where, a near miss says nothing", half)
				}
				if got := lintOf(t, parts, half, own, r.Code); got != parts[half+"/want"] {
					t.Errorf("%s: got %q, want %q", half, got, parts[half+"/want"])
				}
			}
		})
	}
	files, err := filepath.Glob("testdata/lint/*.txtar")
	if err != nil || len(files) != len(check.Rules())-len(byReader) {
		t.Errorf("%d files for %d codes, %v", len(files), len(check.Rules())-len(byReader), err)
	}
}

// lintOf lints one half of a file for one code: a line for each finding.
func lintOf(t *testing.T, parts map[string]string, half string, ownNodes bool, code check.Code) string {
	t.Helper()
	l := check.Run(read(t, parts[half+"/pods"], parts[half+"/cluster.yaml"], ownNodes), check.Options{Only: []check.Code{code}})
	var b strings.Builder
	for i := range l.Findings {
		f := &l.Findings[i]
		if f.Code != code || f.Severity != check.SeverityOf(code) || f.Position.File == "" || f.Position.Line == 0 {
			t.Errorf("%s, %s at %s", f.Code, f.Severity, f.Position)
		}
		b.WriteString(strings.TrimSpace(f.Object.String()+" "+f.Field) + "\n")
	}
	return b.String()
}

// read compiles a cluster: the three nodes of the scenarios, pods in short hand
// (NAMESPACE/NAME NODE ADDRESSES|- [hostNetwork] LABELS [ports PORTS]), and YAML.
func read(t testing.TB, pods, cluster string, ownNodes bool) *model.Model {
	t.Helper()
	b := manifest.NewBuilder(manifest.Options{})
	if !ownNodes {
		lab, err := os.ReadFile("../testdata/scenarios/labs/three-nodes.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Add("nodes.yaml", lab); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(pods) {
		if err := b.Add("pods", []byte(podYAML(strings.Fields(line)))); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	if err := b.Add("cluster.yaml", []byte(cluster)); err != nil {
		t.Fatal(err)
	}
	in, err := b.Input()
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Compile(in.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func podYAML(words []string) string {
	ns, name, _ := strings.Cut(words[0], "/")
	spec, status := "nodeName: "+words[1], ""
	if words[2] != "-" {
		for ip := range strings.SplitSeq(words[2], ",") {
			status += "{ip: '" + ip + "'}, "
		}
		status = "podIPs: [" + status + "], "
	}
	labels := ""
	for i, w := range words[3:] {
		switch {
		case w == "hostNetwork":
			spec += ", hostNetwork: true"
		case strings.Contains(w, "=") && !strings.HasPrefix(words[3+max(i-1, 0)], "ports"):
			labels = strings.ReplaceAll(strings.ReplaceAll(w, "=", ": "), ",", ", ")
		case w == "ports":
			spec += ", containers: [{name: c, ports: [" + portsYAML(words[3+i+1]) + "]}]"
		}
	}
	return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: " + ns + ", labels: {" + labels + "}}\nspec: {" + spec +
		"}\nstatus: {" + status + "phase: Running, conditions: [{type: Ready, status: 'True'}]}\n"
}

func portsYAML(list string) string {
	var out []string
	for p := range strings.SplitSeq(list, ",") {
		port := ""
		if name, number, named := strings.Cut(p, "="); named {
			port, p = "name: "+name+", ", number
		}
		if number, udp := strings.CutSuffix(p, "/udp"); udp {
			port, p = port+"protocol: UDP, ", number
		}
		out = append(out, "{"+port+"containerPort: "+p+"}")
	}
	return strings.Join(out, ", ")
}
