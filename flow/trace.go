package flow

import (
	"fmt"
	"net/netip"
	"slices"
)

// Hook is where on a machine a decision falls. The order of the constants is
// the order in which one machine reaches them.
type Hook uint8

// The hooks: netfilter's on a node, and one word each for the other machines.
const (
	HookNone Hook = iota
	// Send: a client's or process's own routing and source address.
	Send
	// Routing: a router's choice of the next hop.
	Routing
	// Egress: a pod's own egress policy, at its node.
	Egress
	// Prerouting: source ranges and DNAT for packets that arrive.
	Prerouting
	// Output: the same for packets of the node's own processes.
	Output
	// Input: packets for a process of the node.
	Input
	// Forward: routing decision and policy for packets that pass.
	Forward
	// Postrouting: masquerade.
	Postrouting
	// Deliver: the process that should be listening.
	Deliver
	// Reply: the way back.
	Reply
)

var hookNames = [...]string{
	"", "send", "routing", "egress", "prerouting", "output", "input", "forward", "postrouting", "deliver", "reply",
}

// String is the hook's name in netfilter's spelling.
func (h Hook) String() string {
	if int(h) < len(hookNames) {
		return hookNames[h]
	}
	return fmt.Sprintf("Hook(%d)", uint8(h))
}

// Action is what a Step did with the packet.
type Action uint8

// The actions.
const (
	ActionNone Action = iota
	// Pass: looked at, left as it is.
	Pass
	// Route: a next machine was chosen.
	Route
	// DNAT: the destination was rewritten.
	DNAT
	// SNAT: the source was rewritten.
	SNAT
	// Admit: a policy looked and let it through.
	Admit
	// Exempt: a policy would have looked, but a rule of the API or of the
	// dataplane exempts this packet.
	Exempt
	// Drop: discarded in silence.
	Drop
	// Reject: discarded with an ICMP port unreachable or a TCP reset.
	Reject
	// Accept: a listening process took it.
	Accept
	// Lose: the packet goes where nobody can use it.
	Lose
	// Doubt: cannot be decided from what is known.
	Doubt
)

var actionNames = [...]string{
	"", "pass", "route", "dnat", "snat", "admit", "exempt", "drop", "reject", "accept", "lose", "doubt",
}

// Actions lists every Action but ActionNone.
func Actions() []Action {
	all := make([]Action, 0, len(actionNames)-1)
	for i := 1; i < len(actionNames); i++ {
		all = append(all, Action(i))
	}
	return all
}

// String is the action's name in JSON.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return fmt.Sprintf("Action(%d)", uint8(a))
}

// MachineKind says what a Machine is.
type MachineKind uint8

// The kinds of machine a packet can be at.
const (
	MachineUnknown MachineKind = iota
	MachineClient
	MachineRouter
	MachineNode
	MachinePod
	// MachineOutside is a destination outside the cluster.
	MachineOutside
)

var machineNames = [...]string{"unknown", "client", "router", "node", "pod", "outside"}

// String is the kind's name in JSON.
func (k MachineKind) String() string {
	if int(k) < len(machineNames) {
		return machineNames[k]
	}
	return fmt.Sprintf("MachineKind(%d)", uint8(k))
}

// Machine is one stop of the trip. Namespace is set for pods only.
type Machine struct {
	Kind      MachineKind
	Namespace string
	Name      string
}

// String prints "node/n1", "pod/test/ssh-0", "client/branch".
func (m Machine) String() string {
	if m.Namespace != "" {
		return m.Kind.String() + "/" + m.Namespace + "/" + m.Name
	}
	return m.Kind.String() + "/" + m.Name
}

// Step is one decision on one machine.
type Step struct {
	Hook   Hook
	Action Action
	Reason Reason
	// Before and After are equal unless the Step is a NAT.
	Before, After Tuple
	// Origins are the objects that decided, most specific first. Empty: the
	// dataplane's own rule.
	Origins []Origin
}

// Hop is one machine's steps, in hook order.
type Hop struct {
	Machine Machine
	Steps   []Step
}

// Trace is one complete path and its end.
type Trace struct {
	Hops []Hop
	Fate Fate
	// Seen is what the client notices.
	Seen Seen
	// First is the first node reached, "" when the packet reached none.
	First string
	// Endpoint is whom the packet was meant for after DNAT: a pod, or else the
	// address. Zero when none was chosen.
	Endpoint Endpoint
	// Source is the address the server sees; the zero Addr when nothing arrived.
	Source netip.Addr
	// Assumptions are what this trace rests on and nobody told us.
	Assumptions []Reason
	// Deviations are the dataplane's measured departures from the API that this
	// trace rests on.
	Deviations []Reason
}

// Endpoint is a backend: a pod when one is known behind the address.
type Endpoint struct {
	Pod  Object // Kind "Pod", or zero
	Node string // the endpoint's node, "" when unknown or outside
	Addr netip.AddrPort
}

// String prints "namespace/name" of the pod, else IP:PORT: the notation of
// Expectations.endpoints.
func (e Endpoint) String() string {
	if !e.Pod.IsZero() {
		return e.Pod.Namespace + "/" + e.Pod.Name
	}
	if e.Addr.IsValid() {
		return e.Addr.String()
	}
	return ""
}

// Reason is one sentence of the product: a stable code and what to put into
// it. The words, in each language, stand in one catalogue (internal/report),
// so a decision never holds prose and every sentence can be translated.
type Reason struct {
	Code Code
	Args []string
}

// Code names a sentence. Codes are stable: they appear in JSON.
type Code string

// Because builds a Reason.
func Because(code Code, args ...string) Reason { return Reason{Code: code, Args: args} }

// Equal reports whether two reasons say the same.
func (r Reason) Equal(o Reason) bool { return r.Code == o.Code && slices.Equal(r.Args, o.Args) }

// Merge adds the reasons that the list does not hold yet.
func Merge(to, more []Reason) []Reason {
	for _, r := range more {
		if !slices.ContainsFunc(to, r.Equal) {
			to = append(to, r)
		}
	}
	return to
}

// IsZero reports whether nothing was said.
func (r Reason) IsZero() bool { return r.Code == "" }

// String is for logs and test failures; people read the catalogue's words.
func (r Reason) String() string {
	s := string(r.Code)
	for i, a := range r.Args {
		if i == 0 {
			s += ": "
		} else {
			s += ", "
		}
		s += a
	}
	return s
}
