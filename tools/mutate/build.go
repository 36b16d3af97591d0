package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// program is the tests of one package, built with every mutant inside.
type program struct {
	name, path, dir string
}

// test is one Test function, and the mutants that it meets: under -short, or whole.
type test struct {
	*program
	name  string
	whole bool
	takes time.Duration // of the processors, together
	meets map[int]bool
}

// writeOverlay writes what `go build -overlay` reads.
func writeOverlay(dir string, replace map[string]string) (string, error) {
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, b, 0o600)
}

// build makes the test programs. A package without tests has none.
func build(root, dir, overlay string, pkgs []string) ([]*program, error) {
	list, err := goList(root, pkgs)
	if err != nil {
		return nil, err
	}
	var out []*program
	for i, l := range list {
		p := &program{name: filepath.Base(l.ImportPath), path: filepath.Join(dir, fmt.Sprintf("%d.test", i)), dir: l.Dir}
		cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", p.path, l.ImportPath)
		cmd.Dir = root
		if b, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("building %s: %w\n%s", l.ImportPath, err, b)
		}
		if _, err := os.Stat(p.path); errors.Is(err, os.ErrNotExist) {
			continue
		}
		out = append(out, p)
	}
	return out, nil
}

// survey runs every test once without a mutant: under -short, and then those whole
// that take longer then. The quickest is first.
func survey(dir string, programs []*program, without *regexp.Regexp, quick bool) ([]*test, error) {
	var out []*test
	for _, p := range programs {
		b, err := p.command(context.Background(), "-test.list=^Test").Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		for name := range strings.FieldsSeq(string(b)) {
			if without.MatchString(name) {
				continue
			}
			short, whole := &test{program: p, name: name}, &test{program: p, name: name, whole: true}
			if err := short.first(dir); err != nil {
				return nil, err
			}
			if out = append(out, short); quick {
				continue
			}
			if err := whole.first(dir); err != nil {
				return nil, err
			}
			if whole.takes > 2*short.takes {
				out = append(out, whole)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *test) int { return cmp.Compare(a.takes, b.takes) })
	return out, nil
}

// first runs the test without a mutant.
func (t *test) first(dir string) error {
	met := filepath.Join(dir, "met")
	var err error
	if t.takes, err = t.run(time.Hour, 0, met); err != nil {
		return fmt.Errorf("%s %s fails without a mutant: %w", t.program.name, t.name, err)
	}
	return t.read(met)
}

func (t *test) read(met string) error {
	t.meets = map[int]bool{}
	b, err := os.ReadFile(met)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for word := range strings.FieldsSeq(string(b)) {
		n, err := strconv.Atoi(word)
		if err != nil {
			return err
		}
		t.meets[n] = true
	}
	return os.Remove(met)
}

// memory is how much a test may take, in KiB: a mutant may never stop asking for
// more.
const memory = 8 << 20

// stuck is how long a test may wait, beside what it may take of a processor: a
// busy machine makes it wait, and so does a mutant that waits for itself.
const stuck = 10 * time.Minute

func (p *program) command(ctx context.Context, args ...string) *exec.Cmd {
	return p.limited(ctx, time.Hour, args...)
}

// limited ends when the program has had the processors for so long.
func (p *program) limited(ctx context.Context, cpu time.Duration, args ...string) *exec.Cmd {
	seconds := strconv.Itoa(int(cpu/time.Second) + 1)
	words := append([]string{"-c", `ulimit -v "$0" && ulimit -t "$1" && shift && exec "$@"`, strconv.Itoa(memory), seconds, p.path}, args...)
	cmd := exec.CommandContext(ctx, "sh", words...)
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	return cmd
}

// run is the test with one mutant on, and what it took of the processors; an error
// is a test that failed, or took more than it may.
func (t *test) run(limit time.Duration, mutant int, met string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit+stuck)
	defer cancel()
	cmd := t.limited(ctx, limit, "-test.failfast", "-test.run=^"+t.name+"$", "-test.short="+strconv.FormatBool(!t.whole))
	cmd.Env = append(os.Environ(), "MUTANT="+strconv.Itoa(mutant), "MET="+met)
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return 0, err
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), err
}
