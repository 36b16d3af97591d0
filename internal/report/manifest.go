package report

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/explain"
)

// object is a Kubernetes object about to be printed: fields in the order people
// write them. Values are strings, numbers, booleans, nil, objects
// and lists.
type object []field

type field struct {
	name  string
	value any
}

// MarshalJSON keeps the order of the fields.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, v := range []any{f.name, f.value} {
			if j > 0 {
				b.WriteByte(':')
			}
			text, err := json.Marshal(v)
			if err != nil {
				return nil, err
			}
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// policyObject is a NetworkPolicy as one writes it by hand: no labels, no
// annotations, policyTypes said.
func policyObject(p *cluster.NetworkPolicy) object {
	spec := object{{"podSelector", selectorObject(&p.PodSelector)}}
	types := []any{}
	if p.IsolatesIngress {
		types = append(types, "Ingress")
	}
	if p.IsolatesEgress {
		types = append(types, "Egress")
	}
	spec = append(spec, field{"policyTypes", types})
	if len(p.Ingress) > 0 {
		spec = append(spec, field{"ingress", ruleObjects(p.Ingress, "from")})
	}
	if len(p.Egress) > 0 {
		spec = append(spec, field{"egress", ruleObjects(p.Egress, "to")})
	}
	return object{
		{"apiVersion", "networking.k8s.io/v1"},
		{"kind", "NetworkPolicy"},
		{"metadata", object{{"name", p.Name}, {"namespace", p.Namespace}}},
		{"spec", spec},
	}
}

func ruleObjects(rules []cluster.PolicyRule, peers string) []any {
	out := []any{}
	for i := range rules {
		rule := object{}
		if len(rules[i].Peers) > 0 {
			rule = append(rule, field{peers, peerObjects(rules[i].Peers)})
		}
		if len(rules[i].Ports) > 0 {
			rule = append(rule, field{"ports", portObjects(rules[i].Ports)})
		}
		out = append(out, rule)
	}
	return out
}

func peerObjects(peers []cluster.PolicyPeer) []any {
	out := []any{}
	for i := range peers {
		p, o := &peers[i], object{}
		if p.NamespaceSelector != nil {
			o = append(o, field{"namespaceSelector", selectorObject(p.NamespaceSelector)})
		}
		if p.PodSelector != nil {
			o = append(o, field{"podSelector", selectorObject(p.PodSelector)})
		}
		if p.IPBlock != nil {
			o = append(o, field{"ipBlock", object{{"cidr", p.IPBlock.CIDR.String()}}})
		}
		out = append(out, o)
	}
	return out
}

func portObjects(ports []cluster.PolicyPort) []any {
	out := []any{}
	for i := range ports {
		out = append(out, object{{"protocol", ports[i].Protocol.String()}, {"port", refValue(ports[i].Port)}})
	}
	return out
}

func refValue(r cluster.PortRef) any {
	if r.Name != "" {
		return r.Name
	}
	return int(r.Number)
}

func selectorObject(s *cluster.LabelSelector) object {
	o := object{}
	if len(s.MatchLabels) > 0 {
		o = append(o, field{"matchLabels", labelsObject(s.MatchLabels)})
	}
	if len(s.MatchExpressions) > 0 {
		list := []any{}
		for _, r := range s.MatchExpressions {
			e := object{{"key", r.Key}, {"operator", string(r.Operator)}}
			if len(r.Values) > 0 {
				values := []any{}
				for _, v := range r.Values {
					values = append(values, v)
				}
				e = append(e, field{"values", values})
			}
			list = append(list, e)
		}
		o = append(o, field{"matchExpressions", list})
	}
	return o
}

func labelsObject(l cluster.Labels) object {
	o := object{}
	for _, k := range slices.Sorted(maps.Keys(l)) {
		o = append(o, field{k, l[k]})
	}
	return o
}

