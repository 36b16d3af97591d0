package path

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/service"
)

// Subject is one Service port, or one address, with every way to ask for it.
type Subject struct {
	Service *cluster.Service
	Port    *cluster.ServicePort
	Title   string
	Targets []SubjectTarget
}

// SubjectTarget is one of them, in the notation.
type SubjectTarget struct {
	Kind service.Kind // 0 for a plain address
	To   string
}

// Subjects resolves what a survey is about: svc/NS/NAME[:PORT] or IP:PORT. A
// Service without a port is all its ports.
func Subjects(m *model.Model, target, namespace string) ([]Subject, error) {
	if namespace == "" {
		namespace = "default"
	}
	to, err := parseTo(target, namespace)
	if err != nil {
		return nil, err
	}
	if to.kind == "ip" {
		return addrSubject(m, to)
	}
	if to.kind != "svc" {
		return []Subject{{Title: target, Targets: []SubjectTarget{{To: target}}}}, nil
	}
	svc := m.Index.Service(to.ns, to.name)
	if svc == nil {
		return nil, missing("Service", to.ns, to.text, known("Services of "+to.ns+" are", serviceNames(m, to.ns)))
	}
	if to.port != "" {
		p, err := servicePort(svc, to)
		if err != nil {
			return nil, err
		}
		return []Subject{portSubject(m, svc, p)}, nil
	}
	if svc.Type == cluster.ServiceExternalName {
		return nil, wrong(to.text, "ask for the address behind "+svc.ExternalName,
			"an ExternalName Service is a DNS name (%s), no address answers for it", svc.ExternalName)
	}
	var out []Subject
	for i := range svc.Ports {
		out = append(out, portSubject(m, svc, &svc.Ports[i]))
	}
	return out, nil
}

func addrSubject(m *model.Model, to parsedTo) ([]Subject, error) {
	port, _ := number(to.port)
	fronts := m.Services.At(netip.AddrPortFrom(to.addr, port), to.proto)
	if len(fronts) == 0 {
		if _, owned := ownersOf(m, to.addr); owned {
			return nil, wrong(to.text, known("ports there are", portsAt(m, to.addr)), "no Service has this port on the address")
		}
		return []Subject{{Title: to.text, Targets: []SubjectTarget{{To: to.text}}}}, nil
	}
	return []Subject{portSubject(m, fronts[0].Service, fronts[0].Named)}, nil
}

func ownersOf(m *model.Model, addr netip.Addr) ([]*cluster.Service, bool) {
	o := m.Services.Owners(addr)
	return o, len(o) > 0
}

func portsAt(m *model.Model, addr netip.Addr) []string {
	var out []string
	owners, _ := ownersOf(m, addr)
	for _, svc := range owners {
		for _, f := range m.Services.Of(svc) {
			if f.Addr == addr {
				out = append(out, f.Words()+" ("+svc.Namespace+"/"+svc.Name+")")
			}
		}
	}
	return out
}

func portSubject(m *model.Model, svc *cluster.Service, p *cluster.ServicePort) Subject {
	s := Subject{Service: svc, Port: p, Title: "svc/" + svc.Namespace + "/" + svc.Name}
	proto := "/" + strings.ToLower(p.Protocol.String())
	for _, k := range []service.Kind{service.LoadBalancer, service.ExternalIP, service.ClusterIP, service.NodePort} {
		for _, f := range frontsOf(m, svc, p) {
			if f.Kind != k {
				continue
			}
			t := SubjectTarget{Kind: k, To: netip.AddrPortFrom(f.Addr, f.Port).String() + proto}
			if k == service.NodePort {
				t.To = s.Title + ":" + strconv.Itoa(int(p.Port)) + "@nodeport" + proto
				if slices.Contains(s.Targets, t) {
					continue
				}
			}
			s.Targets = append(s.Targets, t)
		}
	}
	if len(s.Targets) == 0 {
		s.Targets = []SubjectTarget{{To: s.Title + ":" + strconv.Itoa(int(p.Port)) + "@endpoints" + proto}}
	}
	return s
}

// Clients names the clients outside that a survey asks from.
func Clients(m *model.Model) []string {
	all, _ := clients(m, "external", "")
	var out []string
	for i := range all {
		out = append(out, all[i].name)
	}
	return out
}

// EntryUnknown reports whether nobody knows which nodes a router sends an address to.
func EntryUnknown(m *model.Model, to string) bool {
	addr, _, _ := strings.Cut(to, "/")
	ap, err := netip.ParseAddrPort(addr)
	return err == nil && m.EntryUnknown(ap.Addr())
}

// Draws reports whether a router sends an address to the node by itself.
func Draws(m *model.Model, to, node string) bool {
	addr, _, _ := strings.Cut(to, "/")
	ap, err := netip.ParseAddrPort(addr)
	if err != nil {
		return false
	}
	routers := m.Announce.Routers()
	for i := range routers {
		if slices.Contains(m.Announce.NextHops(&routers[i], ap.Addr()).Nodes, node) {
			return true
		}
	}
	return false
}
