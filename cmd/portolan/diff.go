package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/diff"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/cores"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/report"
)

// diffing is what the flags of diff say.
type diffing struct {
	with, without []string
	failOn        string
	from, to      string
	narrow        bool // -n was given for what is asked, and not for what is laid over
	verbose       bool
}

func (a *app) diff() *cobra.Command {
	var x diffing
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Say what an upgrade takes and gives, and which object does it",
		Long: `Compare two versions of a cluster: which Services no longer answer whom, or answer
somebody they did not, which connections of pods are lost and gained, and by which
object: the one whose change alone does it.

OLD and NEW are files or directories. With --with the objects of one are laid over
the other (-f, or without it the cluster) as kubectl apply would: Services keep their addresses, running
pods take the template of their workload, EndpointSlices follow.

--from, --to and -n tell of a part, named as for portolan map; --fail-on counts what
is told, and the last line says how much more there is. With --with -n is the
namespace of objects that have none, and leaves nothing out.

Exit code 1 when something is lost, gained, or either, as --fail-on says; else 2
where something that decides could not be read.`,
		Example: `  portolan diff before/ after/ --fail-on lost
  helm template chart -n test | portolan diff -f live.yaml --with - -n test --fail-on lost
  portolan diff --with policy.yaml --fail-on lost
  portolan diff before/ after/ --from external --fail-on lost
  portolan diff before/ after/ --to svc/test/ssh
  portolan diff -f live.yaml --with policy.yaml
  portolan diff -f live.yaml --without NetworkPolicy/test/deny-from-other-namespaces`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			x.narrow = c.Flags().Changed("namespace") && len(x.with) == 0
			return a.runDiff(args, &x)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&x.with, "with", nil, "file, directory or - (stdin) to lay over the input of -f; repeat for more")
	f.StringArrayVar(&x.without, "without", nil, "Kind/namespace/name of an object to take away; repeat for more")
	f.StringVar(&x.failOn, "fail-on", "none", "what makes exit code 1: lost, gained, any or none")
	f.StringVar(&x.from, "from", "", "tell what these pods lose and gain, or what is outside, or a node")
	f.StringVar(&x.to, "to", "", "tell what becomes of these pods, or of this Service")
	f.BoolVarP(&x.verbose, "verbose", "v", false, "list everything that is folded, and the objects that differ")
	a.outputsFlag(c)
	completeWords(c, map[string][]string{"fail-on": diffFailOn})
	return c
}

// diffFailOn are the words of --fail-on.
var diffFailOn = []string{"lost", "gained", "any", "none"}

func (a *app) runDiff(args []string, x *diffing) error {
	outs, err := a.wanted(gateFormats...)
	if err != nil {
		return err
	}
	if !slices.Contains(diffFailOn, x.failOn) {
		return &usageError{what: fmt.Sprintf("--fail-on %q is not lost, gained, any or none", x.failOn), hint: "--fail-on lost"}
	}
	focus, err := a.diffFocus(x)
	if err != nil {
		return mapError(err)
	}
	old, young, err := a.versions(args, x)
	if err != nil {
		return err
	}
	if a.living.known = young; old.Partial() {
		a.living.known = old
	}
	done := a.progress("comparing")
	r, err := diff.CompareIn(focus, cores.All, old, young)
	done()
	if err != nil {
		return mapError(err)
	}
	lost, gained := r.Lost() && x.failOn != "gained", r.Gained() && x.failOn != "lost"
	if x.failOn != "none" && (lost || gained) {
		a.code = exitFinding
	} else if len(r.Unread) > 0 {
		a.code = exitUnknown // what could not be read may be lost, too
	}
	o := report.DiffOptions{Verbose: x.verbose}
	if len(args) == 2 {
		o.Input = " -f " + args[1]
		if a.recurse {
			o.Input += " -R"
		}
	}
	return a.gated(outs, gated{
		text:  func(p *report.Printer) error { return p.Diff(r, o) },
		json:  func(w io.Writer) error { return report.DiffJSON(w, r) },
		junit: func(w io.Writer) error { return report.DiffJUnit(w, r) },
		gate:  func(lang report.Lang) *report.Gate { return report.DiffGate(r, lang) },
	})
}

