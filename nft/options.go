package nft

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
	// Trace: the kernel traces the first packet of every connection (nft monitor
	// trace).
	Trace bool
}
