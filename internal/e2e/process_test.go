package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// process is a child: this binary under another name. It ends with the tests,
// however these end, since they are the first process of its pid namespace.
type process struct {
	name  string
	log   string // a file with all that it says
	cmd   *exec.Cmd
	ended chan struct{}
	once  sync.Once
}

// launch starts a part in the namespaces of the calling thread.
func launch(dir, name string, args ...string) (*process, error) {
	p := &process{name: name, ended: make(chan struct{})}
	log, err := os.CreateTemp(dir, name+".*.log")
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the child has its own descriptor
	p.log = log.Name()
	p.cmd = exec.Command("/proc/self/exe")
	p.cmd.Args = append([]string{name}, args...)
	p.cmd.Env = append(os.Environ(), "HOME="+dir)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, log, log
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // that it ended is enough; why stands in its log
		close(p.ended)
	}()
	return p, nil
}

// kill ends the child at once and waits until it is gone.
func (p *process) kill() {
	p.once.Do(func() { _ = p.cmd.Process.Kill() }) // it may have ended by itself
	<-p.ended
}

// lastWords are the last lines of the log.
func (p *process) lastWords() string {
	const most = 12
	all, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(all), []byte("\n"))
	lines = lines[max(0, len(lines)-most):]
	return fmt.Sprintf("%s:\n%s", filepath.Base(p.log), bytes.Join(lines, []byte("\n")))
}
