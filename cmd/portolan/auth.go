package main

import (
	"context"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/internal/kube"
	"github.com/portolan-net/portolan/internal/report"
)

func (a *app) auth() *cobra.Command {
	return &cobra.Command{
		Use:   "auth",
		Short: "Print the role that reading a cluster needs, and check it",
		Long: `Ask the API server for each right that reading needs, whether you have it, and say
what cannot be answered without it. -o yaml prints the ClusterRole with just these
rights: of this cluster, or with --local of every kind that Portolan knows.

Only lists are read, and four ConfigMaps by their names; no Secret, and nothing is
written. What may not be read makes the answers that need it UNKNOWN.

Exit code 1 when a right is missing.`,
		Example: `  portolan auth
  portolan auth --as system:serviceaccount:monitoring:portolan
  portolan auth -o yaml | kubectl apply -f -
  portolan auth -o yaml --local`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := a.format("text", "yaml", "json"); err != nil {
				return err
			}
			return a.runAuth()
		},
	}
}

func (a *app) runAuth() error {
	if a.living.local {
		if a.output != "yaml" {
			return &usageError{what: "there is nobody to ask about rights with --local", hint: "portolan auth --local -o yaml"}
		}
		return kube.WriteRole(a.out, kube.EveryRight())
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c, err := kube.Open(a.living.flags)
	if err != nil {
		return err
	}
	found, _, err := c.Discover(ctx)
	if err != nil {
		return err
	}
	rights := kube.Rights(found)
	if a.output == "yaml" {
		return kube.WriteRole(a.out, rights)
	}
	allowed, err := c.Allowed(ctx, rights)
	if err != nil {
		return err
	}
	grants := make([]report.Grant, len(rights))
	for i := range rights {
		grants[i] = report.Grant{Right: rights[i].String(), Allowed: allowed[i], Loss: rights[i].Loss}
		if !allowed[i] {
			a.code = exitFinding
		}
	}
	if a.output == "json" {
		return report.GrantsJSON(a.out, grants)
	}
	p, err := a.printer()
	if err != nil {
		return err
	}
	return p.Grants(grants)
}
