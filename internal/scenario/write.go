package scenario

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Write prints a cluster and what is asked of it as a scenario that Parse reads:
// what a test found, ready to be kept. What is expected stands as the questions
// have it; rule and source are the reader's to fill in.
func Write(title string, s *cluster.Snapshot, questions []Question) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\nrule: X0\nsource: ...\n-- nodes --\n", title)
	var objects []string
	for i := range s.Nodes {
		if n := &s.Nodes[i]; len(n.OtherIPs) == 0 {
			b.WriteString(nodeLine(n))
		} else {
			objects = append(objects, document("v1", "Node", nodeFields(n)))
		}
	}
	if len(s.Pods) > 0 {
		b.WriteString("-- pods --\n")
	}
	for i := range s.Pods {
		b.WriteString(podLine(&s.Pods[i]))
	}
	for i := range s.Namespaces {
		if n := &s.Namespaces[i]; !n.Implied {
			objects = append(objects, document("v1", "Namespace", pairs{{"metadata", meta(&n.Meta)}}))
		}
	}
	for i := range s.Services {
		objects = append(objects, document("v1", "Service", serviceFields(&s.Services[i])))
	}
	if len(s.EndpointSlices) == 0 && len(s.Services) > 0 { // the reader must not think that they were left out
		objects = append(objects, document("discovery.k8s.io/v1", "EndpointSlice", sliceFields(&cluster.EndpointSlice{
			Meta: cluster.Meta{Namespace: s.Services[0].Namespace, Name: s.Services[0].Name}, Service: s.Services[0].Name,
		})))
	}
	for i := range s.EndpointSlices {
		objects = append(objects, document("discovery.k8s.io/v1", "EndpointSlice", sliceFields(&s.EndpointSlices[i])))
	}
	for i := range s.NetworkPolicies {
		objects = append(objects, document("networking.k8s.io/v1", "NetworkPolicy", policyFields(&s.NetworkPolicies[i])))
	}
	if len(objects) > 0 {
		b.WriteString("-- cluster.yaml --\n" + strings.Join(objects, "---\n"))
	}
	b.WriteString("-- fabric.yaml --\n" + document("portolan.dev/v1alpha1", "Fabric", fabricFields(&s.Fabric)) + "-- ask --\n")
	for i := range questions {
		b.WriteString(askLine(&questions[i]))
	}
	text := b.String()
	if strings.Contains(text, "-- nodes --\n-- ") { // all of them stand in full
		text = strings.Replace(text, "-- nodes --\n", "", 1)
	}
	return text
}

func nodeLine(n *cluster.Node) string {
	words := []string{n.Name, list(n.InternalIPs), list(n.PodCIDRs)}
	words = append(words, labelWords(n.Labels)...)
	if !n.Ready {
		words = append(words, "notready")
	}
	if n.NetworkUnavailable {
		words = append(words, "networkunavailable")
	}
	return strings.Join(words, " ") + "\n"
}

func podLine(p *cluster.Pod) string {
	node := p.Node
	if node == "" {
		node = "-"
	}
	words := append([]string{p.Namespace + "/" + p.Name, node, list(p.IPs)}, labelWords(p.Labels)...)
	var ports []string
	for _, c := range p.Ports {
		w := strconv.Itoa(int(c.Port))
		if c.Name != "" {
			w = c.Name + "=" + w
		}
		if c.Protocol != flow.TCP {
			w += "/" + strings.ToLower(c.Protocol.String())
		}
		ports = append(ports, w)
	}
	if len(ports) > 0 {
		words = append(words, "ports", strings.Join(ports, ","))
	}
	for _, flag := range []struct {
		is   bool
		word string
	}{
		{p.HostNetwork, "hostNetwork"},
		{!p.Ready, "notready"},
		{p.Terminating, "terminating"},
		{p.Phase == cluster.PodPending, "pending"},
		{p.Finished(), "succeeded"},
	} {
		if flag.is {
			words = append(words, flag.word)
		}
	}
	return strings.Join(words, " ") + "\n"
}

// labelWords are labels as k=v,k=v, nothing where there are none.
func labelWords(l cluster.Labels) []string {
	var all []string
	for k, v := range l {
		all = append(all, k+"="+v)
	}
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	return []string{strings.Join(all, ",")}
}

// list joins addresses or ranges; "-" is none.
func list[T fmt.Stringer](all []T) string {
	if len(all) == 0 {
		return "-"
	}
	var words []string
	for _, a := range all {
		words = append(words, a.String())
	}
	return strings.Join(words, ",")
}

func askLine(q *Question) string {
	words := []string{q.String()}
	if q.HasVerdict {
		words = append(words, q.Verdict.String())
	}
	add := func(key string, values []string) {
		if values != nil {
			words = append(words, key+"="+strings.Join(values, ","))
		}
	}
	add("seen", strs(q.Seen))
	add("fates", strs(q.Fates))
	add("endpoints", q.Endpoints)
	add("sources", q.Sources)
	return strings.Join(words, " ") + "\n"
}

func strs[T fmt.Stringer](all []T) []string {
	var out []string
	for _, a := range all {
		out = append(out, a.String())
	}
	return out
}

// pair is a field of an object; a list of them keeps the order.
type pair struct {
	key   string
	value any
}

type pairs []pair

// with adds a field unless it is left out.
func (p pairs) with(key string, value any, there bool) pairs {
	if !there {
		return p
	}
	return append(p, pair{key, value})
}

// document is a YAML document with a line for each field at its top.
func document(version, kind string, fields pairs) string {
	var b strings.Builder
	fmt.Fprintf(&b, "apiVersion: %s\nkind: %s\n", version, kind)
	for _, f := range fields {
		fmt.Fprintf(&b, "%s: %s\n", f.key, flowStyle(f.value))
	}
	return b.String()
}

// flowStyle is YAML's notation on one line.
func flowStyle(value any) string {
	switch v := value.(type) {
	case pairs:
		var words []string
		for _, p := range v {
			words = append(words, scalar(p.key)+": "+flowStyle(p.value))
		}
		return "{" + strings.Join(words, ", ") + "}"
	case []any:
		var words []string
		for _, e := range v {
			words = append(words, flowStyle(e))
		}
		return "[" + strings.Join(words, ", ") + "]"
	case string:
		return scalar(v)
	}
	return fmt.Sprint(value)
}

var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9./-]*$|^[0-9]+\.[0-9]+\.[0-9]+[0-9./]*$`)

// scalar quotes what YAML might take for something else than a string.
func scalar(s string) string {
	if !plain.MatchString(s) || slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(s)) {
		return strconv.Quote(s)
	}
	return s
}

func meta(m *cluster.Meta) pairs {
	return pairs{{"name", m.Name}}.with("namespace", m.Namespace, m.Namespace != "").with("labels", labels(m.Labels), len(m.Labels) > 0)
}

func labels(l cluster.Labels) pairs {
	var all pairs
	for k, v := range l {
		all = append(all, pair{k, v})
	}
	slices.SortFunc(all, func(a, b pair) int { return strings.Compare(a.key, b.key) })
	return all
}

// each turns a slice into a list of a document.
func each[T any](all []T, one func(*T) any) []any {
	out := []any{}
	for i := range all {
		out = append(out, one(&all[i]))
	}
	return out
}

func addrs(all []netip.Addr) []any { return each(all, func(a *netip.Addr) any { return a.String() }) }

func prefixes(all []netip.Prefix) []any {
	return each(all, func(p *netip.Prefix) any { return p.String() })
}

func texts(all []string) []any { return each(all, func(s *string) any { return *s }) }
