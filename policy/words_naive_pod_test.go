package policy

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// points are the ports at which those of wordsCluster begin and end, and their
// neighbours.
var points = []uint16{0, 1, 2, 52, 53, 54, 55, 79, 80, 81, 5351, 5352, 5353, 5354, 5355, 8079, 8080, 8081, 8082, 8442, 8443, 8444, 65534, 65535}

// tokens are a set of ports: points of a protocol, names, or "every".
type tokens map[string]bool

func (k tokens) text() string { return strings.Join(slices.Sorted(maps.Keys(k)), " ") }

func (k tokens) span(p flow.Protocol, first, last uint16) {
	for _, n := range points {
		if first <= n && n <= last {
			k[fmt.Sprintf("%s:%d", p, n)] = true
		}
	}
}

// holds reports whether whoever may use the ports of k may use those of o: a name
// may be any port but 0.
func (k tokens) holds(o tokens) bool {
	for token := range o {
		name, _, is := strings.Cut(token, "=")
		proto, _ := flow.ParseProtocol(name)
		if !k["every"] && !k[token] && !(is && k.full(proto)) {
			return false
		}
	}
	return true
}

// full: every port but 0, which no name stands for.
func (k tokens) full(p flow.Protocol) bool {
	return !slices.ContainsFunc(points[1:], func(n uint16) bool { return !k[fmt.Sprintf("%s:%d", p, n)] })
}

// tokensOf are the ports of a rule for a pod; a name of an egress rule is the
// other end's, unless the rule opens every port anyway. The names are returned as
// they are written.
func tokensOf(r *cluster.PolicyRule, d Direction, pod *cluster.Pod) (tokens, []cluster.PolicyPort) {
	k, named := tokens{}, []cluster.PolicyPort{}
	for _, x := range r.Ports {
		switch {
		case x.Port.Name != "" && d == Egress:
			if token := x.Protocol.String() + "=" + x.Port.Name; !k[token] {
				k[token], named = true, append(named, x)
			}
		case x.Port.Name != "":
			for _, c := range pod.Ports {
				if c.Name == x.Port.Name && c.Protocol == x.Protocol {
					k.span(c.Protocol, c.Port, c.Port)
				}
			}
		case x.Port.Number == 0:
			k.span(x.Protocol, 0, 65535)
		default:
			k.span(x.Protocol, x.Port.Number, max(x.Port.Number, x.EndPort))
		}
	}
	if len(r.Ports) == 0 {
		k["every"] = true
	}
	named = slices.DeleteFunc(named, func(x cluster.PolicyPort) bool {
		moot := k.full(x.Protocol)
		if moot {
			delete(k, x.Protocol.String()+"="+x.Port.Name)
		}
		return moot
	})
	return k, named
}

// told is one Grant, expected or given.
type told struct {
	everybody bool
	ports     tokens
	peer      Peer
	by        []string
	servers   []*cluster.Pod // on which names are looked up
	named     []cluster.PolicyPort
	entries   int
}

func peerKey(x *Peer) string {
	selector := func(s *cluster.LabelSelector) string {
		if selectsAll(s) {
			return ""
		}
		return s.String()
	}
	return x.Kind.String() + "/" + selector(x.NamespaceSelector) + "/" + selector(x.PodSelector)
}

func (g *told) text() string {
	slices.Sort(g.by)
	block := "several"
	if g.entries == 1 || g.peer.Kind != PeerBlock {
		block = fmt.Sprint(g.peer.Block)
	}
	return fmt.Sprintf("%s %s, ranges %s, all %v, known %s, perhaps %s, host %s, nodes %v on %s by %s", peerKey(&g.peer), block, rangesText(g.peer.Ranges),
		g.peer.All, names(g.peer.Known), names(g.peer.Perhaps), names(g.peer.Host), slices.Sorted(slices.Values(g.peer.Nodes)), g.ports.text(), slices.Compact(g.by))
}

// join adds an entry that is told together with others.
func (g *told) join(o *told) {
	g.entries++
	g.by = append(g.by, o.by...)
	for _, pod := range o.servers {
		if !slices.Contains(g.servers, pod) {
			g.servers = append(g.servers, pod)
		}
	}
	if g.peer.Kind != PeerBlock {
		return
	}
	g.peer.Ranges = MergeRanges(append(slices.Clone(g.peer.Ranges), o.peer.Ranges...))
	g.peer.All = g.peer.All || o.peer.All
	for _, pod := range o.peer.Known {
		if !slices.Contains(g.peer.Known, pod) {
			g.peer.Known = append(g.peer.Known, pod)
		}
	}
	for _, node := range o.peer.Nodes {
		if !slices.Contains(g.peer.Nodes, node) {
			g.peer.Nodes = append(g.peer.Nodes, node)
		}
	}
}

// grants are what the rules give the pod: each peer on each set of ports once,
// blocks on one set of ports together, and nothing that everybody has anyway.
func (n naive) grants(pod *cluster.Pod, d Direction) (out []string, isolated bool) {
	all := map[string]*told{}
	for i := range n.s.NetworkPolicies {
		p := &n.s.NetworkPolicies[i]
		side := n.side(p, d)
		if !n.subject(p, pod) || !side.Isolates {
			continue
		}
		isolated = true
		rules, _ := d.rules(p)
		for j := range rules {
			ports, named := tokensOf(&rules[j], d, pod)
			if len(ports) == 0 {
				continue
			}
			for k, peer := range side.Rules[j].Peers {
				g := &told{everybody: peer.Kind == PeerEverybody, ports: ports, peer: peer, by: []string{where(side.Rules[j].Origin)}, named: named, entries: 1}
				g.servers = n.servers(p, nil, Egress)
				if len(rules[j].Peers) > 0 {
					g.servers = n.servers(p, rules[j].Peers[k:k+1], Egress)
				}
				key := peerKey(&peer) + " on " + ports.text()
				if peer.Kind == PeerBlock {
					key = "ipBlock on " + ports.text()
				}
				if known := all[key]; known != nil {
					known.join(g)
				} else {
					all[key] = g
				}
			}
		}
	}
	for _, g := range all {
		if !moot(g, all) {
			out = append(out, g.text()+n.numbers(g.named, g.servers))
		}
	}
	slices.Sort(out)
	return out, isolated
}

