package atlas

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/reach"
)

// Error is a word that makes no sense, or that the cluster does not have.
type Error = cluster.WordError

func wrong(part, what, hint string) *Error { return &Error{Part: part, What: what, Hint: hint} }

// focus is what somebody named, and the units of its pods: of a Service those behind
// it.
type focus struct {
	*cluster.Focus
	units map[reach.Unit]bool
	pod   *cluster.Pod // if one was named
}

// find reads a name and finds its pods. Nil is everybody.
func find(c *reach.Chart, text, namespace string, side cluster.Side) (*focus, error) {
	named, err := cluster.ParseFocus(text, namespace, side)
	if named == nil {
		return nil, err
	}
	return focusOn(c, named, side)
}

func focusOn(c *reach.Chart, named *cluster.Focus, side cluster.Side) (*focus, error) {
	s := c.Model().Snapshot
	if err := named.Find(side, func(p *cluster.Pod) bool { return c.UnitOf(p) >= 0 }, s); err != nil {
		return nil, err
	}
	f := &focus{Focus: named, units: map[reach.Unit]bool{}}
	if !named.Pod.IsZero() {
		f.pod = c.Model().Index.Pod(named.Pod.Namespace, named.Pod.Name)
	}
	if svc := c.Model().Index.Service(named.Service.Namespace, named.Service.Name); svc != nil {
		for i := range svc.Ports {
			if !f.Shows(named.Service, &svc.Ports[i]) {
				continue
			}
			for _, n := range endpoints(c, svc, &svc.Ports[i]) {
				f.units[n] = true
			}
		}
		return f, nil
	}
	for i := range s.Pods {
		if p := &s.Pods[i]; named.Holds(p) {
			if n := c.UnitOf(p); n >= 0 {
				f.units[n] = true
			}
		}
	}
	return f, nil
}

// holds reports whether a unit is in the focus.
func (f *focus) holds(n reach.Unit) bool { return f == nil || f.units[n] }

// pods reports whether it is pods that connect.
func (f *focus) pods() bool { return f == nil || f.NamesPods() }
