package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The hook's command is one that there is, with flags that it has.
func TestPreCommitHook(t *testing.T) {
	var hooks []struct {
		ID, Name, Entry, Language, Files string
		PassFilenames                    *bool `yaml:"pass_filenames"`
		Args                             []string
	}
	parseYAML(t, "../../.pre-commit-hooks.yaml", &hooks)
	if len(hooks) != 1 || hooks[0].ID == "" || hooks[0].Name == "" || hooks[0].Language != "golang" || hooks[0].PassFilenames == nil || *hooks[0].PassFilenames {
		t.Fatalf("%+v", hooks)
	}
	if _, err := regexp.Compile(hooks[0].Files); err != nil {
		t.Error(err)
	}
	words := strings.Fields(hooks[0].Entry)
	if words[0] != "portolan" {
		t.Fatalf("entry %q", hooks[0].Entry)
	}
	t.Chdir("../../examples/shared-vip")
	var out, errs strings.Builder
	if code := run(append(words[1:], hooks[0].Args...), strings.NewReader(""), &out, &errs); code != exitFinding || errs.Len() > 0 {
		t.Errorf("exit code %d, %s", code, errs.String())
	}
}

// The action's steps do what they say, with this program in the place of the one
// that it installs.
func TestAction(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	var action struct {
		Name, Description string
		Inputs            map[string]struct {
			Description, Default string
		}
		Runs struct {
			Using string
			Steps []struct {
				Name, ID, Shell, Run, Uses string
				Env                        map[string]string
			}
		}
	}
	parseYAML(t, "../../action.yml", &action)
	if action.Runs.Using != "composite" || len(action.Runs.Steps) != 3 || action.Runs.Steps[2].ID != "run" {
		t.Fatalf("%+v", action.Runs)
	}
	input := regexp.MustCompile(`^\$\{\{ inputs\.([a-z-]+) \}\}$`)
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// testscript.Main makes this binary act as the command of the name it is called by.
	if err := os.Symlink(exe, filepath.Join(bin, "portolan")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\necho "+dir+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	step := action.Runs.Steps[2]
	sarif := filepath.Join(dir, "out.sarif")
	env := []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "RUNNER_TEMP=" + dir, "GITHUB_STEP_SUMMARY=" + dir + "/summary", "GITHUB_OUTPUT=" + dir + "/output", "LC_ALL=C"}
	for name, val := range step.Env {
		m := input.FindStringSubmatch(val)
		if m == nil {
			t.Fatalf("%s: %q is no input", name, val)
		}
		in, ok := action.Inputs[m[1]]
		if !ok || in.Description == "" {
			t.Errorf("%s: no input %s", name, m[1])
		}
		switch name {
		case "SARIF":
			in.Default = sarif
		case "FILES":
			in.Default = "examples/shared-vip\nexamples/test-network-policy\n"
		}
		env = append(env, name+"="+in.Default)
	}
	c := exec.Command(bash, "-e", "-o", "pipefail", "-c", step.Run)
	c.Dir, c.Env = "../..", env
	out, err := c.Output()
	if c.ProcessState.ExitCode() != exitFinding || !strings.Contains(string(out), "::error title=load-balancer-closed-by-policy,file=examples/shared-vip/cluster.yaml,line=289::") {
		t.Errorf("%v: %s", err, out)
	}
	for name, want := range map[string]string{"summary": "### portolan lint", "output": "sarif=" + sarif, "out.sarif": `"version": "2.1.0"`} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, %.200s", name, err, text)
		}
	}
}

func parseYAML(t *testing.T, file string, to any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, to); err != nil {
		t.Fatal(err)
	}
}
