package reach

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/service"
)

// Unit numbers pods of one namespace and workload with the same labels and
// ports, whose addresses no ipBlock tells apart: whatever is asked of one, all
// answer alike but for the node they are on. Units of a namespace, and of a
// workload in it, stand together.
type Unit int32

// UnitInfo is what the pods of a Unit have in common.
type UnitInfo struct {
	Namespace string
	Workload  flow.Object // zero for bare pods
	Example   *cluster.Pod
	Pods      int
}

// Set is units in order: runs of numbers.
type Set struct{ spans []span }

// Flow is a rectangle of the whole map: every pod of From reaches every pod of
// To by every one of Ports. All flows together are all connections; no two of
// the same Sure and Families share a pair and port.
type Flow struct {
	From, To Set
	Ports    Ports
	// Sure is false where something that is not known decides.
	Sure bool
	// Families in which it holds.
	Families Families
}

// Families are address families, one bit each.
type Families uint8

// The families.
const (
	IPv4 Families = 1 << iota
	IPv6
	BothFamilies = IPv4 | IPv6
)

// Answer is how connections end, as the traces of path.Walk do.
type Answer struct {
	Verdict flow.Verdict
	// Fates and Seen are in order, once each.
	Fates []flow.Fate
	Seen  []flow.Seen
	// Delivered of Legs ways end at a socket that answers. Endpoints count each,
	// first nodes that fare alike once.
	Delivered, Legs int
}

// Front is one Service front with its answer from everywhere.
type Front struct {
	*service.Front
	// Outside are clients outside the cluster, by the first node.
	Outside []FromOutside
	// Nodes are processes of nodes.
	Nodes []FromNodes
	// Pods are pods with a network of their own.
	Pods []FromPods
}

// FromOutside is clients whose packets fare alike.
type FromOutside struct {
	// Clients are those of the Fabric, if it names any.
	Clients []cluster.Client
	// Ranges are their addresses; everything that no node and pod has.
	Ranges []policy.Range
	// Answer is by the router's own choice of the first node.
	Answer
	// Via is the answer by first node, of those the router may choose.
	Via []Via
}

// Via is first nodes by which packets fare alike.
type Via struct {
	Nodes Nodes
	Answer
}

// FromNodes is nodes whose processes fare alike.
type FromNodes struct {
	Nodes Nodes
	Answer
}

// FromPods is pods that fare alike: those of Units, on Nodes or wherever they
// run, that are no endpoints of the Service port; or else endpoints, Self.
type FromPods struct {
	Units Set
	All   bool // wherever they run
	Nodes Nodes
	Self  []*cluster.Pod
	Pods  int
	Answer
}

// Group is units under one name: a workload, a namespace.
type Group struct {
	Name      string
	Namespace string
	Workload  flow.Object
	Units     Set
	Pods      int
}

// Cell is what the pods of one Group reach in another.
type Cell struct {
	From, To int // places in the list of groups
	// All are ports by which every pod reaches every pod, Some those by which at
	// least one does; Perhaps those that are not known for some.
	All, Some, Perhaps Ports
}

// Change is connections that were lost or gained, as a rectangle: one of pods and
// pods, or of pods and addresses that are no pod's.
type Change struct {
	Lost     bool
	From, To Side
	Ports    Ports
	// Sure: these passed, or pass, for certain. Otherwise they could have, or can
	// now: among them are the sure ones. Of two Charts that are Certain all are
	// Sure, and told once.
	Sure bool
	// Families in which it holds.
	Families Families
}

// Side is one end of a Change: pods, or addresses that are no pod's.
type Side struct {
	Units  Set
	Ranges []policy.Range
}
