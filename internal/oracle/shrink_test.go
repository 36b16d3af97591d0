package oracle_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/model"
)

// report prints the smallest cluster on which the two still disagree in the same
// way.
func report(t *testing.T, seed uint64, s *cluster.Snapshot, q question) {
	t.Helper()
	engine, naive := disagree(s, q)
	kind := kindOf(engine, naive)
	s = shrink(s, func(c *cluster.Snapshot) bool {
		e, o := disagree(c, q)
		return kindOf(e, o) == kind
	})
	engine, naive = disagree(s, q)
	var b strings.Builder
	dump(&b, reflect.ValueOf(*s), "  ")
	t.Errorf("seed %d: %v\n  engine%s\n  oracle%s\n  cluster\n%s", seed, q, indent(engine), indent(naive), b.String())
}

// disagree returns the two answers, or nothing where there is no answer.
func disagree(s *cluster.Snapshot, q question) (engine, naive []string) {
	m, err := model.Compile(s)
	if err != nil || !isWhole(s) {
		return nil, nil
	}
	if engine, naive, err = answers(s, m, q); err != nil {
		return nil, nil
	}
	return engine, naive
}

// kindOf says how two answers differ: the fates that only one of them has.
func kindOf(engine, naive []string) string {
	only := func(a, b []string) (out []string) {
		for _, o := range a {
			if !slices.Contains(b, o) {
				fate, rest, _ := strings.Cut(o, " ")
				seen, _, _ := strings.Cut(rest, " ")
				out = append(out, fate+" "+seen)
			}
		}
		return words(out)
	}
	return fmt.Sprintf("engine alone %q, oracle alone %q", only(engine, naive), only(naive, engine))
}

func indent(lines []string) string { return "\n    " + strings.Join(lines, "\n    ") }

// isWhole reports whether every pod has its node and its namespace.
func isWhole(s *cluster.Snapshot) bool {
	for i := range s.Pods {
		p := &s.Pods[i]
		if !slices.ContainsFunc(s.Nodes, func(n cluster.Node) bool { return n.Name == p.Node }) ||
			!slices.ContainsFunc(s.Namespaces, func(n cluster.Namespace) bool { return n.Name == p.Namespace }) {
			return false
		}
	}
	return true
}

// shrink removes one thing after the other, as long as the property holds,
// until nothing more can go.
func shrink(s *cluster.Snapshot, holds func(*cluster.Snapshot) bool) *cluster.Snapshot {
	for again := true; again; {
		again = false
		for n := 0; ; {
			c := clone(s)
			if left := n; !removeNth(reflect.ValueOf(c).Elem(), &left) {
				break
			}
			if !holds(c) {
				n++
				continue
			}
			s, again = c, true
		}
	}
	return s
}

// clone is a deep copy that keeps nil and empty apart, as JSON does.
func clone(s *cluster.Snapshot) *cluster.Snapshot {
	data, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	c := new(cluster.Snapshot)
	if err := json.Unmarshal(data, c); err != nil {
		panic(err)
	}
	return c
}

// removeNth counts down through everything that can be removed, in a fixed
// order, and removes what it is at when the count is zero: an element, a label,
// a set field, or the list that is left when it is empty.
func removeNth(v reflect.Value, n *int) bool {
	here := func() bool { *n--; return *n < 0 }
	switch v.Kind() { //nolint:exhaustive // a Snapshot holds no other kinds that can shrink
	case reflect.Slice:
		if v.Len() == 0 && !v.IsNil() && here() {
			v.SetZero()
			return true
		}
		for i := range v.Len() {
			if here() {
				v.Set(reflect.AppendSlice(v.Slice(0, i), v.Slice(i+1, v.Len())))
				return true
			}
		}
		for i := range v.Len() {
			if removeNth(v.Index(i), n) {
				return true
			}
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			if here() {
				v.SetMapIndex(k, reflect.Value{})
				return true
			}
		}
	case reflect.Pointer:
		return !v.IsNil() && removeNth(v.Elem(), n)
	case reflect.Struct:
		if isAddress(v) {
			return false
		}
		for i := range v.NumField() {
			f := v.Field(i)
			if simplifiable[v.Type().Field(i).Name] && !f.IsZero() && here() {
				f.SetZero()
				return true
			}
			if !kept[v.Type().Field(i).Name] && removeNth(f, n) {
				return true
			}
		}
	}
	return false
}

// simplifiable are the fields whose zero value makes a plainer cluster.
var simplifiable = map[string]bool{
	"PodNetwork": true, "PodEgressMasquerade": true, "MasqueradeAll": true, "ExternalTrafficPolicy": true, "InternalTrafficPolicy": true,
	"SessionAffinity": true, "Terminating": true, "EndPort": true, "Target": true, "HostIPs": true, "NodePort": true, "Routes": true,
	"IsolatesIngress": true, "IsolatesEgress": true, "NetworkUnavailable": true, "Zone": true, "Policy": true, "Ready": true,
}

// kept are the fields without which an object would be none that the generator
// makes.
var kept = map[string]bool{"InternalIPs": true, "PodCIDRs": true, "IPs": true, "ClusterIPs": true, "Addresses": true}

// isAddress: a type with a text form of its own is printed by it, never taken
// apart.
func isAddress(v reflect.Value) bool {
	_, ok := v.Interface().(fmt.Stringer)
	return ok && v.Type().PkgPath() == "net/netip"
}

// dump prints what is set, indented like YAML. An empty list is not an absent
// one: it prints as [].
func dump(b *strings.Builder, v reflect.Value, indent string) {
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		if f.IsZero() || f.Kind() == reflect.Map && f.Len() == 0 {
			continue
		}
		if f.Kind() == reflect.Pointer {
			f = f.Elem()
		}
		switch {
		case v.Type().Field(i).Anonymous:
			dump(b, f, indent)
		case f.Kind() == reflect.Struct && !isAddress(f):
			fmt.Fprintf(b, "%s%s:\n", indent, name)
			dump(b, f, indent+"  ")
		case f.Kind() == reflect.Slice && f.Len() > 0 && f.Type().Elem().Kind() == reflect.Struct && !isAddress(f.Index(0)):
			fmt.Fprintf(b, "%s%s:\n", indent, name)
			for j := range f.Len() {
				fmt.Fprintf(b, "%s-\n", indent)
				dump(b, f.Index(j), indent+"  ")
			}
		default:
			fmt.Fprintf(b, "%s%s: %v\n", indent, name, f.Interface())
		}
	}
}
