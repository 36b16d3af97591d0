package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/internal/kube"
	"github.com/portolan-net/portolan/internal/report"
)

func (a *app) auth() *cobra.Command {
	purpose := ""
	c := &cobra.Command{
		Use:   "auth",
		Short: "Print the role that reading a cluster needs, and check it",
		Long: `Ask the API server for each right that reading needs, whether you have it, and say
what cannot be answered without it. -o yaml prints the ClusterRole with just these
rights: of this cluster, or with --local of every kind that Portolan knows.

Only lists are read, and seven ConfigMaps by their names; no Secret, and nothing is
written. What may not be read makes the answers that need it UNKNOWN.

--for probe is about what portolan probe needs besides: running commands in pods, and
creating and deleting its own.

Exit code 1 when a right is missing.`,
		Example: `  portolan auth
  portolan auth --as system:serviceaccount:monitoring:portolan
  portolan auth -o yaml | kubectl apply -f -
  portolan auth -o yaml --local
  portolan auth --for probe -o yaml | kubectl apply -f -`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := a.format("text", "yaml", "json"); err != nil {
				return err
			}
			switch purpose {
			case "read":
				return a.runAuth()
			case "probe":
				return a.runProbeAuth()
			}
			return &usageError{what: fmt.Sprintf("--for %q is not read or probe", purpose), hint: "portolan auth --for probe"}
		},
	}
	c.Flags().StringVar(&purpose, "for", "read", "read, or probe for what probing needs besides")
	return c
}

// runProbeAuth is runAuth for what probing needs.
func (a *app) runProbeAuth() error {
	if a.output == "yaml" {
		return kube.WriteProbeRole(a.out)
	}
	if a.living.local {
		return &usageError{what: "there is nobody to ask about rights with --local", hint: "portolan auth --for probe -o yaml"}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c, err := kube.Open(a.living.flags)
	if err != nil {
		return err
	}
	grants, err := a.granted(ctx, c, kube.ProbeRights())
	if err != nil {
		return err
	}
	if a.output == "json" {
		return report.GrantsJSON(a.out, grants)
	}
	p, err := a.printer()
	if err != nil {
		return err
	}
	return p.ProbeGrants(grants)
}

// granted asks about rights; a missing one is a finding.
func (a *app) granted(ctx context.Context, c *kube.Client, rights []kube.Right) ([]report.Grant, error) {
	allowed, err := c.Allowed(ctx, rights)
	if err != nil {
		return nil, err
	}
	grants := make([]report.Grant, len(rights))
	for i := range rights {
		grants[i] = report.Grant{Right: rights[i].String(), Allowed: allowed[i], Loss: rights[i].Loss}
		if !allowed[i] {
			a.code = exitFinding
		}
	}
	return grants, nil
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
	grants, err := a.granted(ctx, c, rights)
	if err != nil {
		return err
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
