package nft

import "strconv"

// The policy half: who may reach the pods of this node, and whom they may reach.
//
//	egress    source pod ──► group     destination ──► peer
//	ingress   destination pod ──► group     source ──► peer
//
//	peer . group . protocol . port   a row admits, else the packet dies
//
// A group is the pods for which the same rules count. A peer is the pods that no
// policy tells apart, or the addresses outside that no ipBlock does. While a
// packet is judged its group stands in meta priority and its peer in ct mark; the
// packet mark is the proxy's, and set only when the packet is already lost, so
// that the log carries the group.

// What a denied packet leaves in the log.
const (
	// LogGroup is the NFLOG group of denied packets. Their packet mark is the
	// number of the policy group that denies.
	LogGroup = 100
	// LogEgress and LogIngress are the prefixes, by direction.
	LogEgress  = "portolan egress"
	LogIngress = "portolan ingress"
)

// logLimit lets the first ones of a flood through, and then so many that the log
// stays readable. What is dropped is counted elsewhere.
const logLimit = "limit rate 100/second burst 200 packets"

const (
	// groupNone is what a pod has that no policy isolates.
	groupNone uint32 = 0
	// groupUnknown is what an address of this node's pod ranges has that belongs
	// to no pod we know of: it admits nothing.
	groupUnknown uint32 = 0xfffffffe
	// peerNone is an address that is no pod's and in no ipBlock.
	peerNone uint32 = 0
)

// policySets declares the maps of the policy half, from what is looked up last to
// what is looked up first.
func policySets(f Family) []*Set {
	ip := "ipv4_addr"
	if f == IPv6 {
		ip = "ipv6_addr"
	}
	const peerGroup = "typeof ct mark . meta priority"
	const ports = " . meta l4proto . th dport"
	return []*Set{
		{Name: "groups", Key: []Type{Class}, Data: []Type{Mark}, Typed: "typeof meta priority : meta mark", Counted: true, Comment: "group -> what a denied packet is marked with; counts denials"},
		{Name: "allow-all", Key: []Type{Class}, Typed: "typeof meta priority", Counted: true, Comment: "groups that admit everything"},
		{Name: "allow-any", Key: []Type{Class, Proto, Port}, Typed: "typeof meta priority" + ports, Interval: true, Counted: true, Comment: "group, ports: admitted from everybody"},
		{Name: "allow-ranges", Key: []Type{Mark, Class, Proto, Port}, Typed: peerGroup + ports, Interval: true, Counted: true, Comment: "peer, group, range of ports"},
		{Name: "allow-peers", Key: []Type{Mark, Class}, Typed: peerGroup, Counted: true, Comment: "peer, group: admitted whatever the port"},
		{Name: "allow", Key: []Type{Mark, Class, Proto, Port}, Typed: peerGroup + ports, Counted: true, Comment: "peer, group, port"},
		{Name: "blocks", Key: []Type{Addr}, Data: []Type{Mark}, Typed: "type " + ip + " : mark", Interval: true, Comment: "addresses without a pod -> peer"},
		{Name: "peers", Key: []Type{Addr}, Data: []Type{Mark}, Typed: "type " + ip + " : mark", Comment: "every pod -> peer"},
		{Name: "own", Key: []Type{Addr}, Typed: "type " + ip, Interval: true, Comment: "addresses that pods of this node may have"},
		{Name: "ingress", Key: []Type{Addr}, Data: []Type{Class}, Typed: "type " + ip + " : classid", Comment: "pods of this node -> group; 0:0 is not isolated"},
		{Name: "egress", Key: []Type{Addr}, Data: []Type{Class}, Typed: "type " + ip + " : classid", Comment: "pods of this node -> group; 0:0 is not isolated"},
	}
}

// gateChain drops every new connection that is forwarded until the rows are
// loaded, and is emptied then: a table that is loaded whole must not be open for a moment.
const gateChain = "gate"

// policyChains are the chains every program has that enforces NetworkPolicy.
// Nothing stands in output: what a process of the node sends is never judged.
func policyChains(f Family, o Options) []*Chain {
	pass := []string{"ct state established,related accept"}
	if f == IPv6 {
		// Without them a pod has no neighbours, its own node among them.
		pass = append(pass, "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert, mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept")
	}
	forward := pass[:len(pass):len(pass)]
	if o.FailClosed {
		forward = append(forward, "jump "+gateChain)
	}
	forward = append(forward, "jump egress")
	input := append(pass[:len(pass):len(pass)], "jump egress", "meta priority set 0:0")
	if !o.AfterSNAT {
		forward = append(forward, "jump ingress")
	}
	chains := []*Chain{
		base("policy-forward", "filter", "forward", "filter", append(forward, "meta priority set 0:0")...),
		base("policy-input", "filter", "input", "filter", input...),
	}
	deny := denied(f, o.Reject)
	if o.AfterSNAT {
		behind := append(pass[:len(pass):len(pass)], "jump ingress", "meta priority set 0:0")
		chains = append(chains, base("policy-postrouting", "filter", "postrouting", "srcnat + 10", behind...))
	}
	if o.FailClosed {
		chains = append(chains, chain(gateChain, "drop"))
	}
	return append(
		chains,
		chain("egress", judged(f.String(), "saddr", "daddr", "egress", o.FailClosed)...),
		chain("ingress", judged(f.String(), "daddr", "saddr", "ingress", o.FailClosed)...),
		chain("deny-egress", append(logged(LogEgress), deny)...),
		// The kernel rejects nothing behind routing.
		chain("deny-ingress", append(logged(LogIngress), denied(f, o.Reject && !o.AfterSNAT))...),
	)
}

// judged are the rules of one direction: the pod's address is subject, the other
// end's is peer.
func judged(ip, subject, peer, direction string, closed bool) []string {
	subject, peer = ip+" "+subject, ip+" "+peer
	var rules []string
	if closed {
		// A pod that nobody told us of admits nothing.
		rules = append(rules,
			"meta priority set "+classWord(groupUnknown),
			"meta priority set "+subject+" map @"+direction,
			"meta priority "+classWord(groupUnknown)+" "+subject+" != @own return")
	} else {
		rules = append(rules, "meta priority set 0:0", "meta priority set "+subject+" map @"+direction)
	}
	return append(
		rules,
		"meta priority 0:0 return",
		"ct mark set "+strconv.Itoa(int(peerNone)),
		"ct mark set "+peer+" map @peers",
		"ct mark 0 ct mark set "+peer+" map @blocks",
		"ct mark . meta priority . meta l4proto . th dport @allow return",
		"ct mark . meta priority @allow-peers return",
		"ct mark . meta priority . meta l4proto . th dport @allow-ranges return",
		"meta priority . meta l4proto . th dport @allow-any return",
		"meta priority @allow-all return",
		// The node's own addresses may reach its pods, and are no pods where they are
		// of its pod range. Asked last, since it costs most.
		"fib saddr type local return",
		"goto deny-"+direction,
	)
}

func logged(prefix string) []string {
	return []string{
		"meta mark set meta priority map @groups",
		logLimit + ` log prefix "` + prefix + `" group ` + strconv.Itoa(LogGroup),
	}
}

// denied is what becomes of the packet: silence, or an ICMP port unreachable for
// TCP too.
func denied(f Family, reject bool) string {
	switch {
	case !reject:
		return "counter drop"
	case f == IPv6:
		return "counter reject with icmpv6 type port-unreachable"
	}
	return "counter reject with icmp type port-unreachable"
}

// classWord is a group's number as nft prints it.
func classWord(n uint32) string { return Class.word(string(key(nil).number(n))) }
