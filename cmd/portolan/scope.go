package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/internal/kube"
)

// scopeFlags are kubectl's two for namespaces.
func (a *app) scopeFlags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVarP(&a.ns, "namespace", "n", "default", "namespace of names that have none")
	f.BoolP("all-namespaces", "A", false, "all namespaces, as is usual here: no name goes without its own")
}

// scope decides which namespace is meant, as kubectl does: the one that -n names, else
// that of the context where no file may be meant. With -A none is, so every name has to
// say its own.
func (a *app) scope(c *cobra.Command, args []string) error {
	all, _ := c.Flags().GetBool("all-namespaces") // it exists
	told := c.Flags().Changed("namespace")
	names := slices.Concat(args, ends(c))
	switch {
	case all && told:
		return &usageError{what: fmt.Sprintf("-A means all namespaces, and -n names one (%s)", a.ns), hint: "leave one of them out"}
	case all:
		for _, arg := range names {
			if word, ok := unplaced(arg); ok {
				return &usageError{
					what: fmt.Sprintf("%q names no namespace, and -A means all of them", arg),
					hint: fmt.Sprintf("%s/NAMESPACE/%s, or -n NAMESPACE", word, arg[len(word)+1:]),
				}
			}
		}
	}
	for _, arg := range names {
		if ns, ok := placed(arg); ok {
			a.living.named = append(a.living.named, ns)
		}
	}
	if told {
		a.living.named = append(a.living.named, a.ns)
	}
	if told || all || len(a.files) > 0 || a.living.local || slices.ContainsFunc(args, isFile) || !kube.Configured(a.living.flags) {
		return nil
	}
	if client, err := kube.Open(a.living.flags); err == nil {
		a.ns = client.Namespace
	}
	return nil
}

// ends are what --from and --to name, where a command has them.
func ends(c *cobra.Command) []string {
	var out []string
	for _, flag := range []string{"from", "to"} {
		if f := c.Flags().Lookup(flag); f != nil {
			out = append(out, f.Value.String())
		}
	}
	return out
}

// placeless are the words in front of names that stand in no namespace.
var placeless = []string{"node", "nodes", "no", "external", "ns", "namespace", "namespaces"}

// unplaced reports whether an argument is KIND/NAME of a kind that has namespaces, and
// which word names the kind.
func unplaced(arg string) (word string, ok bool) {
	parts := strings.Split(notation(arg), "/")
	if len(parts) != 2 || slices.Contains(placeless, parts[0]) || !isWord(parts[0]) || isFile(arg) {
		return "", false
	}
	return parts[0], true
}

// placed is the namespace that an argument names: KIND/NAMESPACE/NAME, or ns/NAMESPACE.
func placed(arg string) (namespace string, ok bool) {
	parts := strings.Split(notation(arg), "/")
	switch {
	case len(parts) == 3 && isWord(parts[0]) && !isFile(arg):
		return parts[1], true
	case len(parts) == 2 && (parts[0] == "ns" || parts[0] == "namespace"):
		return parts[1], true
	}
	return "", false
}

// notation is a target without its protocol.
func notation(arg string) string {
	for _, p := range []string{"/tcp", "/udp", "/sctp"} {
		if s, ok := strings.CutSuffix(arg, p); ok && strings.ContainsAny(s, ":@") {
			return s
		}
	}
	return arg
}

// isWord reports whether a part of an argument may name a kind.
func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
}
