package nft

import (
	"fmt"
	"strings"

	"github.com/portolan-net/portolan/model"
)

// masqueradeMark is the bit of the packet mark that asks for the node's own
// source in postrouting. It is the one bit of the mark that is ours.
const masqueradeMark = 0x00004000

// serviceSets declares the maps of the service half, from what is looked up last
// to what is looked up first.
func serviceSets(f Family) []*Set {
	ip := "ipv4_addr"
	if f == IPv6 {
		ip = "ipv6_addr"
	}
	return []*Set{
		{Name: "endpoints", Key: []Type{Class}, Data: []Type{Addr, Port}, Typed: "type classid : " + ip + " . inet_service", Comment: "number of an endpoint -> where it is"},
		{Name: "hairpins", Key: []Type{Addr, Class}, Typed: "type " + ip + " . classid", Comment: "source and endpoint that are one and the same pod of this node"},
		{Name: "members", Key: []Type{Mark, Class}, Typed: "type mark . classid", Comment: "who is in a list, for session affinity"},
		{Name: "slots", Key: []Type{Mark, Slot}, Data: []Type{Class}, Typed: "typeof ct mark . numgen random mod 65536 : meta priority", Comment: "list and slot -> number of an endpoint"},
		{Name: "lists", Key: []Type{Mark}, Data: []Type{Class}, Typed: "type mark : classid", Comment: "list -> how many endpoints"},
		{Name: "cluster-ips", Key: []Type{Addr}, Typed: "type " + ip, Comment: "cluster addresses: a port that no Service has is refused"},
		{Name: "service-range", Key: []Type{Addr}, Typed: "type " + ip, Interval: true, Comment: "service ranges: an address that no Service has is dropped"},
		{Name: "ranges", Key: []Type{Addr, Proto, Port, Addr}, Typed: "type " + ip + " . inet_proto . inet_service . " + ip, Interval: true, Comment: "fronts and the sources they admit"},
		{Name: "restricted", Key: []Type{Addr, Proto, Port}, Typed: "type " + ip + " . inet_proto . inet_service", Comment: "fronts with source ranges"},
		{Name: "pod-range", Key: []Type{Addr}, Typed: "type " + ip, Interval: true, Comment: "by what a pod is told from outside"},
		{Name: "node-addresses", Key: []Type{Addr}, Typed: "type " + ip, Comment: "where NodePorts answer"},
		{Name: "nodeports", Key: []Type{Proto, Port}, Data: []Type{Mark}, Typed: "type inet_proto . inet_service : mark", Comment: "NodePort -> list and row"},
		{Name: "fronts", Key: []Type{Addr, Proto, Port}, Data: []Type{Mark}, Typed: "type " + ip + " . inet_proto . inet_service : mark", Comment: "address and port -> list and row"},
		{Name: "sizes", Key: []Type{Class}, Typed: "type classid : verdict", Dispatch: true, Comment: "how many endpoints -> who draws among so many"},
		{Name: "recalls", Key: []Type{Mark}, Typed: "type mark : verdict", Dispatch: true, Comment: "class of timeout -> who looks the client up"},
		{Name: "remembers", Key: []Type{Mark}, Typed: "type mark : verdict", Dispatch: true, Comment: "class of timeout -> who notes the client"},
	}
}

// serviceChains are the chains every program has that proxies Services.
func serviceChains(f Family, m *model.Model) []*Chain {
	ip := f.String()
	dst := ip + " daddr . meta l4proto . th dport"
	chains := []*Chain{
		// Source ranges stand before DNAT, where the packet still shows what it asked.
		base("ranges-prerouting", "filter", "prerouting", "dstnat - 10", "jump ranges"),
		base("ranges-output", "filter", "output", "-110", "jump ranges"),
		chain("ranges",
			"ct state != new return",
			dst+" != @restricted return",
			dst+" . "+ip+" saddr @ranges return",
			"drop"),
		base("services-prerouting", "nat", "prerouting", "dstnat",
			"jump front",
			ip+" saddr @pod-range goto from-pod",
			"goto from-outside"),
		base("services-output", "nat", "output", "-100", "jump front", "goto from-process"),
		// The word of the front comes into the connection mark, or the verdict is here.
		chain("front",
			"ct mark set 0",
			"ct mark set "+dst+" map @fronts",
			"ct mark != 0 return",
			ip+" daddr @node-addresses ct mark set meta l4proto . th dport map @nodeports",
			"ct mark != 0 return",
			ip+" daddr @cluster-ips goto refuse",
			ip+" daddr @service-range drop",
			"accept"),
	}
	for _, from := range []struct {
		arrival model.Arrival
		chain   string
	}{{model.FromOutside, "from-outside"}, {model.FromPod, "from-pod"}, {model.FromProcess, "from-process"}} {
		chains = append(chains, chain(from.chain, tripRule(m, from.arrival), "drop"))
	}
	return append(
		chains,
		chain("everywhere-masquerade", setMasquerade, "goto everywhere"),
		chain("here-masquerade", setMasquerade, "goto here"),
		chain("everywhere", fmt.Sprintf("ct mark set ct mark & 0x%08x", uint32(listMask)), "goto choose"),
		chain("here", fmt.Sprintf("ct mark set ct mark & 0x%08x | 0x%08x", uint32(listMask), uint32(hereBit)), "goto choose"),
		chain("choose",
			fmt.Sprintf("ct mark & 0x%08x vmap @recalls", uint32(affMask)),
			"goto draw"),
		chain("draw",
			"meta priority set 0:0",
			"meta priority set ct mark map @lists",
			"meta priority vmap @sizes",
			fmt.Sprintf("meta priority %s goto refuse", Class.word(string(key(nil).number(listRefuses)))),
			"drop"),
		chain("give",
			ip+" saddr . meta priority @hairpins "+setMasquerade,
			fmt.Sprintf("ct mark & 0x%08x vmap @remembers", uint32(affMask)),
			"goto translate"),
		chain("translate",
			"meta l4proto { tcp, udp, sctp } dnat "+ip+" to meta priority map @endpoints",
			"drop"),
		chain("refuse", "reject"),
		base("hide-source", "nat", "postrouting", "srcnat",
			"ct mark != 0 meta priority set 0:0",
			fmt.Sprintf("meta mark & 0x%08x == 0 return", masqueradeMark),
			fmt.Sprintf("meta mark set meta mark & 0x%08x", ^uint32(masqueradeMark)),
			"masquerade fully-random"),
	)
}

