package main

import (
	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/report"
)

func (a *app) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain TARGET",
		Short: "Show who can and who cannot reach a Service, and why",
		Long: `Ask for one Service, or one address, from every kind of place: clients outside
through each node, a process on each node, the pods of each namespace. Places
that fare alike share a line; the reasons stand below, each once. It says what
works and why that proves nothing, who shares the address, and what
externalTrafficPolicy Local would do to it.

TARGET  svc/NAMESPACE/NAME[:PORT]  or  IP:PORT`,
		Example: `  portolan explain svc/test/ssh -f cluster.yaml
  portolan explain 198.51.100.17:22 -f cluster.yaml -f fabric.yaml
  portolan explain svc/kube-system/kube-dns:53/udp -f cluster.yaml -o json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 1 {
				return nil
			}
			return &usageError{what: "explain needs one target", hint: "portolan explain svc/NAMESPACE/NAME -f cluster.yaml"}
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := a.format("text", "json"); err != nil {
				return err
			}
			return a.runExplain(args[0])
		},
	}
}

func (a *app) runExplain(target string) error {
	_, m, err := a.load(a.files)
	if err != nil {
		return err
	}
	done := a.progress("asking from every place")
	surveys, err := explain.Surveys(m, target, a.ns)
	done()
	if err != nil {
		return err
	}
	for _, s := range surveys {
		if s.Has(flow.VerdictUnknown) {
			a.code = exitUnknown
		}
	}
	if a.output == "json" {
		return report.SurveyJSON(a.out, surveys)
	}
	p, err := a.printer()
	if err != nil {
		return err
	}
	return p.Surveys(surveys)
}
