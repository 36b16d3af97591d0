package oracle_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
)

// report prints the smallest cluster on which the two still disagree in the same
// way.
func report(t *testing.T, seed uint64, s *cluster.Snapshot, q generate.Question) {
	t.Helper()
	engine, naive := disagree(s, q)
	kind := kindOf(engine, naive)
	s = generate.Shrink(s, func(c *cluster.Snapshot) bool {
		e, o := disagree(c, q)
		return kindOf(e, o) == kind
	})
	engine, naive = disagree(s, q)
	var b strings.Builder
	dump(&b, reflect.ValueOf(*s), "  ")
	t.Errorf("seed %d: %v\n  engine%s\n  oracle%s\n  cluster\n%s", seed, q, indent(engine), indent(naive), b.String())
}

// disagree returns the two answers, or nothing where there is no answer.
func disagree(s *cluster.Snapshot, q generate.Question) (engine, naive []string) {
	m, err := model.Compile(s)
	if err != nil || !generate.IsWhole(s) {
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
