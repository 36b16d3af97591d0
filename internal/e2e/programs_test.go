package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/portolan-net/portolan/internal/lab"
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

// Inside runs the product as a user inside a machine of a lab.
func (c *Cluster) Inside(m *lab.Machine, user string, args ...string) said {
	c.t.Helper()
	var did said
	must(c.t, m.Do(func() error {
		door, err := c.door()
		if err != nil {
			return err
		}
		defer door.Close() //nolint:errcheck // a listener
		config := c.writeKubeconfig(user+" inside", "https://"+door.Addr().String(), c.tokens[user])
		did, err = c.do(c.command(product, config, args...))
		return err
	}))
	return did
}

// running is a program that goes on while the test does.
type running struct {
	c   *Cluster
	cmd *exec.Cmd

	mu   sync.Mutex
	text strings.Builder
}

// Begin starts the product as a user. It is interrupted when the test ends, and must
// then end well.
func (c *Cluster) Begin(user string, args ...string) *running {
	c.t.Helper()
	r := &running{c: c, cmd: c.command(product, c.Kubeconfig(user), args...)}
	r.cmd.Stdout, r.cmd.Stderr = r, r
	must(c.t, r.cmd.Start())
	c.t.Cleanup(func() {
		_ = r.cmd.Process.Signal(os.Interrupt) // it may have ended by itself
		if err := r.cmd.Wait(); err != nil {
			c.t.Errorf("portolan %s: %v: %s", args[0], err, r.said())
		}
	})
	return r
}

// Write takes what the program says.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *running) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// Hears waits until the program has said all the words in one line.
func (r *running) Hears(words ...string) {
	r.c.t.Helper()
	r.c.until("it says "+strings.Join(words, "... "), func() error {
		for line := range strings.Lines(r.said()) {
			if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
				return nil
			}
		}
		return errors.New(r.said())
	})
}

// Shell runs a line as people type it, with kubectl and portolan in the path.
func (c *Cluster) Shell(user, line string) said {
	c.t.Helper()
	c.kubectl()
	return c.run("/bin/sh", user, "", "-ec", line)
}

// Helm runs the real helm as the admin.
func (c *Cluster) Helm(args ...string) said {
	c.t.Helper()
	return c.run(filepath.Join(filepath.Dir(c.kubectl()), "helm"), "admin", "", args...)
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
	must(c.t, os.Symlink(self, filepath.Join(bin, "helm")))
	must(c.t, os.Symlink(product, filepath.Join(bin, "portolan")))
	must(c.t, os.Symlink(product, filepath.Join(bin, "kubectl-portolan")))
	return file
}

// run runs a program as a user, to its end.
func (c *Cluster) run(program, user, stdin string, args ...string) said {
	c.t.Helper()
	cmd := c.command(program, c.Kubeconfig(user), args...)
	cmd.Stdin = strings.NewReader(stdin)
	did, err := c.do(cmd)
	must(c.t, err)
	return did
}

// command is a program with a kubeconfig as the only one.
func (c *Cluster) command(program, kubeconfig string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(),
		"HOME="+c.dir, "KUBECONFIG="+kubeconfig, "PATH="+c.file("bin")+":"+os.Getenv("PATH"), "LC_ALL=C", "NO_COLOR=1")
	return cmd
}

func (c *Cluster) do(cmd *exec.Cmd) (said, error) {
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		return said{}, err
	}
	return said{out.String(), errs.String(), cmd.ProcessState.ExitCode()}, nil
}
