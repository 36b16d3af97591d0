package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v3"

	"github.com/portolan-net/portolan/internal/kube"
)

const (
	chartDir = "../../deploy/chart/portolan"
	baseDir  = "../../deploy/kustomize/base"
)

// TestDeployRole: the roles of deploy/ are those of `portolan auth --local`, with each
// list watched besides. UPDATE=1 writes them.
func TestDeployRole(t *testing.T) {
	var role bytes.Buffer
	if err := kube.WriteWatchRole(&role); err != nil {
		t.Fatal(err)
	}
	const head = "# Written by UPDATE=1 go test ./cmd/portolan: the rights of `portolan auth`, watched.\n"
	_, rules, ok := strings.Cut(role.String(), "rules:\n")
	if !ok {
		t.Fatal("the role has no rules")
	}
	for file, want := range map[string]string{
		baseDir + "/clusterrole.yaml": head + role.String(),
		chartDir + "/templates/clusterrole.yaml": "{{- /* " + strings.TrimSpace(strings.TrimPrefix(head, "# ")) + " */ -}}\n{{- if .Values.rbac.create }}\n" +
			"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: {{ .Release.Namespace }}-{{ .Release.Name }}\n" +
			"  labels: {{ template \"portolan.labels\" . }}\nrules:\n" + rules + "{{- end }}\n",
	} {
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil || string(got) != want {
			t.Errorf("%s is not what the table says (%v); UPDATE=1 writes it", file, err)
		}
	}
	for _, line := range strings.Split(rules, "\n") {
		_, verbs, isVerbs := strings.Cut(line, "verbs: ")
		if isVerbs && verbs != "[list, watch]" && verbs != "[get]" || strings.Contains(line, "secrets") {
			t.Errorf("%s", line)
		}
	}
}

// rendered is the chart with values over its own, without helm: its templates need no
// more than Go's own and two functions.
func rendered(t *testing.T, over string) []byte {
	t.Helper()
	var values, more map[string]any
	text, err := os.ReadFile(chartDir + "/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(over), &more); err != nil {
		t.Fatal(err)
	}
	maps.Copy(values, more)
	tpl, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"quote": strconv.Quote,
		"toJson": func(v any) (string, error) {
			out, err := json.Marshal(v)
			return string(out), err
		},
	}).ParseGlob(chartDir + "/templates/*")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, one := range tpl.Templates() {
		if !strings.HasSuffix(one.Name(), ".yaml") {
			continue
		}
		out.WriteString("---\n")
		if err := one.Execute(&out, map[string]any{
			"Values": values, "Release": map[string]string{"Name": "watch", "Namespace": "portolan", "Service": "Helm"}, "Chart": map[string]string{"AppVersion": "v9"},
		}); err != nil {
			t.Fatal(err)
		}
		out.WriteString("\n")
	}
	return out.Bytes()
}

// documents are the objects of a text, by kind.
func documents(t *testing.T, text []byte) map[string][]map[string]any {
	t.Helper()
	all := map[string][]map[string]any{}
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc map[string]any
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("%v in\n%s", err, text)
		}
		if kind, _ := doc["kind"].(string); kind != "" {
			all[kind] = append(all[kind], doc)
		}
	}
}

func at(v any, path ...any) any {
	for _, p := range path {
		switch key := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[key]
		case int:
			l, _ := v.([]any)
			if key >= len(l) {
				return nil
			}
			v = l[key]
		}
	}
	return v
}

const allValues = `
events: true
podMonitor: true
watch: [external, "svc/test/ssh:22"]
podAnnotations: {prometheus.io/scrape: "true"}
fabric: [{apiVersion: portolan.dev/v1alpha1, kind: Fabric, metadata: {name: dc1}, spec: {clients: [{name: a, addresses: [203.0.113.10]}]}}]
expectations: [{apiVersion: portolan.dev/v1alpha1, kind: Expectations, metadata: {name: gate}, spec: {expect: [{from: external, to: "svc/test/ssh:22", verdict: REACHABLE}]}}]
priorityClassName: high
`

