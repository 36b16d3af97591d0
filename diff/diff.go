package diff

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
	"github.com/portolan-net/portolan/service"
)

// Report is what one version of a cluster admits and another does not.
type Report struct {
	// Objects are those that differ, in order.
	Objects []*Object
	// Services are the Service ports that answer somebody otherwise, in order.
	Services []Service
	// Connections are those of pods, without a Service between.
	Connections []Connection
	// Gone are workloads and pods of the old version that have no pod in the new
	// one, Come those of the new.
	Gone, Come []Group
	// Same is how many Service ports answer everybody as before: everybody in the
	// Focus.
	Same int
	// Unaddressed is how many Service ports have no address in a version, though the
	// control plane would give them one: nobody can be asked about them.
	Unaddressed int
	// Focus is what was asked for, and Beyond how many changes are outside it.
	Focus  Focus
	Beyond int
	// Unread are the kinds that could not be read as a whole in either version, with
	// what would have read them: what hangs on these may be lost or gained, too.
	Unread []string
	// Old and New are the two versions, compiled.
	Old, New *reach.Chart
}

// Object is an object that differs.
type Object struct {
	flow.Object
	How How
	// Fields that differ, as API field paths; none of one that was added or removed.
	Fields []string
	// Position is where it stands in the new version, or stood in the old one.
	Position flow.Position

	number int
}

// How is what became of an object.
type How uint8

// What may become of it.
const (
	Added How = iota + 1
	Removed
	Changed
)

var howNames = [...]string{"", "added", "removed", "changed"}

// String is the word in JSON.
func (h How) String() string {
	if int(h) < len(howNames) {
		return howNames[h]
	}
	return "how?"
}

// Loss is what was lost, or gained, and by which objects.
type Loss struct {
	Lost bool
	// Sure is false where something that is not known decides, before or after.
	Sure bool
	// Causes are the objects that took or gave it: each list by itself, and all of
	// its objects together. None: it could not be established.
	Causes [][]*Object
	// More: with all of them taken back something is missing still.
	More bool
}

// Service is a port of a Service that answers somebody otherwise.
type Service struct {
	Object   flow.Object
	Port     cluster.ServicePort
	Position flow.Position
	// Addrs are its addresses in the new version, and those of a kind that it has in the
	// old one alone.
	Addrs []netip.Addr
	Items []Item
	// Kept is who is answered as before, of those that have a word to themselves.
	Kept []Who
	// Beside are ports of Services that share an address with this one and answer
	// everybody as before, as "svc/namespace/name:port".
	Beside []string
	// Taken is why the Service does not keep its load balancer address, where the
	// rules of MetalLB take it away.
	Taken []flow.Reason
}

// Item is clients of one kind that a Service port answers otherwise.
type Item struct {
	Loss
	Who
	// Fronts are the kinds of address by which it is so; All: every one it has.
	Fronts []service.Kind
	All    bool
	// Family in which alone it is so, where the Service port has such addresses of the
	// other family as well; else 0.
	Family   reach.Families
	Was, Now reach.Answer
	// Moved: the address, or the node port, is another, Was and Now are as good. Then
	// From and To are set, or the ports.
	Moved            bool
	From, To         netip.Addr
	FromPort, ToPort uint16
	// Ask is a question that shows it.
	Ask Question

	about []frontKey
}

// MovedFrom and MovedTo are the address or node port that it was and is.
func (it *Item) MovedFrom() string { return addressOrPort(it.From, it.FromPort) }

// MovedTo is what MovedFrom became.
func (it *Item) MovedTo() string { return addressOrPort(it.To, it.ToPort) }

func addressOrPort(a netip.Addr, port uint16) string {
	if port != 0 {
		return strconv.Itoa(int(port))
	}
	return a.String()
}

// Question is one for portolan explain, trace or fix, in their notation.
type Question struct{ From, Via, To string }

// Kind is where clients are.
type Kind uint8

// The kinds of clients.
const (
	Outside Kind = iota + 1
	Nodes
	Pods
)

var kindNames = [...]string{"", "outside", "nodes", "pods"}

// String is the word in JSON.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind?"
}

// Who is clients of a Service port.
type Who struct {
	Kind Kind
	// Of Outside: Ranges of addresses, all there are if All is true, and the
	// Fabric's clients among them. Nodes are the first ones if it depends on them.
	All     bool
	Ranges  []policy.Range
	Clients []string
	// Nodes are those that ask, or are entered; of Total.
	Nodes []string
	Total int
	// Groups are the pods; on Nodes, if there are any.
	Groups []Group

	numbers []int // of Difference.Pods, until they have names
}

// Group is pods under one name: a namespace, a workload, or a bare pod.
type Group struct {
	// Everybody: all pods of both versions.
	Everybody bool
	Namespace string
	// Object is a workload or a pod; zero for all pods of the Namespace.
	Object flow.Object
	Pods   int
}

// Connection is connections between pods, or of pods and addresses that are no
// pod's.
type Connection struct {
	Loss
	From, To End
	Ports    reach.Ports
	// Told: the pods it leads to stand behind Services of the Report that were lost or
	// gained by the same objects.
	Told bool
	Ask  Question
}

// End is one end of a Connection: pods, or addresses.
type End struct {
	Groups []Group
	Ranges []policy.Range
}

// Compare says what the new version takes and gives. The Fabric of either may be
// wrong, which is the error.
func Compare(old, young *cluster.Snapshot) (*Report, error) { return CompareOn(nil, old, young) }

// CompareOn is Compare on several cores.
func CompareOn(cores reach.Cores, old, young *cluster.Snapshot) (*Report, error) {
	return CompareIn(Focus{}, cores, old, young)
}

// After is Compare where the old version is compiled already, as it was read. next is
// the new one, likewise, to go on from.
func After(old *reach.Chart, young *cluster.Snapshot) (r *Report, next *reach.Chart, err error) {
	was := old.Model().Snapshot
	x := &comparison{s: [2]*cluster.Snapshot{was, align(was, young)}, after: true}
	x.charts[0] = old
	if err := x.compare(); err != nil {
		return nil, nil, err
	}
	if next = x.charts[1]; next.Model().Snapshot != x.s[1] {
		m, err := model.Compile(x.s[1]) // without what the rules take
		if err != nil {
			return nil, nil, err
		}
		next = old.Follow(m)
	}
	return x.r, next, nil
}

// compare makes the Report.
func (x *comparison) compare() error {
	if err := x.compile(); err != nil {
		return err
	}
	x.enumerate()
	x.d = reach.Diff(x.charts[0], x.charts[1])
	x.begin()
	x.r = &Report{Objects: x.changed, Focus: x.focus, Old: x.charts[0], New: x.charts[1], Unread: x.s[0].PartialOf()}
	for _, kind := range x.s[1].PartialOf() {
		if !slices.Contains(x.r.Unread, kind) {
			x.r.Unread = append(x.r.Unread, kind)
		}
	}
	x.leaveOut()
	x.services()
	x.made = 0
	x.connections()
	x.workloads()
	return nil
}

// Lost reports whether anything was lost, for certain or perhaps.
func (r *Report) Lost() bool { return r.any(true) }

// Gained reports whether anything was gained, for certain or perhaps.
func (r *Report) Gained() bool { return r.any(false) }

func (r *Report) any(lost bool) bool {
	for i := range r.Services {
		for j := range r.Services[i].Items {
			if r.Services[i].Items[j].Lost == lost {
				return true
			}
		}
	}
	for i := range r.Connections {
		if r.Connections[i].Lost == lost {
			return true
		}
	}
	return false
}
