package cluster

import "github.com/portolan-net/portolan/flow"

// Snapshot is one moment of a cluster. It is plain data: whoever builds it
// (internal/manifest, internal/kube) applied the API server's defaults, and
// nobody changes it afterwards. Order within a slice carries no meaning except
// that earlier objects come first where two tie.
type Snapshot struct {
	Nodes           []Node
	Namespaces      []Namespace
	Pods            []Pod
	Services        []Service
	EndpointSlices  []EndpointSlice
	NetworkPolicies []NetworkPolicy
	MetalLB         MetalLB
	Fabric          Fabric

	// Callbacks are objects by which the API server calls Services.
	Callbacks []Callback
	// Clues show which dataplane the cluster runs; see Detect.
	Clues []Clue
	// Foreign are objects that may change a verdict and that are not modelled.
	Foreign []Foreign
	// Ignored are all other objects that were read and not used.
	Ignored []Ignored
	// Notes say what the reader derived or corrected, for every answer to print.
	Notes []flow.Reason
	// Absent names kinds that the input does not hold although a full dump
	// would ("Node", "Pod", "Namespace"...): an answer that needs them is
	// UNKNOWN, never a guess.
	Absent []string
	// Unread says of those that a live cluster did not show what would have read
	// them, and of which namespaces they were read.
	Unread []Unread
}

// Ignored is an object that was read and not used, and why.
type Ignored struct {
	Object   flow.Object
	Position flow.Position
	Reason   flow.Reason
}

// Foreign is an object of a kind that another policy engine reads: it may deny
// what NetworkPolicy allows or, unless DenyOnly, allow what it denies.
type Foreign struct {
	Object   flow.Object
	Position flow.Position
	// Namespace the object affects; "" is every pod of the cluster.
	Namespace string
	// DenyOnly is true for kinds that cannot open what a NetworkPolicy closed
	// (Istio's AuthorizationPolicy, seen from the network).
	DenyOnly bool
	// Engine is who reads the kind ("Calico", "Istio"), or its API group.
	Engine string
	// Unread is true for what is there, or may be, and was not read: the name is
	// "*" for all objects of a kind.
	Unread bool
	// Except are namespaces of which all objects were read, where Namespace is "".
	Except []string
}