// TestDeploy: what runs is nobody, writes nothing, is probed, and may read and no more;
// lint has nothing to say of it, nor Portolan of its own NetworkPolicy.
func TestDeploy(t *testing.T) {
	sandbox(t)
	base := bytes.Buffer{}
	files, err := filepath.Glob(baseDir + "/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(f) != "kustomization.yaml" {
			base.WriteString("---\n" + string(text))
		}
	}
	role := documents(t, base.Bytes())["ClusterRole"][0]["rules"]
	for name, text := range map[string][]byte{"kustomize": base.Bytes(), "chart": rendered(t, ""), "chart, all of it": rendered(t, allValues)} {
		t.Run(name, func(t *testing.T) {
			all := documents(t, text)
			if len(all["Deployment"]) != 1 || len(all["ServiceAccount"]) != 1 || len(all["NetworkPolicy"]) != 1 || len(all["ClusterRole"]) == 0 || len(all["ClusterRole"]) != len(all["ClusterRoleBinding"]) {
				t.Fatalf("kinds %v", slices.Sorted(maps.Keys(all)))
			}
			pod := at(all["Deployment"][0], "spec", "template", "spec")
			c := at(pod, "containers", 0)
			for _, x := range []struct{ got, want any }{
				{at(pod, "securityContext", "runAsNonRoot"), true},
				{at(pod, "securityContext", "seccompProfile", "type"), "RuntimeDefault"},
				{at(c, "securityContext", "readOnlyRootFilesystem"), true},
				{at(c, "securityContext", "allowPrivilegeEscalation"), false},
				{at(c, "securityContext", "capabilities", "drop", 0), "ALL"},
				{at(c, "livenessProbe", "httpGet", "path"), "/healthz"},
				{at(c, "readinessProbe", "httpGet", "path"), "/readyz"},
				{at(c, "args", 0), "watch"},
				{at(c, "resources", "limits", "memory"), "512Mi"},
			} {
				if !reflect.DeepEqual(x.got, x.want) {
					t.Errorf("%v is not %v", x.got, x.want)
				}
			}
			reads := slices.ContainsFunc(all["ClusterRole"], func(r map[string]any) bool { return reflect.DeepEqual(r["rules"], role) })
			if !reads {
				t.Error("no role is that of reading")
			}
			file := filepath.Join(t.TempDir(), "all.yaml")
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if got := say(t, "", "lint", "-f", file, "--local"); got.code != 0 || !strings.Contains(got.out, "errors: 0, warnings: 0, notes: 0;") {
				t.Errorf("lint: exit %d\n%s%s", got.code, got.out, got.err)
			}
		})
	}
}

// TestDeployArgs: watch takes the arguments that the chart gives it.
func TestDeployArgs(t *testing.T) {
	all := documents(t, rendered(t, allValues))
	objects, _ := at(all["ConfigMap"][0], "data", "objects.yaml").(string)
	name := filepath.Join(t.TempDir(), "objects.yaml")
	if err := os.WriteFile(name, []byte(objects), 0o600); err != nil {
		t.Fatal(err)
	}
	var args []string
	list, _ := at(all["Deployment"][0], "spec", "template", "spec", "containers", 0, "args").([]any)
	for _, a := range list {
		s, _ := a.(string)
		s = strings.Replace(s, "/etc/portolan/objects.yaml", name, 1)
		args = append(args, strings.Replace(s, ":9090", "127.0.0.1:0", 1))
	}
	w := startWatch(t, healthy(t), args[1:]...)
	w.out.await(t, "watching test: external -> svc/test/ssh:22 REACHABLE", "1 of 1 expectations hold")
	if code := w.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestChartSchema: the schema knows every value, and no other.
func TestChartSchema(t *testing.T) {
	var values map[string]any
	var schema struct{ Properties map[string]any }
	text, err := os.ReadFile(chartDir + "/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &values); err != nil {
		t.Fatal(err)
	}
	if text, err = os.ReadFile(chartDir + "/values.schema.json"); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	delete(schema.Properties, "global") // helm's own
	if got, want := slices.Sorted(maps.Keys(schema.Properties)), slices.Sorted(maps.Keys(values)); !slices.Equal(got, want) {
		t.Errorf("the schema has %q, the values are %q", got, want)
	}
	for name, v := range values {
		inner, ok := v.(map[string]any)
		known, _ := at(schema.Properties[name], "properties").(map[string]any)
		if !ok || known == nil {
			continue
		}
		for k := range inner {
			if known[k] == nil {
				t.Errorf("the schema does not know %s.%s", name, k)
			}
		}
	}
}

// TestHelm: helm itself, where there is one, renders the same objects.
func TestHelm(t *testing.T) {
	helm, err := exec.LookPath("helm")
	if err != nil {
		t.Skip("no helm")
	}
	name := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(name, []byte(allValues), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), helm, "template", "watch", chartDir, "-n", "portolan", "-f", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	got, want := documents(t, out), documents(t, rendered(t, allValues))
	if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
		t.Errorf("helm renders %v", slices.Sorted(maps.Keys(got)))
	}
}
