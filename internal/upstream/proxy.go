package upstream

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// Proxy is kube-proxy on one node. It is not safe for concurrent use.
type Proxy struct {
	// Cold is how long the first sync took: from the first object that kube-proxy
	// was told of until the rules were in the kernel.
	Cold time.Duration

	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *json.Decoder
	stderr bytes.Buffer
}

// Change is what the API server would tell a watch.
type Change struct {
	// Set are objects that are new, or that replace the one of their name.
	Set Objects
	// Gone are objects that are deleted; their names count.
	Gone Objects
}

// order is what the child is asked, and reply what it answers.
type (
	order struct {
		Config *Config // the first one only
		Change Change
	}
	reply struct {
		Took   time.Duration
		Errors []string // what kube-proxy logged as an error, or why it did not start
	}
)

// Start runs kube-proxy in the namespaces of the calling thread, which the caller
// has locked, and returns when the rules for the objects are in the kernel. What
// kube-proxy logs as an error is an error. The rules stay when it is closed, as
// kube-proxy's do. The child ends with the process that started it, however that
// ends.
func Start(c Config, o Objects) (*Proxy, error) {
	p := &Proxy{cmd: exec.Command("/proc/self/exe")}
	p.cmd.Args = []string{childName}
	p.cmd.Stderr = &p.stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("kube-proxy for node %s: %w", c.Node, err)
	}
	p.in, p.out = in, json.NewDecoder(out)
	p.Cold, err = p.ask(order{Config: &c, Change: Change{Set: o}})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("kube-proxy for node %s: %w", c.Node, err), p.Close())
	}
	return p, nil
}

// Apply tells kube-proxy of a change and returns when it is in the kernel. The
// duration is kube-proxy's alone: from the first object told to the end of the
// sync, without its wait between two syncs (minSyncPeriod, a second).
func (p *Proxy) Apply(c Change) (time.Duration, error) {
	return p.ask(order{Change: c})
}

func (p *Proxy) ask(o order) (time.Duration, error) {
	if err := json.NewEncoder(p.in).Encode(o); err != nil {
		return 0, fmt.Errorf("%w: %s", err, &p.stderr)
	}
	var r reply
	if err := p.out.Decode(&r); err != nil {
		return 0, fmt.Errorf("kube-proxy ended: %w", err)
	}
	if len(r.Errors) > 0 {
		return r.Took, errors.New(strings.Join(r.Errors, "\n"))
	}
	return r.Took, nil
}

// Close ends kube-proxy and waits for it.
func (p *Proxy) Close() error {
	p.in.Close() //nolint:errcheck // a pipe
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("kube-proxy: %w: %s", err, &p.stderr)
	}
	return nil
}
