package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The action compares two versions, given either way.
func TestActionDiff(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	var action struct {
		Runs struct {
			Steps []struct {
				Run string
				Env map[string]string
			}
		}
	}
	parseYAML(t, "../../action.yml", &action)
	step := action.Runs.Steps[2]
	for name, given := range map[string][]string{
		"two":     {"BASE=examples/upgrade/before", "FILES=examples/upgrade/after\n", "WITH="},
		"overlay": {"BASE=", "FILES=examples/upgrade/before", "WITH=examples/upgrade/after/networkpolicies.yaml\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			bin := filepath.Join(dir, "bin")
			if err := os.Mkdir(bin, 0o755); err != nil {
				t.Fatal(err)
			}
			self, err := exec.LookPath("portolan")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(self, filepath.Join(bin, "portolan")); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\necho "+dir+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			c := exec.Command(bash, "-e", "-o", "pipefail", "-c", step.Run)
			c.Dir = "../.."
			c.Env = append([]string{
				"PATH=" + bin + ":" + os.Getenv("PATH"), "RUNNER_TEMP=" + dir, "GITHUB_STEP_SUMMARY=" + dir + "/summary", "GITHUB_OUTPUT=" + dir + "/output", "LC_ALL=C",
				"COMMAND=diff", "RECURSIVE=true", "FAIL_ON=warning", "NAMESPACE=default", "SARIF=" + dir + "/out.sarif",
			}, given...)
			out, err := c.Output()
			if c.ProcessState.ExitCode() != exitFinding || !strings.Contains(string(out), "::error title=service-lost,file=examples/upgrade/after/networkpolicies.yaml,line=24::") {
				t.Errorf("%v: %s", err, out)
			}
			if text, err := os.ReadFile(dir + "/summary"); err != nil || !strings.Contains(string(text), "### portolan diff") {
				t.Errorf("%v, %.200s", err, text)
			}
		})
	}
	for _, name := range []string{"BASE", "WITH", "NAMESPACE"} {
		if step.Env[name] == "" {
			t.Errorf("the action does not pass %s on", name)
		}
	}
}