var setMasquerade = fmt.Sprintf("meta mark set meta mark | 0x%08x", masqueradeMark)

// tripRule sends each kind of front where its line of the Trips table says.
func tripRule(m *model.Model, from model.Arrival) string {
	var to []string
	for row := uint32(1); row <= 4; row++ {
		trip := m.Row(from, row > 2, row%2 == 0)
		name := "everywhere"
		if trip.List == model.LocalList {
			name = "here"
		}
		if trip.Masquerade {
			name += "-masquerade"
		}
		to = append(to, fmt.Sprintf("0x%08x : goto %s", row<<rowShift, name))
	}
	return fmt.Sprintf("ct mark & 0x%08x vmap { %s }", uint32(rowMask), strings.Join(to, ", "))
}

// drawChain draws one of so many endpoints. numgen wants a literal, so there is
// one such chain for each number that occurs.
func drawChain(n uint32) *Chain {
	name := fmt.Sprintf("draw-%d", n)
	c := chain(name, fmt.Sprintf("meta priority set ct mark . numgen random mod %d map @slots", n), "goto give")
	c.From, c.When = "sizes", Class.word(string(key(nil).number(n)))
	return c
}

// affinity is what one timeout of session affinity needs: where clients are
// noted, who looks them up and who notes them. A client is noted under the list it
// was given from, and under the Service port's other list unless it already is:
// with hints or a Local policy neither list need hold what the other one gave.
func affinity(f Family, class uint32, seconds int) (*Set, []*Chain) {
	name := fmt.Sprintf("affinity-%ds", seconds)
	client, typed := "ip saddr", "typeof ip saddr . ct mark : meta priority"
	fields := []Type{Addr, Mark}
	if f == IPv6 {
		// nft 1.0.6 has room for 16 bytes of key where a rule writes into a map, and
		// stops the whole program at more. Clients of one hash have one endpoint.
		client, typed = "jhash ip6 saddr mod 4294967295 seed 0x706f7274", "typeof numgen random mod 65536 . ct mark : meta priority"
		fields = []Type{Slot, Mark}
	}
	set := &Set{
		Name: name, Key: fields, Data: []Type{Class}, Typed: typed,
		Dynamic: true, Timeout: seconds, Grown: true, Comment: "client and list -> number of the endpoint it had",
	}
	recall := chain(fmt.Sprintf("recall-%ds", seconds),
		"meta priority set 0:0",
		fmt.Sprintf("meta priority set %s . ct mark map @%s", client, name),
		"ct mark . meta priority @members goto give",
		// An update leaves the data of a row that is there as it is.
		fmt.Sprintf("delete @%s { %s . ct mark : meta priority }", name, client),
		"goto draw")
	remember := chain(fmt.Sprintf("remember-%ds", seconds),
		fmt.Sprintf("update @%s { %s . ct mark : meta priority }", name, client),
		fmt.Sprintf("ct mark set ct mark ^ 0x%08x", uint32(hereBit)),
		fmt.Sprintf("add @%s { %s . ct mark : meta priority }", name, client),
		"goto translate")
	when := Mark.word(string(key(nil).number(class << affShift)))
	recall.From, recall.When = "recalls", when
	remember.From, remember.When = "remembers", when
	return set, []*Chain{recall, remember}
}

// base is a chain the kernel calls at a hook.
func base(name, kind, hook, priority string, rules ...string) *Chain {
	c := chain(name, rules...)
	c.Hook = fmt.Sprintf("type %s hook %s priority %s; policy accept;", kind, hook, priority)
	return c
}

func chain(name string, rules ...string) *Chain {
	c := &Chain{Name: name}
	for _, r := range rules {
		c.Rules = append(c.Rules, Rule{Text: r})
	}
	return c
}
