package manifest

import (
	"reflect"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// What keeps a cluster current holds each object as a Part of its own, and builds
// from the same Parts again and again.

// Split is a Part for each object, in order.
func (p *Part) Split() []*Part {
	all := make([]*Part, len(p.objects))
	for i := range p.objects {
		all[i] = &Part{name: p.name, objects: []decoded{p.objects[i]}}
	}
	return all
}

// Again is the Part for one more Builder: what a Builder completes is the Part's own.
func (p *Part) Again() *Part {
	for i := range p.objects {
		val, ok := p.objects[i].val.(*pod)
		if !ok {
			continue
		}
		own := *val
		c := *p
		c.objects = append([]decoded(nil), p.objects...)
		c.objects[i].val = &own
		if len(p.objects) == 1 {
			return &c
		}
		p = &c
	}
	return p
}

// Same reports whether two Parts say the same about traffic, whoever wrote them.
func (p *Part) Same(o *Part) bool {
	if len(p.objects) != len(o.objects) {
		return false
	}
	for i := range p.objects {
		a, b := &p.objects[i], &o.objects[i]
		if a.object != b.object || !reflect.DeepEqual(anybodys(a.val), anybodys(b.val)) {
			return false
		}
	}
	return true
}

// anybodys is the object without who wrote it, and where it was read.
func anybodys(val any) any {
	m := metaOf(val)
	if m == nil || m.Manager == "" && m.Position == (flow.Position{}) {
		return val
	}
	c := reflect.New(reflect.TypeOf(val).Elem())
	c.Elem().Set(reflect.ValueOf(val).Elem())
	m = metaOf(c.Interface())
	m.Manager, m.Position = "", flow.Position{}
	return c.Interface()
}

// Manager is who wrote the last object of the Part, "" where that is not known.
func (p *Part) Manager() string {
	for i := len(p.objects) - 1; i >= 0; i-- {
		if m := metaOf(p.objects[i].val); m != nil {
			return m.Manager
		}
	}
	return ""
}

// Owner is the controller of a Part's pod or workload, zero for others.
func (p *Part) Owner() flow.Object {
	for i := range p.objects {
		switch val := p.objects[i].val.(type) {
		case *pod:
			return val.Owner
		case *workload:
			return val.Owner
		}
	}
	return flow.Object{}
}

// metaOf is an object's metadata, nil for kinds of which nobody keeps it.
func metaOf(val any) *cluster.Meta {
	switch val := val.(type) {
	case *cluster.Node:
		return &val.Meta
	case *cluster.Namespace:
		return &val.Meta
	case *pod:
		return &val.Meta
	case *cluster.Service:
		return &val.Meta
	case *cluster.EndpointSlice:
		return &val.Meta
	case *cluster.NetworkPolicy:
		return &val.Meta
	case *workload:
		return &val.Meta
	case *cluster.IPAddressPool:
		return &val.Meta
	case *cluster.BGPAdvertisement:
		return &val.Meta
	case *cluster.L2Advertisement:
		return &val.Meta
	case *cluster.BGPPeer:
		return &val.Meta
	}
	return nil
}
