package upstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

// childName is the name under which this binary starts itself.
const childName = "portolan-kube-proxy"

// IsChild reports whether this process is one that Start started. Its main, or
// TestMain, must then do nothing but Serve.
func IsChild() bool { return len(os.Args) == 1 && os.Args[0] == childName }

// Serve is kube-proxy: it does what Start and Apply order until the process that
// ordered it closes the pipe, or is no more. A sync that runs then is not waited
// for.
func Serve() error {
	out := json.NewEncoder(os.Stdout)
	os.Stdout = os.Stderr // whatever else wants to print
	log := &faults{}
	klog.SetLogger(logr.New(log))
	orders, done := make(chan order), make(chan error, 1)
	go func() {
		in := json.NewDecoder(os.Stdin)
		for {
			var o order
			if err := in.Decode(&o); errors.Is(err, io.EOF) {
				done <- nil
				return
			} else if err != nil {
				done <- fmt.Errorf("order: %w", err)
				return
			}
			orders <- o
		}
	}()
	var p *proxier
	for {
		select {
		case err := <-done:
			return err
		case o := <-orders:
			go func() {
				var r reply
				var err error
				if o.Config != nil {
					p, err = newProxier(o.Config)
				}
				if err == nil {
					start := time.Now()
					p.apply(&o.Change)
					r.Took = time.Since(start)
				}
				if r.Errors = log.take(o.Config != nil); err != nil {
					r.Errors = append(r.Errors, err.Error())
				}
				if err := out.Encode(r); err != nil {
					done <- err
				}
			}()
		}
	}
}

// faults is a logger that keeps what is logged as an error.
type faults struct {
	mu  sync.Mutex
	all []fault
}

type fault struct{ msg, text string }

// take returns what was logged since the last time. Before its first sync
// kube-proxy looks for the sets of a table that is not there yet, and logs that.
// It also logs that an endpoint's port without a number is none.
func (f *faults) take(first bool) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, one := range f.all {
		switch {
		case one.msg == "Ignoring invalid endpoint port":
		case first && one.msg == "Failed to list existing sets" && strings.Contains(one.text, syscall.ENOENT.Error()):
		default:
			all = append(all, one.text)
		}
	}
	f.all = nil
	return all
}

// Init is, with the next ones, logr.LogSink.
func (*faults) Init(logr.RuntimeInfo) {}

// Enabled keeps kube-proxy from wording what nobody reads.
func (*faults) Enabled(int) bool { return false }

// Info forgets.
func (*faults) Info(int, string, ...any) {}

// Error keeps the line.
func (f *faults) Error(err error, msg string, kv ...any) {
	var b strings.Builder
	fmt.Fprintf(&b, "kube-proxy: %s", msg)
	if err != nil {
		fmt.Fprintf(&b, ": %v", err)
	}
	for i := 0; i+1 < len(kv); i += 2 {
		fmt.Fprintf(&b, " %v=%v", kv[i], kv[i+1])
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, fault{msg, b.String()})
}

// WithValues says whose line it is only by the error.
func (f *faults) WithValues(...any) logr.LogSink { return f }

// WithName likewise.
func (f *faults) WithName(string) logr.LogSink { return f }