// numbers are what the names stand for on the servers.
func (n naive) numbers(named []cluster.PolicyPort, servers []*cluster.Pod) string {
	var out []string
	for i := range named {
		out = append(out, wholePorts([]Port{n.port(&named[i], servers)}))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func moot(g *told, all map[string]*told) bool {
	for _, o := range all {
		if o != g && o.everybody && o.ports.holds(g.ports) {
			return true
		}
	}
	return false
}

// given is a Grant as it was told; ports that are told in more parts than they
// must be, or in no order, are an error.
func given(g *Grant) (string, error) {
	out := told{ports: tokens{}, peer: g.Peer, entries: 1}
	if g.Peer.Kind == PeerBlock && g.Peer.Block == nil {
		out.entries = 2
	}
	for _, o := range g.By {
		out.by = append(out.by, where(o))
	}
	if len(g.By) != len(slices.Compact(slices.Sorted(slices.Values(out.by)))) {
		return "", fmt.Errorf("by one rule twice: %v", out.by)
	}
	var named []string
	last := map[flow.Protocol]int{}
	for _, p := range g.Ports {
		switch {
		case p.Name != "":
			out.ports[p.Protocol.String()+"="+p.Name] = true
			named = append(named, wholePorts([]Port{p}))
			continue
		case p.First == 0 && p.Last != 0:
			return "", fmt.Errorf("every port of a protocol has no last one: %d", p.Last)
		case p.First == 0:
			p.Last = 65535
		}
		if end, before := last[p.Protocol]; before && int(p.First) <= end+1 {
			return "", fmt.Errorf("not in order, or to be told as one: %s", wholePorts(g.Ports))
		}
		last[p.Protocol] = int(p.Last)
		out.ports.span(p.Protocol, p.First, p.Last)
	}
	if len(g.Ports) == 0 {
		out.ports["every"] = true
	}
	slices.Sort(named)
	return out.text() + strings.Join(named, ", "), nil
}

// podRemarks are what is remarked about a pod.
func (n naive) podRemarks(pod *cluster.Pod) (out remarks) {
	var objects []string
	for _, f := range n.s.Foreign {
		if f.Namespace == "" || f.Namespace == pod.Namespace {
			objects = append(objects, f.Object.String())
		}
	}
	out.add(len(objects) > 0, flow.CodeDescribePodForeign, few(objects))
	out.add(pod.Node != "", flow.CodeDescribePodNode, pod.Node)
	out.add(pod.Node == "", flow.CodeDescribeOwnNode)
	out.add(true, flow.CodeDescribePodSelf, pod.Namespace+"/"+pod.Name)
	out.add(true, flow.CodeDescribeReplies)
	out.add(true, flow.CodeDescribePodBothEnds)
	out.add(true, flow.CodeDescribeByTheLetter, "generic")
	for i := range n.s.NetworkPolicies {
		p := &n.s.NetworkPolicies[i]
		if !p.IsolatesIngress || !n.subject(p, pod) {
			continue
		}
		for j, r := range p.Ingress {
			for _, x := range r.Ports {
				has := slices.ContainsFunc(points, func(number uint16) bool { return gives(pod, &x, number) })
				out.add(x.Port.Name != "" && !has, flow.CodeDescribePodNoName, fmt.Sprintf("NetworkPolicy/%s/%s spec.ingress[%d]", p.Namespace, p.Name, j), x.Port.Name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// For random clusters, what applies to each pod is what the rules say, read one by
// one.
func TestDescribePodMeaning(t *testing.T) {
	for seed := range wordsSeeds() {
		s := wordsCluster(rand.New(rand.NewPCG(seed, 22)))
		d, n := Compile(s, cluster.NewIndex(s), letter()).Describer(), naive{s}
		for _, pod := range n.pods(false) {
			x := d.DescribePod(pod)
			for _, side := range x.Sides {
				want, isolated := n.grants(pod, side.Direction)
				if isolated != (len(side.Isolating) > 0) {
					t.Fatalf("seed %d: %s of %s: isolated by %d", seed, side.Direction, pod.Object(), len(side.Isolating))
				}
				compareGrants(t, fmt.Sprintf("seed %d: %s of %s", seed, side.Direction, pod.Object()), side.Grants, want)
			}
			var got remarks
			for _, r := range x.Notes {
				got.add(true, r.Code, r.Args...)
			}
			slices.Sort(got)
			if want := n.podRemarks(pod); !slices.Equal(got, want) {
				t.Fatalf("seed %d:\n got %s\nwant %s", seed, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
			}
		}
	}
}

func compareGrants(t *testing.T, what string, grants []Grant, want []string) {
	t.Helper()
	var got []string
	seen, last := map[string]bool{}, ""
	for i := range grants {
		text, err := given(&grants[i])
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got = append(got, text)
		numbers := slices.Clone(grants[i].Ports)
		for j := range numbers {
			numbers[j].Numbers = nil
		}
		if ports := portsText(numbers); ports != last || i == 0 {
			if seen[ports] {
				t.Fatalf("%s: grants on %s do not stand together", what, ports)
			}
			seen[ports], last = true, ports
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Fatalf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}
