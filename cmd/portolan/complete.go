package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/internal/kube"
)

// completionTime is how long a shell waits for names.
const completionTime = 2 * time.Second

// places are how the places and targets of a question begin, with the resource whose
// names come behind.
var places = []struct{ prefix, resource string }{{"svc/", "services"}, {"pod/", "pods"}, {"node/", "nodes"}}

// completions gives each command names of the cluster: silently none where it does
// not answer at once.
func (a *app) completions(root *cobra.Command) {
	// The flag exists.
	_ = root.RegisterFlagCompletionFunc("namespace", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return a.names("namespaces"), cobra.ShellCompDirectiveNoFileComp
	})
	for _, c := range root.Commands() {
		switch c.Name() {
		case "trace", "fix", "prove":
			c.ValidArgsFunction = a.completePlace(2)
		case "explain":
			c.ValidArgsFunction = a.completePlace(1)
		}
	}
}

// completeWords completes flags that take one of some words.
func completeWords(c *cobra.Command, flags map[string][]string) {
	for name, words := range flags {
		_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // the flags exist
	}
}

// completePlace completes up to most arguments that name places.
func (a *app) completePlace(most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		for _, p := range places {
			if strings.HasPrefix(begun, p.prefix) {
				names := a.names(p.resource)
				for i := range names {
					names[i] = p.prefix + names[i]
				}
				return names, cobra.ShellCompDirectiveNoFileComp
			}
		}
		var out []string
		for _, p := range places {
			out = append(out, p.prefix)
		}
		if most == 2 && len(args) == 0 {
			out = append(out, "external")
		}
		return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// names asks the cluster for names.
func (a *app) names(resource string) []string {
	if a.living.local || !kube.Configured(a.living.flags) && !kube.InCluster() {
		return nil
	}
	c, err := kube.Open(a.living.flags)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), completionTime)
	defer cancel()
	names := c.Names(ctx, resource)
	slices.Sort(names)
	return names
}
