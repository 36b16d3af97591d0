//go:build linux

package proof

import (
	"errors"
	"maps"
	"sync"

	"github.com/portolan-net/portolan/internal/kernel"
	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/nft"
)

// Rules are our own rules as a lab's dataplane: what every node's kernel holds.
// Installed again after Follow, a node gets what has changed.
type Rules struct {
	mu      sync.Mutex
	m       *model.Model
	options nft.Options
	nodes   map[string]*loaded
}

// loaded is a node's kernel and what it holds.
type loaded struct {
	handle  *kernel.Handle
	program *nft.Program
}

// Ours are our rules for what the model's profile has: a proxy, an enforcer,
// both or none.
func Ours(m *model.Model) *Rules { return OursWith(m, nft.For(m)) }

// OursWith are our rules, or the halves of them that the options name.
func OursWith(m *model.Model, o nft.Options) *Rules {
	return &Rules{m: m, options: o, nodes: map[string]*loaded{}}
}

// Follow makes the next Install one of another model, printed with the same
// options.
func (r *Rules) Follow(m *model.Model) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.m = m
}

// Program is what a node's kernel holds, nil before Install.
func (r *Rules) Program(node string) *nft.Program {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.nodes[node]; l != nil {
		return l.program
	}
	return nil
}

// Handle is a node's kernel, nil before Install.
func (r *Rules) Handle(node string) *kernel.Handle {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.nodes[node]; l != nil {
		return l.handle
	}
	return nil
}

// Install makes the kernel of the calling thread's namespace hold the node's
// program.
func (r *Rules) Install(node *lab.Machine) error {
	r.mu.Lock()
	m, before := r.m, r.nodes[node.Node()]
	r.mu.Unlock()
	if before == nil {
		h, err := kernel.Open()
		if err != nil {
			return err
		}
		before = &loaded{handle: h}
	}
	p, err := nft.Compile(m, node.Node(), r.options, before.program)
	if err != nil {
		return errors.Join(err, before.handle.Close())
	}
	if err := before.handle.Apply(nft.Diff(before.program, p)); err != nil {
		return errors.Join(err, before.handle.Close())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nodes[node.Node()] = &loaded{handle: before.handle, program: p}
	return nil
}

// Forget makes every node judge again what it let in.
func (r *Rules) Forget() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for l := range maps.Values(r.nodes) {
		errs = append(errs, l.handle.Forget())
	}
	return errors.Join(errs...)
}

// Close gives the nodes' kernels back.
func (r *Rules) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for l := range maps.Values(r.nodes) {
		errs = append(errs, l.handle.Close())
	}
	clear(r.nodes)
	return errors.Join(errs...)
}
