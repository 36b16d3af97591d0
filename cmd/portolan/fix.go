package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/path"
)

func (a *app) fix() *cobra.Command {
	var via, alternative string
	c := &cobra.Command{
		Use:   "fix FROM TO",
		Short: "Print the smallest change that makes a connection work",
		Long: `Print the smallest change that makes a question REACHABLE, as YAML on stdout,
and on stderr its proof: the repaired cluster is walked, all pods, ports and
peers are compared, and whoever is newly admitted is named; then what would be
tighter and what that costs, and the near misses that do not work, each with the
reason.

A NetworkPolicy is for kubectl apply -f -. Where no policy can repair it the
change of the Service is printed, for kubectl patch; the command stands on
stderr. Nothing is printed whose proof does not hold.

FROM and TO are those of portolan trace.

Exit codes: 0 a NetworkPolicy repairs it, or it works already; 1 no policy can
repair it, or not without changing more; 2 UNKNOWN, or what decides could not be
read as a whole, which the fix then says of itself; 3 usage or input error.`,
		Example: `  portolan fix external svc/test/ssh:22 -f cluster.yaml | kubectl apply -f -
  portolan fix pod/test/worker-0 svc/db/postgres -f cluster.yaml --lang zh
  portolan fix external svc/test/ssh:22 -f cluster.yaml -f fabric.yaml --alternative local`,
		Args: twoArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := a.format("text", "json"); err != nil {
				return err
			}
			if alternative != "" && !slices.Contains(explain.Alternatives, alternative) {
				return &usageError{
					what: fmt.Sprintf("--alternative %q is not one of %s", alternative, strings.Join(explain.Alternatives, ", ")),
					hint: "portolan fix --help",
				}
			}
			return a.runFix(path.Question{From: args[0], To: args[1], Via: via, Namespace: a.ns}, alternative)
		},
	}
	c.Flags().StringVar(&via, "via", "", "node that a client's packet enters by, instead of the router's choice")
	c.Flags().StringVar(&alternative, "alternative", "", "print a tighter fix instead: local or nodes")
	return c
}

func (a *app) runFix(q path.Question, alternative string) error {
	m, err := a.loadCluster()
	if err != nil {
		return err
	}
	talk, err := a.printer()
	if err != nil {
		return err
	}
	talk = talk.To(a.err, talk.Color && isTerminal(a.err))
	done := a.progress("looking for a fix")
	f, err := explain.Repair(m, q)
	done()
	if err != nil {
		return err
	}
	a.code = fixCode(f)
	switch {
	case a.output == "json":
		return report.FixJSON(a.out, f)
	case alternative != "":
		return a.printAlternative(talk, f, alternative)
	}
	if err := report.FixYAML(a.out, f, report.Lang(a.lang)); err != nil {
		return err
	}
	return talk.Fix(f)
}

func fixCode(f *explain.Fix) int {
	switch {
	case f.Outcome == explain.FixUnknown:
		return exitUnknown
	case f.Outcome == explain.FixPolicy && f.Holds() && len(f.Unread) > 0:
		return exitUnknown // it repairs, and what else it changes is not known as a whole
	case f.Outcome == explain.FixNeedless, f.Outcome == explain.FixPolicy && f.Holds():
		return exitAnswered
	}
	return exitFinding
}

// printAlternative prints a tighter fix; where it does not reach everything that
// is a finding.
func (a *app) printAlternative(talk *report.Printer, f *explain.Fix, name string) error {
	alt := f.Alternative(name)
	if alt == nil {
		return &usageError{
			what: fmt.Sprintf("there is no alternative %q to this fix", name),
			hint: "it needs clients that are told (a Fabric, or external/ADDRESS) and sources that are addresses; leave --alternative out to see the fix",
		}
	}
	a.code = exitAnswered
	if alt.After.Verdict != flow.Reachable {
		a.code = exitFinding
	} else if len(f.Unread) > 0 {
		a.code = exitUnknown
	}
	if err := report.AlternativeYAML(a.out, f, alt, report.Lang(a.lang)); err != nil {
		return err
	}
	return talk.Alternative(f, alt)
}
