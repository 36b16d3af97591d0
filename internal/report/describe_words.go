package report

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// Peers, selectors, ranges and ports in words, for text and JSON alike.

// list joins words: "a, b and c".
func (l Lang) list(words []string) string {
	n := len(words) - 1
	if n < 1 {
		return strings.Join(words, "")
	}
	return l.t(phraseAnd, l.commas(words[:n]), words[n])
}

func (l Lang) commas(words []string) string {
	if l == Chinese {
		return strings.Join(words, "、")
	}
	return strings.Join(words, ", ")
}

// tidy drops the spaces that sentences put around their arguments where both
// neighbours turn out to be Chinese.
func (l Lang) tidy(s string) string {
	if l != Chinese {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if r == ' ' {
			before, _ := utf8.DecodeLastRuneInString(s[:i])
			after, _ := utf8.DecodeRuneInString(s[i+1:])
			if width(string(before)) == 2 && width(string(after)) == 2 {
				continue
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

// metadataName is the label by which a selector names one namespace.
const metadataName = "kubernetes.io/metadata.name"

// who is a peer by what selects it.
func (l Lang) who(x *policy.Peer, d policy.Direction) string {
	switch x.Kind {
	case policy.PeerEverybody:
		if d == policy.Egress {
			return l.t(phraseEverywhere)
		}
		return l.t(phraseEverybody)
	case policy.PeerPods:
		return l.podsOf(x.Namespace, x.PodSelector)
	case policy.PeerNamespaces:
		return l.podsOfNamespaces(x)
	case policy.PeerBlock:
		return l.addresses(x)
	case policy.PeerNone:
	}
	return ""
}

func (l Lang) podsOf(namespace string, pods *cluster.LabelSelector) string {
	if pods == nil || pods.IsEmpty() {
		return l.t(phraseAllPodsOf, namespace)
	}
	return l.t(phrasePodsWith, namespace, l.selector(pods))
}

func (l Lang) podsOfNamespaces(x *policy.Peer) string {
	all := x.PodSelector == nil || x.PodSelector.IsEmpty()
	ns := x.NamespaceSelector
	name, named := ns.MatchLabels[metadataName]
	switch {
	case named && len(ns.MatchLabels) == 1 && len(ns.MatchExpressions) == 0:
		return l.podsOf(name, x.PodSelector)
	case ns.IsEmpty() && all:
		return l.t(phraseAllPodsOfAll)
	case ns.IsEmpty():
		return l.t(phrasePodsWithOfAll, l.selector(x.PodSelector))
	case all:
		return l.t(phraseAllPodsOfThose, l.selector(ns))
	}
	return l.t(phrasePodsWithOfThose, l.selector(x.PodSelector), l.selector(ns))
}

// selector is a selector that is not empty.
func (l Lang) selector(s *cluster.LabelSelector) string {
	var words []string
	for _, k := range slices.Sorted(maps.Keys(s.MatchLabels)) {
		words = append(words, k+"="+s.MatchLabels[k])
	}
	if len(s.MatchExpressions) == 0 {
		return l.t(phraseLabels, l.list(words))
	}
	all := l.list(words)
	for i := range s.MatchExpressions {
		word := l.requirement(&s.MatchExpressions[i])
		if all != "" {
			word = l.t(phraseRequired, all, word)
		}
		all = word
	}
	return l.t(phraseRequirements, all)
}

func (l Lang) requirement(r *cluster.Requirement) string {
	switch r.Operator {
	case cluster.OpIn:
		if len(r.Values) == 1 {
			return r.Key + "=" + r.Values[0]
		}
		return l.t(phraseLabelIn, r.Key, l.commas(r.Values))
	case cluster.OpNotIn:
		return l.t(phraseLabelNotIn, r.Key, l.commas(r.Values))
	case cluster.OpExists:
		return l.t(phraseLabelExists, r.Key)
	case cluster.OpDoesNotExist:
		return l.t(phraseLabelAbsent, r.Key)
	}
	return r.String()
}

// addresses is a block as it is written and as its ranges; the union of blocks
// has ranges alone.
func (l Lang) addresses(x *policy.Peer) string {
	words := make([]string, 0, len(x.Ranges))
	for _, r := range x.Ranges {
		words = append(words, l.addressRange(r))
	}
	ranges := l.list(words)
	b := x.Block
	if b == nil {
		return l.t(phraseAddresses, ranges)
	}
	except := make([]string, 0, len(b.Except))
	for _, e := range b.Except {
		except = append(except, e.String())
	}
	switch {
	case len(x.Ranges) == 0:
		return l.t(phraseNoAddress, b.CIDR, l.list(except))
	case len(except) > 0:
		return l.t(phraseBlockExcept, l.t(phraseAddresses, ranges), b.CIDR, l.list(except))
	case b.CIDR.Bits() == 0 || b.CIDR.IsSingleIP():
		return ranges
	}
	return l.t(phraseBlock, b.CIDR, ranges)
}

func (l Lang) addressRange(r policy.Range) string {
	switch r {
	case policy.RangeOf(netip.MustParsePrefix("0.0.0.0/0")):
		return l.t(phraseEveryIPv4)
	case policy.RangeOf(netip.MustParsePrefix("::/0")):
		return l.t(phraseEveryIPv6)
	}
	return r.String()
}

// mostPods bounds the pods named for people; JSON names all.
const mostPods = 6

// known adds to words who of the input is meant. podsKnown is false where the
// input holds no pods: that nobody is found then says nothing.
func (p *Printer) known(words string, x *policy.Peer, podsKnown bool) string {
	names := p.names(x.Known, x.Kind == policy.PeerPods)
	switch {
	case x.All || x.Kind == policy.PeerEverybody:
	case x.Kind == policy.PeerBlock:
		names = append(nodeNames(x.Nodes), names...)
		if len(names) > 0 {
			words = p.t(phraseInBlock, words, p.some(names, mostPods))
		}
	case len(names) > 0:
		words = p.t(phraseKnown, words, p.some(names, mostPods), len(names))
	case podsKnown:
		words = p.t(phraseKnownNone, words)
	}
	if len(x.Perhaps) > 0 {
		words = p.t(phraseKnownPerhaps, words, p.some(p.names(x.Perhaps, false), mostPods))
	}
	return words
}

// names are the pods' names, without the namespace where the words before them
// tell it.
func (*Printer) names(pods []*cluster.Pod, bare bool) []string {
	out := make([]string, 0, len(pods))
	for _, pod := range pods {
		if bare {
			out = append(out, pod.Name)
		} else {
			out = append(out, pod.Namespace+"/"+pod.Name)
		}
	}
	return out
}

func nodeNames(nodes []string) []string {
	out := make([]string, 0, len(nodes))
	for _, n := range nodes {
		out = append(out, "node/"+n)
	}
	return out
}

// ports is a list of ports; none is every port.
func (p *Printer) ports(ports []policy.Port, podsKnown bool) string {
	if len(ports) == 0 {
		return p.t(phraseEveryPort)
	}
	words := make([]string, 0, len(ports))
	for i := range ports {
		words = append(words, p.port(&ports[i], podsKnown))
	}
	return p.Lang.list(words)
}

func (p *Printer) port(x *policy.Port, podsKnown bool) string {
	proto := p.Lang.protocol(x.Protocol)
	first := strconv.Itoa(int(x.First))
	switch {
	case x.Name != "":
		return p.namedPort(x, p.t(phraseNamedPort, x.Name, proto), podsKnown)
	case x.First == 0:
		return p.t(phraseEveryPortOf, proto)
	case x.First != x.Last:
		return p.t(phrasePorts, first+"-"+strconv.Itoa(int(x.Last)), proto)
	}
	return p.t(phrasePorts, first, proto)
}

// namedPort says what the name stands for: "8080 on web-0, 80 on web-1".
func (p *Printer) namedPort(x *policy.Port, words string, podsKnown bool) string {
	if len(x.Numbers) == 0 {
		if podsKnown {
			return p.t(phraseNumberNone, words)
		}
		return words
	}
	numbers := make([]string, 0, len(x.Numbers))
	for _, n := range x.Numbers {
		numbers = append(numbers, p.t(phraseNumberOn, n.Number, p.some(p.names(n.Pods, sameNamespace(x.Numbers)), mostPods)))
	}
	return p.t(phraseNamedPortIs, words, p.Lang.commas(numbers))
}

func sameNamespace(numbers []policy.NamedPort) bool {
	for _, n := range numbers {
		for _, pod := range n.Pods {
			if pod.Namespace != numbers[0].Pods[0].Namespace {
				return false
			}
		}
	}
	return true
}

// protocol is written as people of the language write it behind a port.
func (l Lang) protocol(p flow.Protocol) string {
	if l == Chinese {
		return p.String()
	}
	return strings.ToLower(p.String())
}
