package nft

import (
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// Options say which halves of a program to print, and the choices that the API
// leaves to a policy enforcer.
type Options struct {
	// Services: this node's proxy is ours.
	Services bool
	// Policies: NetworkPolicy is enforced here.
	Policies bool
	// AfterSNAT: ingress is judged behind the masquerade. False: before it.
	AfterSNAT bool
	// Reject: a denied packet is answered with an ICMP port unreachable. False: it
	// is dropped.
	Reject bool
	// FailClosed: nothing passes to or from an address of the node's pod ranges that
	// no known pod has.
	FailClosed bool
	// Trace: the kernel traces the first packet of every connection (nft monitor
	// trace).
	Trace bool
}

// For are the options that a model's profile asks for. Whether the profile can be
// printed is Compile's to say.
func For(m *model.Model) Options {
	return Options{
		Services: m.Proxies(), Policies: m.Enforces(),
		AfterSNAT: m.JudgesAfterSNAT(), Reject: m.Denial() == flow.Reject, FailClosed: m.FailsClosed(),
	}
}
