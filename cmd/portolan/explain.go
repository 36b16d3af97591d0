package main

import (
	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/report"
)

func (a *app) explain() *cobra.Command {
	var seen []string
	var seenFile string
	c := &cobra.Command{
		Use:   "explain [TARGET]",
		Short: "Show who can and who cannot reach a Service, and why",
		Long: `Ask for one Service, or one address, from every kind of place: clients outside
through each node, a process on each node, the pods of each namespace. Places
that fare alike share a line; the reasons stand below, each once. It says what
works and why that proves nothing, who shares the address, and what
externalTrafficPolicy Local would do to it.

Without a target it asks for every Service of the input from few places that
stand for all, and lists those that need somebody first, grouped by reason.

With --seen it goes the other way: from what was seen to what may stand behind
it. An object is named as the culprit only if taking it away, and nothing else,
changes the prediction at exactly the places that failed.

TARGET  svc/NAMESPACE/NAME[:PORT]  or  IP:PORT
SEEN    PLACE [via NODE] [to TARGET] WORD[,WORD], a WORD being connected,
        refused, timeout, unreachable, works or fails`,
		Example: `  portolan explain -f cluster.yaml
  portolan explain svc/test/ssh -f cluster.yaml
  portolan explain 198.51.100.17:22 -f cluster.yaml -f fabric.yaml
  portolan explain svc/kube-system/kube-dns:53/udp -f cluster.yaml -o json
  portolan explain svc/test/ssh:22 --seen "node/n2 connected" --seen "external timeout" -f cluster.yaml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) <= 1 {
				return nil
			}
			return &usageError{what: "explain takes one target, or none for every Service", hint: "portolan explain svc/NAMESPACE/NAME -f cluster.yaml"}
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := a.format("text", "json"); err != nil {
				return err
			}
			all, err := a.observations(seen, seenFile)
			if err != nil {
				return err
			}
			if len(args) == 0 && len(all) > 0 {
				return &usageError{what: "--seen needs the target that was asked for", hint: `portolan explain svc/NAMESPACE/NAME:PORT --seen "node/n1 timeout" -f cluster.yaml`}
			}
			if len(args) == 0 {
				return a.runTriage()
			}
			if len(all) > 0 {
				return a.runDiagnosis(args[0], all)
			}
			return a.runExplain(args[0])
		},
	}
	a.othersFlag(c)
	c.Flags().StringArrayVar(&seen, "seen", nil, "what was seen from a place (\"node/n1 timeout\"); repeat for more")
	c.Flags().StringVar(&seenFile, "seen-file", "", "file, or -, with one observation a line")
	return c
}

func (a *app) runExplain(target string) error {
	m, err := a.loadCluster()
	if err != nil {
		return err
	}
	done := a.progress("asking from every place")
	surveys, err := explain.Surveys(m, target, a.ns)
	if a.others {
		explain.TryOthers(m, surveys)
	}
	done()
	if err != nil {
		return err
	}
	for _, s := range surveys {
		if s.Has(flow.VerdictUnknown) {
			a.code = exitUnknown
		}
	}
	if m.Snapshot.UnreadOf("Node") != nil || m.Snapshot.UnreadOf("Pod") != nil { // places that nobody could ask from
		a.code = exitUnknown
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

func (a *app) runTriage() error {
	_, m, err := a.load(a.files)
	if err != nil {
		return err
	}
	done := a.progress("asking for every Service")
	t := explain.TriageAll(m)
	done()
	if m.Snapshot.Partial() {
		a.code = exitUnknown
	}
	if a.output == "json" {
		return report.TriageJSON(a.out, t)
	}
	p, err := a.printer()
	if err != nil {
		return err
	}
	return p.Triage(t)
}
