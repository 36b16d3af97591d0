package explain

import (
	"cmp"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// Triage is every Service of the input, those that need somebody first.
type Triage struct {
	Services int
	Ports    int
	Healthy  int // ports
	// Groups are ports with the same trouble for the same reason.
	Groups      []TriageGroup
	Assumptions []flow.Reason
	Ignored     []Ignored
}

// TriageClass is how much a port needs somebody, the worst first.
type TriageClass uint8

// The classes. The zero value is not used.
const (
	// Broken: somebody may expect it to work, and it does for nobody.
	Broken TriageClass = iota + 1
	// Partly: it works only from some places, or by chance.
	Partly
	// Restricted: a policy or a source range keeps some out, perhaps as meant.
	Restricted
	// Undecided: the input does not tell.
	Undecided
)

var triageClasses = [...]string{"", "broken", "partial", "restricted", "unknown"}

// String is the class's name in JSON.
func (c TriageClass) String() string {
	if int(c) < len(triageClasses) {
		return triageClasses[c]
	}
	return "class?"
}

// TriageGroup is ports with the same trouble.
type TriageGroup struct {
	Class   TriageClass
	Reason  flow.Reason
	Object  flow.Object // the policy; zero where none is the reason
	Members []TriagePort
}

// Services counts the Services among the members.
func (g *TriageGroup) Services() int {
	n := 0
	for i := range g.Members {
		if i == 0 || g.Members[i].Service != g.Members[i-1].Service {
			n++
		}
	}
	return n
}

// TriagePort is one port of one Service.
type TriagePort struct {
	Service *cluster.Service
	Port    *cluster.ServicePort
	Title   string // svc/NS/NAME:PORT
	Detail  flow.Reason
	// Who are the kinds of place that do not get through, as words of the
	// catalogue.
	Who []string
}

// TriageAll asks for every Service from few places that stand for all: clients
// outside, a node with and one without an endpoint, pods of its namespace and of
// others.
func TriageAll(m *model.Model) *Triage {
	t := &triaging{m: m, pods: podsByNamespace(m.Snapshot), at: map[string]int{}, sliced: map[[2]string]bool{}, out: &Triage{Ignored: Unused(m.Snapshot)}}
	t.out.Assumptions = flow.Merge(flow.Merge(nil, m.Profile.Assumed), m.Snapshot.Notes)
	t.prepare()
	for i := range m.Snapshot.Services {
		svc := &m.Snapshot.Services[i]
		if svc.Type == cluster.ServiceExternalName {
			continue
		}
		t.out.Services++
		for j := range svc.Ports {
			t.out.Ports++
			t.port(svc, &svc.Ports[j])
		}
	}
	slices.SortStableFunc(t.out.Groups, func(a, b TriageGroup) int {
		return cmp.Or(int(a.Class)-int(b.Class), len(b.Members)-len(a.Members),
			strings.Compare(a.Reason.String(), b.Reason.String()))
	})
	for i := range t.out.Groups {
		slices.SortStableFunc(t.out.Groups[i].Members, func(a, b TriagePort) int {
			return cmp.Or(strings.Compare(a.Service.Namespace, b.Service.Namespace), strings.Compare(a.Service.Name, b.Service.Name),
				int(a.Port.Port)-int(b.Port.Port))
		})
	}
	return t.out
}

// triaging is a triage in progress.
type triaging struct {
	m       *model.Model
	pods    map[string][]*cluster.Pod
	clients []string
	// strangers are pods that stand for those of other namespaces.
	strangers []*cluster.Pod
	sliced    map[[2]string]bool // Services with an EndpointSlice
	at        map[string]int     // groups by class, reason and object
	out       *Triage
}

// trouble is what is wrong with a port.
type trouble struct {
	class  TriageClass
	reason flow.Reason
	object flow.Object
	detail flow.Reason
	who    []string
}

func (t *triaging) report(svc *cluster.Service, p *cluster.ServicePort, x *trouble) {
	k := x.class.String() + x.reason.String() + x.object.String()
	i, ok := t.at[k]
	if !ok {
		i = len(t.out.Groups)
		t.at[k] = i
		t.out.Groups = append(t.out.Groups, TriageGroup{Class: x.class, Reason: x.reason, Object: x.object})
	}
	g := &t.out.Groups[i]
	g.Members = append(g.Members, TriagePort{Service: svc, Port: p, Title: portTitle(svc, p), Detail: x.detail, Who: x.who})
}

// port finds the worst trouble of one port.
func (t *triaging) port(svc *cluster.Service, p *cluster.ServicePort) {
	if x := t.endpoints(svc, p); x != nil {
		t.report(svc, p, x)
		return
	}
	all := []*trouble{t.outside(svc, p), t.listening(svc, p), t.inside(svc, p)}
	all = slices.DeleteFunc(all, func(x *trouble) bool { return x == nil })
	if len(all) == 0 {
		t.out.Healthy++
		return
	}
	t.report(svc, p, slices.MinFunc(all, func(a, b *trouble) int { return int(a.class) - int(b.class) }))
}
