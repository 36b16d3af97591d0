//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/probe"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// Options are what will be asked of a lab. The zero value is good for asking
// what the Snapshot itself names.
type Options struct {
	clients []cluster.Client
	targets []path.Target
}

// AddClient adds somebody outside, besides those that "external" stands for.
func (o *Options) AddClient(name string, addr netip.Addr) {
	for i := range o.clients {
		if c := &o.clients[i]; c.Name == name {
			if !slices.Contains(c.Addresses, addr) {
				c.Addresses = append(c.Addresses, addr)
			}
			return
		}
	}
	o.clients = append(o.clients, cluster.Client{Name: name, Addresses: []netip.Addr{addr}})
}

// AddTarget adds what a question asks for, so that somebody listens there if
// path says that somebody would.
func (o *Options) AddTarget(t path.Target) { o.targets = append(o.targets, t) }

// Lab is a cluster's network, up.
type Lab struct {
	Model *model.Model

	plan    *plan
	all     []*Machine
	byName  map[string]*Machine
	servers *probe.Servers

	mu      sync.Mutex
	closers []func() error // run by Close, the last one first
}

// Up builds the network of a Model: machines, devices, addresses and routes, but
// no rules. The error is an *Unbuildable where the Model's objects contradict
// each other. Whoever called it calls Close.
func Up(ctx context.Context, m *model.Model, o Options) (*Lab, error) {
	if err := guard(); err != nil {
		return nil, err
	}
	p, err := newPlan(m, &o)
	if err != nil {
		return nil, err
	}
	l := &Lab{Model: m, plan: p, byName: map[string]*Machine{}}
	l.list()
	if err := l.build(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Lab) list() {
	p := l.plan
	l.all = slices.Concat([]*Machine{p.fabric, p.outside}, p.routers, p.clients)
	for _, n := range p.nodes {
		l.all = append(l.all, n.Machine)
		for _, pod := range n.pods {
			l.all = append(l.all, pod.Machine)
		}
	}
	for _, m := range l.all {
		l.byName[m.Name] = m
	}
	for name, a := range p.aliases {
		l.byName["external/"+name] = a.at
	}
	for i := range l.Model.Snapshot.Pods {
		if o := &l.Model.Snapshot.Pods[i]; o.HostNetwork && !o.Finished() && p.byNode[o.Node] != nil {
			l.byName["pod/"+o.Namespace+"/"+o.Name] = p.byNode[o.Node].Machine
		}
	}
}

// build makes the namespaces, then the wires between them, then what each
// machine holds.
func (l *Lab) build(ctx context.Context) error {
	p := l.plan
	err := parallel(ctx, len(l.all), func(i int) error {
		ns, err := newNamespace()
		if l.all[i].ns = ns; err == nil {
			err = configure(ns, func(c *config) { p.settings(c, l.all[i]) })
		}
		return named(l.all[i], err)
	})
	if err != nil {
		return err
	}
	if err := named(p.fabric, configure(p.fabric.ns, p.wire)); err != nil {
		return err
	}
	steps := []func() error{func() error { return named(p.outside, configure(p.outside.ns, p.configureOutside)) }}
	for i, r := range p.routers {
		steps = append(steps, func() error { return named(r, configure(r.ns, func(c *config) { p.configureRouter(c, i) })) })
	}
	for _, m := range p.clients {
		steps = append(steps, func() error { return named(m, configure(m.ns, func(c *config) { p.configureClient(c, m) })) })
	}
	for _, n := range p.nodes {
		steps = append(steps, func() error { return named(n.Machine, p.buildNode(n)) })
	}
	if err := parallel(ctx, len(steps), func(i int) error { return steps[i]() }); err != nil {
		return err
	}
	if err := named(p.fabric, configure(p.fabric.ns, p.settle)); err != nil {
		return err
	}
	err = parallel(ctx, len(l.all), func(i int) error {
		return named(l.all[i], configure(l.all[i].ns, func(c *config) { p.settled(c, l.all[i]) }))
	})
	if err != nil {
		return err
	}
	return l.startServers(ctx)
}

// Close takes the lab away.
func (l *Lab) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, f := range slices.Backward(l.closers) {
		errs = append(errs, f())
	}
	l.closers = nil
	for _, m := range l.all {
		if m.ns != nil {
			errs = append(errs, m.ns.Close())
			m.ns = nil
		}
	}
	return errors.Join(errs...)
}

// Machines are all of them, nodes in the order of the Snapshot.
func (l *Lab) Machines() []*Machine {
	return slices.DeleteFunc(slices.Clone(l.all), func(m *Machine) bool { return m == l.plan.fabric })
}

// Machine finds one by its name, or returns nil; a hostNetwork pod is its node.
func (l *Lab) Machine(name string) *Machine { return l.byName[name] }

// find is Machine for people: the error lists what there is.
func (l *Lab) find(name string) (*Machine, error) {
	if m := l.byName[name]; m != nil {
		return m, nil
	}
	var like []string
	kind, _, _ := strings.Cut(name, "/")
	for _, m := range l.Machines() {
		if strings.HasPrefix(m.Name, kind+"/") {
			like = append(like, m.Name)
		}
	}
	if len(like) == 0 {
		for _, m := range l.Nodes() {
			like = append(like, m.Name)
		}
	}
	const most = 8
	if n := len(like); n > most {
		like = append(like[:most], fmt.Sprintf("and %d more", n-most))
	}
	return nil, fmt.Errorf("lab: no machine %q: there are %s", name, strings.Join(like, ", "))
}

// ClientAddr is the address that a client outside sends from, the zero Addr where
// it has none of the family.
func (l *Lab) ClientAddr(name string, v6 bool) netip.Addr {
	for _, a := range l.plan.aliases[name].addrs {
		if a.Is6() == v6 {
			return a
		}
	}
	return netip.Addr{}
}

// Nodes are the nodes, in the order of the Snapshot.
func (l *Lab) Nodes() []*Machine {
	out := make([]*Machine, 0, len(l.plan.nodes))
	for _, n := range l.plan.nodes {
		out = append(out, n.Machine)
	}
	return out
}

// Ports is the range of source ports by which a client outside sends through a
// router to a node, whatever the router would do by itself. An empty node leaves
// it to the router; an empty router is the first.
func (l *Lab) Ports(router, node string) (probe.Ports, error) {
	r := slices.IndexFunc(l.plan.routers, func(m *Machine) bool { return router == "" || m.Name == "router/"+router })
	if r < 0 {
		return probe.Ports{}, fmt.Errorf("lab: no router %q", router)
	}
	n := -1
	if node != "" {
		found := l.plan.byNode[node]
		if found == nil {
			return probe.Ports{}, fmt.Errorf("lab: no node %q", node)
		}
		n = found.number
	}
	return l.plan.ports(r, n), nil
}

// named says at which machine something went wrong.
func named(m *Machine, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("lab: %s: %w", m.Name, err)
}

// workers is how many threads build. The kernel changes devices under one lock,
// so more than a few only wait.
const workers = 4

// parallel runs n steps on a few threads and returns the first error.
func parallel(ctx context.Context, n int, step func(int) error) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var first error
	next := 0
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = ctx.Err()
		}
		if first != nil || next == n {
			return 0, false
		}
		next++
		return next - 1, true
	}
	for range min(workers, n) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i, ok := take(); ok; i, ok = take() {
				if err := step(i); err != nil {
					mu.Lock()
					if first == nil {
						first = err
					}
					mu.Unlock()
				}
			}
		}()
	}
	wg.Wait()
	return first
}

var _ probe.Place = (*Machine)(nil)
