package diff

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/service"
)

// portID is a port of a Service in either version.
type portID struct {
	service flow.Object
	proto   flow.Protocol
	port    uint16
}

// frontID is a front of a port in either version, whatever its address.
type frontID struct {
	portID
	kind service.Kind
	v6   bool
}

func idOf(f *service.Front) frontID {
	return frontID{portID{f.Service.Object(), f.Protocol, f.Named.Port}, f.Kind, f.IPv6}
}

// services tells what becomes of the Service ports.
func (x *comparison) services() {
	found := map[portID]*Service{}
	at := func(f *service.Front) *Service {
		id := idOf(f).portID
		s := found[id]
		if s == nil {
			s = &Service{Object: id.service, Port: *f.Named, Position: f.Origin().Position}
			found[id] = s
		}
		return s
	}
	for i := range x.d.Fronts {
		c := &x.d.Fronts[i]
		f := c.New
		if f == nil {
			f = c.Old
		}
		s := at(f.Front)
		s.Items = append(s.Items, x.items(idOf(f.Front), c)...)
		x.kept(s, c)
	}
	x.moves(at)
	for id, s := range found {
		x.finish(id, s)
		if len(s.Items) > 0 {
			x.r.Services = append(x.r.Services, *s)
		}
	}
	slices.SortFunc(x.r.Services, func(a, b Service) int {
		return cmp.Or(a.Object.Compare(b.Object), cmp.Compare(a.Port.Port, b.Port.Port), cmp.Compare(a.Port.Protocol, b.Port.Protocol))
	})
	for i := range x.r.Services {
		x.beside(&x.r.Services[i])
		if o := x.r.Services[i].Object; !x.loses[o] {
			x.r.Services[i].Taken = x.taken[o]
		}
	}
	x.r.Same, x.r.Unaddressed = x.same(), x.unaddressed()
}

// same counts the ports of both versions that nothing is told of.
func (x *comparison) same() int {
	told := map[portID]bool{}
	for i := range x.r.Services {
		told[portOf(&x.r.Services[i])] = true
	}
	n := 0
	for i := range x.s[1].Services {
		svc := &x.s[1].Services[i]
		for j := range svc.Ports {
			if id := (portID{svc.Object(), svc.Ports[j].Protocol, svc.Ports[j].Port}); !told[id] && x.aboutPort(id) && x.hadPort(id) && !x.lacksAddress(1, svc, id) {
				n++
			}
		}
	}
	return n
}

// lacksAddress reports whether a port of a version is to have an address and has none.
func (x *comparison) lacksAddress(v int, svc *cluster.Service, id portID) bool {
	return svc.LacksClusterIP() && len(x.kindsOf(v, id)) == 0
}

func (x *comparison) unaddressed() int {
	found := map[portID]bool{}
	for v := range x.s {
		for i := range x.s[v].Services {
			svc := &x.s[v].Services[i]
			for _, p := range svc.Ports {
				if id := (portID{svc.Object(), p.Protocol, p.Port}); x.aboutPort(id) && x.lacksAddress(v, svc, id) {
					found[id] = true
				}
			}
		}
	}
	for i := range x.r.Services {
		delete(found, portOf(&x.r.Services[i]))
	}
	return len(found)
}

// hadPort reports whether the old version has the port.
func (x *comparison) hadPort(id portID) bool {
	svc := x.index[0].Service(id.service.Namespace, id.service.Name)
	return svc != nil && slices.ContainsFunc(svc.Ports, func(p cluster.ServicePort) bool { return p.Port == id.port && p.Protocol == id.proto })
}

// beside notes the ports at the same address that nothing befalls.
func (x *comparison) beside(s *Service) {
	for _, n := range x.around(nsName{s.Object.Namespace, s.Object.Name}).services {
		svc := x.index[1].Service(n.namespace, n.name)
		if svc == nil || svc.Object() == s.Object {
			continue
		}
		for _, p := range svc.Ports {
			if !slices.ContainsFunc(x.r.Services, func(o Service) bool {
				return o.Object == svc.Object() && o.Port.Port == p.Port && o.Port.Protocol == p.Protocol
			}) && !slices.Contains(x.elsewhere, portID{svc.Object(), p.Protocol, p.Port}) {
				s.Beside = append(s.Beside, "svc/"+n.namespace+"/"+n.name+":"+strconv.Itoa(int(p.Port)))
			}
		}
	}
}

// ByCause are the Items by what took or gave them, in the order of the first of
// each.
func (s *Service) ByCause() [][]Item {
	var out [][]Item
	for i := range s.Items {
		n := slices.IndexFunc(out, func(o []Item) bool { return o[0].Loss.same(&s.Items[i].Loss) })
		if n < 0 {
			out = append(out, nil)
			n = len(out) - 1
		}
		out[n] = append(out[n], s.Items[i])
	}
	return out
}

func (l *Loss) same(o *Loss) bool {
	return l.Lost == o.Lost && l.Sure == o.Sure && l.More == o.More && slices.EqualFunc(l.Causes, o.Causes, slices.Equal[[]*Object])
}
