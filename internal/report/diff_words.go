package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/diff"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
)

// mostNames is how many names a list shows before it counts the rest.
const mostNames = 4

// differ puts a difference into words, in full where all is true.
type differ struct {
	*Printer
	all bool
}

func (d *differ) few(names []string) string {
	if d.all {
		return d.some(names, len(names))
	}
	return d.some(names, mostNames)
}

// who are the clients of one Item; fronts: and by which kinds of address.
func (d *differ) who(it *diff.Item, fronts bool) string {
	if it.Moved {
		return d.moved(it)
	}
	s := d.clients(&it.Who)
	if fronts && !it.All {
		s = d.t(phraseDiffFronts, s, kinds(it))
	}
	if n := it.Now.Delivered; n > 0 && n < it.Now.Legs {
		s = d.t(phraseDiffPartly, s, n, it.Now.Legs)
	}
	return s
}

// moved says what has another address, or another node port.
func (d *differ) moved(it *diff.Item) string {
	if it.ToPort != 0 {
		return d.t(phraseDiffPortMoved, it.MovedFrom(), it.MovedTo())
	}
	return d.t(phraseDiffMoved, it.MovedFrom(), it.MovedTo())
}

// kinds are the kinds of address, such as "vip, nodeport"; "IPv6 clusterip" where it is
// so in one family only.
func kinds(it *diff.Item) string {
	names := make([]string, len(it.Fronts))
	for i, k := range it.Fronts {
		names[i] = k.String()
		if f := family(it); f != "" {
			names[i] = f + " " + names[i]
		}
	}
	return strings.Join(names, ", ")
}

// family is the one in which alone it is so, else "".
func family(it *diff.Item) string {
	switch it.Family {
	case reach.IPv4:
		return "IPv4"
	case reach.IPv6:
		return "IPv6"
	case reach.BothFamilies:
	}
	return ""
}

func (d *differ) clients(w *diff.Who) string {
	switch w.Kind {
	case diff.Outside:
		s := d.t(phraseDiffOutside)
		if !w.All {
			s = d.t(phraseDiffClients, d.few(append(slices.Clone(w.Clients), ranges(w.Ranges)...)))
		}
		if len(w.Nodes) > 0 {
			s = d.t(phraseDiffEntering, s, d.few(w.Nodes))
		}
		return s
	case diff.Nodes:
		if len(w.Nodes) == w.Total && w.Total > 1 {
			return d.t(phraseDiffAllNodes, w.Total)
		}
		return d.t(phraseDiffNodes, len(w.Nodes), w.Total, d.few(w.Nodes))
	case diff.Pods:
		s := d.groups(w.Groups)
		if len(w.Nodes) > 0 {
			s = d.t(phraseDiffOn, s, d.few(w.Nodes))
		}
		return s
	}
	return ""
}

func ranges(rs []policy.Range) []string {
	out := make([]string, len(rs))
	for i, r := range rs {
		out[i] = r.String()
	}
	return out
}

func (d *differ) groups(all []diff.Group) string {
	names := make([]string, len(all))
	for i := range all {
		names[i] = d.group(&all[i])
	}
	return d.few(names)
}

func (d *differ) group(g *diff.Group) string {
	switch {
	case g.Everybody:
		return d.t(phraseDiffAllPods)
	case g.Object.IsZero():
		return d.t(phraseDiffPodsOf, g.Namespace)
	case g.Object.Kind == "Pod" && g.Pods > 1:
		return d.t(phraseDiffAlike, g.Object, g.Pods-1)
	}
	return Clean(g.Object.String())
}

func (d *differ) end(e *diff.End) string {
	if len(e.Ranges) == 0 {
		return d.groups(e.Groups)
	}
	if len(e.Ranges) <= 2 && e.Ranges[0].First.IsUnspecified() {
		return d.t(phraseDiffOthers)
	}
	return d.few(ranges(e.Ranges))
}

func (d *differ) ports(p reach.Ports) string {
	if p.IsAll() {
		return d.t(phraseDiffAnyPort)
	}
	return p.String()
}

// link is a connection in one line.
func (d *differ) link(c *diff.Connection) string {
	return d.t(phraseDiffLink, d.end(&c.From), d.end(&c.To), d.ports(c.Ports))
}

// object is one that differs, and how.
func (d *differ) object(o *diff.Object) string {
	name := Clean(o.Object.String())
	switch o.How {
	case diff.Added:
		return d.t(phraseDiffAdded, name)
	case diff.Removed:
		return d.t(phraseDiffRemoved, name)
	case diff.Changed:
	}
	return d.t(phraseDiffChanged, name, strings.Join(o.Fields, ", "))
}

// cause is one list of objects that did it.
func (d *differ) cause(set []*diff.Object) string {
	names := make([]string, len(set))
	for i, o := range set {
		names[i] = d.object(o)
		if at := o.Position.String(); at != "" && len(set) == 1 {
			names[i] += " " + Clean(at)
		}
	}
	if len(set) == 1 {
		return names[0]
	}
	return d.t(phraseDiffTogether, d.some(names, len(names)))
}

// causes in one line, for the formats that have one.
func (d *differ) causes(l *diff.Loss) string {
	if len(l.Causes) == 0 {
		return d.t(phraseDiffNobody)
	}
	var parts []string
	for _, set := range l.Causes {
		names := make([]string, len(set))
		for i, o := range set {
			names[i] = d.object(o)
		}
		s := strings.Join(names, ", ")
		if len(set) > 1 {
			s = d.t(phraseDiffTogether, s)
		}
		parts = append(parts, s)
	}
	s := strings.Join(parts, d.pause()+d.t(phraseDiffOrBy)+" ")
	if l.More {
		s += " " + d.t(phraseDiffMore)
	}
	return s
}

// servicePort is "svc/test/ssh:22".
func servicePort(s *diff.Service) string {
	out := "svc/" + s.Object.Namespace + "/" + s.Object.Name + ":" + strconv.Itoa(int(s.Port.Port))
	if p := s.Port.Protocol.String(); !strings.EqualFold(p, "tcp") {
		out += "/" + strings.ToLower(p)
	}
	return Clean(out)
}
