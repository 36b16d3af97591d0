package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// said is what a program did.
type said struct {
	Out, Err string
	Code     int
}

// Kubectl runs the real kubectl as a user, and returns what it printed; the test ends
// where it fails.
func (c *Cluster) Kubectl(user, stdin string, args ...string) string {
	c.t.Helper()
	s := c.run(c.kubectl(), user, stdin, args...)
	if s.Code != 0 {
		c.t.Fatalf("kubectl %s: exit %d: %s", strings.Join(args, " "), s.Code, s.Err)
	}
	return s.Out
}

// Portolan runs the product as a user.
func (c *Cluster) Portolan(user, stdin string, args ...string) said {
	c.t.Helper()
	return c.run(product, user, stdin, args...)
}

// Shell runs a line as people type it, with kubectl and portolan in the path.
func (c *Cluster) Shell(user, line string) said {
	c.t.Helper()
	c.kubectl()
	return c.run("/bin/sh", user, "", "-ec", line)
}

// kubectl is this binary by that name, as a file.
func (c *Cluster) kubectl() string {
	c.t.Helper()
	bin := c.file("bin")
	file := filepath.Join(bin, "kubectl")
	if _, err := os.Lstat(file); err == nil {
		return file
	}
	must(c.t, os.MkdirAll(bin, 0o755))
	self, err := os.Executable()
	must(c.t, err)
	must(c.t, os.Symlink(self, file))
	must(c.t, os.Symlink(product, filepath.Join(bin, "portolan")))
	return file
}

// run runs a program with the user's kubeconfig as the only one.
func (c *Cluster) run(program, user, stdin string, args ...string) said {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), program, args...)
	cmd.Env = append(os.Environ(),
		"HOME="+c.dir, "KUBECONFIG="+c.Kubeconfig(user), "PATH="+c.file("bin")+":"+os.Getenv("PATH"), "LC_ALL=C", "NO_COLOR=1")
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		c.t.Fatalf("%s: %v", program, err)
	}
	return said{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}