// patchObject is what kubectl patch needs of an edit: the fields that change,
// null for a label of the selector that goes.
func patchObject(e *explain.Edit) object {
	spec := object{}
	if e.Selector != nil {
		selector := labelsObject(e.Selector)
		for _, k := range e.Removed() {
			selector = append(selector, field{k, nil})
		}
		spec = append(spec, field{"selector", selector})
	}
	if e.Port != nil {
		// A list merges by port, its key in the API.
		spec = append(spec, field{"ports", []any{object{{"port", int(e.Port.Port)}, {"targetPort", refValue(e.TargetPort)}}}})
	}
	if e.External != "" {
		spec = append(spec, field{"externalTrafficPolicy", string(e.External)})
	}
	if e.Internal != "" {
		spec = append(spec, field{"internalTrafficPolicy", string(e.Internal)})
	}
	if e.SourceRanges != nil {
		spec = append(spec, field{"loadBalancerSourceRanges", prefixValues(e.SourceRanges)})
	}
	return object{{"spec", spec}}
}

func prefixValues(list []netip.Prefix) []any {
	out := []any{}
	for _, p := range list {
		out = append(out, p.String())
	}
	return out
}

// patchCommand is the command that takes the patch from a pipe, or as it is.
func patchCommand(e *explain.Edit, piped bool) string {
	o := e.Object()
	cmd := "kubectl patch service " + shellWord(o.Name) + " -n " + shellWord(o.Namespace)
	if piped {
		return cmd + " --patch-file /dev/stdin"
	}
	text, err := json.Marshal(patchObject(e))
	if err != nil {
		return cmd
	}
	return cmd + " -p '" + strings.ReplaceAll(string(text), "'", `'\''`) + "'"
}

// shellWord quotes a name that a shell would not take as it is.
func shellWord(s string) string {
	for _, r := range s {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/", r) {
			return "'" + strings.ReplaceAll(Clean(s), "'", `'\''`) + "'"
		}
	}
	return s
}

// writeYAML prints documents, separated as kubectl reads them.
func writeYAML(w io.Writer, docs []object) error {
	var b strings.Builder
	for i, d := range docs {
		if i > 0 {
			b.WriteString("---\n")
		}
		yamlObject(&b, d, "")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func yamlObject(b *strings.Builder, o object, indent string) {
	for i, f := range o {
		if i > 0 {
			b.WriteString(indent)
		}
		b.WriteString(yamlScalar(f.name) + ":")
		yamlValue(b, f.value, indent)
	}
}

// yamlValue prints what stands behind a name. The first field of an object in a
// list stands on the line of its dash.
func yamlValue(b *strings.Builder, v any, indent string) {
	switch x := v.(type) {
	case object:
		if len(x) == 0 {
			b.WriteString(" {}\n")
			return
		}
		b.WriteString("\n" + indent + "  ")
		yamlObject(b, x, indent+"  ")
	case []any:
		if len(x) == 0 {
			b.WriteString(" []\n")
			return
		}
		b.WriteByte('\n')
		for _, item := range x {
			b.WriteString(indent + "-")
			if o, ok := item.(object); ok && len(o) > 0 {
				b.WriteByte(' ')
				yamlObject(b, o, indent+"  ")
			} else {
				yamlValue(b, item, indent+"  ")
			}
		}
	case string:
		b.WriteString(" " + yamlScalar(x) + "\n")
	case int:
		b.WriteString(" " + strconv.Itoa(x) + "\n")
	case bool:
		b.WriteString(" " + strconv.FormatBool(x) + "\n")
	default:
		b.WriteString(" null\n")
	}
}

// yamlScalar quotes whatever a reader of YAML could take for something else.
// strconv's escapes are YAML's, too.
func yamlScalar(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/"
	letter := s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z')
	if !letter {
		if p, err := netip.ParsePrefix(s); err == nil && p.Addr().Is4() {
			return s
		}
		return strconv.QuoteToASCII(s)
	}
	for _, r := range s {
		if !strings.ContainsRune(plain, r) {
			return strconv.QuoteToASCII(s)
		}
	}
	switch strings.ToLower(s) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return strconv.QuoteToASCII(s)
	}
	return s
}