// diffFocus reads what a difference is to be of.
func (a *app) diffFocus(x *diffing) (diff.Focus, error) {
	var f diff.Focus
	var err error
	if f.From, err = cluster.ParseFocus(x.from, a.ns, cluster.FromSide); err != nil {
		return f, err
	}
	if x.narrow {
		f.Namespace = a.ns
	}
	f.To, err = cluster.ParseFocus(x.to, a.ns, cluster.ToSide)
	return f, err
}

// versions reads both: two arguments, or -f and what is laid over it.
func (a *app) versions(args []string, x *diffing) (old, young *cluster.Snapshot, err error) {
	laid := len(x.with)+len(x.without) > 0
	switch {
	case laid && len(args) == 0 && (len(a.files) > 0 || a.hasCluster()):
		return a.overlaid(x)
	case laid:
		return nil, nil, &usageError{what: "--with and --without need the version they change, by -f and not as an argument", hint: "portolan diff -f live.yaml --with new.yaml"}
	case len(args) != 2 || len(a.files) > 0:
		return nil, nil, &usageError{what: "diff needs two versions: OLD and NEW, or -f OLD and --with", hint: "portolan diff OLD NEW"}
	}
	for i, to := range []**cluster.Snapshot{&old, &young} {
		done := a.progress("reading " + args[i])
		in, err := manifest.Load(args[i:i+1], manifest.Options{Recursive: a.recurse, Stdin: a.in})
		done()
		if err != nil {
			return nil, nil, err
		}
		a.warn(in)
		*to = in.Snapshot
	}
	return old, young, oneCluster(args, old, young)
}

// oneCluster refuses a part beside a whole: whoever is in one version alone is no client
// whose answers could be compared, so nothing would be lost.
func oneCluster(args []string, old, young *cluster.Snapshot) error {
	whole, part := args[0], args[1]
	was, now := slices.Contains(old.Absent, "Node"), slices.Contains(young.Absent, "Node")
	if was {
		whole, part = part, whole
	}
	if was == now {
		return nil
	}
	return &usageError{
		what: fmt.Sprintf("%s holds no Nodes and %s does, so they are not two versions of one cluster", part, whole),
		hint: "portolan diff -f " + whole + " --with " + part + ", which lays it over",
	}
}

func (a *app) overlaid(x *diffing) (old, young *cluster.Snapshot, err error) {
	o := manifest.Overlay{Paths: x.with, Namespace: a.ns}
	for _, w := range x.without {
		parts := strings.Split(w, "/")
		switch len(parts) {
		case 2:
			o.Without = append(o.Without, flow.Object{Kind: parts[0], Name: parts[1]})
		case 3:
			o.Without = append(o.Without, flow.Object{Kind: parts[0], Namespace: parts[1], Name: parts[2]})
		default:
			return nil, nil, &usageError{what: fmt.Sprintf("--without %q is not Kind/namespace/name", w), hint: "--without NetworkPolicy/test/deny-all"}
		}
	}
	if len(a.files) == 0 || a.living.live || a.living.flags.Given() {
		return a.overCluster(o)
	}
	done := a.progress("reading " + strings.Join(slices.Concat(a.files, x.with), ", "))
	was, now, err := manifest.LoadOver(a.files, o, manifest.Options{Recursive: a.recurse, Stdin: a.in})
	done()
	if err != nil {
		return nil, nil, err
	}
	a.warn(now)
	return was.Snapshot, now.Snapshot, nil
}

// warn prints the reader's warnings.
func (a *app) warn(in *manifest.Input) {
	for _, w := range in.Warnings {
		fmt.Fprintf(a.err, "portolan: warning: %s: %s\n", cmp.Or(w.Position.String(), w.Object.String()), report.Say(w.Reason))
	}
}
