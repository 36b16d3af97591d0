package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/internal/cores"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// The exit codes, for scripts. 1 beats 2.
const (
	exitAnswered = 0 // answered, or as asserted
	exitFinding  = 1 // a false assertion, or (trace --exit-code) not REACHABLE
	exitUnknown  = 2 // cannot answer: UNKNOWN
	exitInput    = 3 // usage or input error
)

// app is one run of the command: its streams and what the commands share.
type app struct {
	in       io.Reader
	out, err io.Writer
	files    []string
	recurse  bool
	ns       string
	output   string
	outputs  []string // of a command that may have several
	color    string
	lang     string
	others   bool // ask under the other profiles that fit
	living   living
	called   string // what people type: "portolan" or "kubectl portolan"
	code     int
}

// run executes the command line and returns the exit code.
func run(args []string, in io.Reader, out, errw io.Writer) int {
	return runAs(calledAs(os.Args[0]), args, in, out, errw)
}

// runAs is run, with what people type to call it.
func runAs(called string, args []string, in io.Reader, out, errw io.Writer) int {
	a := &app{in: in, out: out, err: errw, called: called}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errw)
	if err := root.Execute(); err != nil {
		a.complain(err)
		if a.unread(err) {
			return exitUnknown
		}
		return exitInput
	}
	return a.code
}

const longHelp = `Portolan explains what happens to a packet in a Kubernetes cluster: which
Service takes it, which node rewrites it, which NetworkPolicy ends it, and why
it still works from one place. It reads and touches nothing; probe alone connects,
and asks first.

It reads the cluster of the kubeconfig. Files given with -f are laid over it, as
kubectl apply would; files that hold Nodes are a whole cluster, and read alone:

  kubectl get nodes,namespaces,pods,services,endpointslices,networkpolicies \
    -A -o yaml > cluster.yaml

Exit codes: 0 answered or as asserted; 1 a false assertion, or not REACHABLE
with --exit-code; 2 cannot answer (UNKNOWN); 3 usage or input error.`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "portolan",
		Short: "Explain what happens to a packet in a Kubernetes cluster",
		Long:  longHelp,
		Example: `  portolan explain svc/test/ssh:22
  portolan explain svc/test/ssh:22 -f cluster.yaml
  portolan trace external svc/test/ssh:22 -f cluster.yaml
  portolan assert -f cluster.yaml -f expectations.yaml`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		// What --lang and --color say must make sense even where -o json needs neither.
		PersistentPreRunE: func(c *cobra.Command, args []string) error {
			if err := a.scope(c, args); err != nil {
				return err
			}
			_, err := a.printer()
			return err
		},
	}
	f := root.PersistentFlags()
	f.StringArrayVarP(&a.files, "filename", "f", nil, "file, directory or - (stdin) to read; repeat for more")
	f.BoolVarP(&a.recurse, "recursive", "R", false, "read directories recursively")
	a.scopeFlags(root)
	f.StringVarP(&a.output, "output", "o", "text", "text or json")
	f.StringVar(&a.color, "color", "auto", "auto, always or never; NO_COLOR counts as never")
	f.StringVar(&a.lang, "lang", localeLang(), "en or zh; the default comes from the locale")
	a.liveFlags(root)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &usageError{what: err.Error(), hint: c.CommandPath() + " --help"}
	})
	root.AddCommand(a.trace(), a.explain(), a.describe(), a.fix(), a.prove(), a.mapCommand(), a.assert(), a.lint(), a.diff(), a.watch(), a.snapshot(), a.auth(), a.probe(), a.dial(), a.version())
	a.completions(root)
	a.plugin(root)
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		a.translate(root)
		help(c, args)
	})
	return root
}

// translate puts the one-line help of every command into the language asked.
func (a *app) translate(root *cobra.Command) {
	lang := report.Lang(a.lang)
	for _, c := range append([]*cobra.Command{root}, root.Commands()...) {
		words := lang.Help(c.Name())
		if words == "" || words == c.Short {
			continue
		}
		c.Short = words
		c.Long = words + "\n\n" + c.Long
	}
}

// usageError is a command line that makes no sense, and what to try.
type usageError struct{ what, hint string }

func (e *usageError) Error() string { return e.what }

var errNoInput = &usageError{
	what: "no input: there is no kubeconfig, and no file is named with -f",
	hint: "kubectl get nodes,namespaces,pods,services,endpointslices,networkpolicies -A -o yaml | portolan ... -f -",
}

// complain prints an error for people: what failed, where, and what to try.
func (a *app) complain(err error) {
	what, hint := err.Error(), hintOf(err)
	var in *manifest.Error
	var q *path.QuestionError
	var u *usageError
	var fab *model.FabricError
	switch {
	case errors.As(err, &in):
		hint = in.Hint
	case a.unread(err):
		hint = "portolan auth: whether there is one could not be read"
	case errors.As(err, &q):
		hint = q.Hint
	case errors.As(err, &u):
		hint = u.hint
	case errors.As(err, &fab):
		hint = "the Fabric's fields are described in docs/cli.md"
	case strings.HasPrefix(what, "unknown command"):
		hint = "portolan --help"
	}
	fmt.Fprintln(a.err, "portolan: "+report.Clean(what))
	if hint != "" {
		fmt.Fprintln(a.err, "  try: "+a.as(report.Clean(hint)))
	}
}

// load reads the input and compiles it.
func (a *app) load(paths []string) (*manifest.Input, *model.Model, error) {
	return a.loadAs(paths, false)
}

// loadAs is load. about says that the question is about the files themselves.
func (a *app) loadAs(paths []string, about bool) (*manifest.Input, *model.Model, error) {
	in, err := a.read(paths, about)
	if err != nil {
		return nil, nil, err
	}
	a.warn(in)
	m, err := model.CompileOn(cores.All, in.Snapshot)
	return in, m, err
}

// printer writes to stdout, coloured where that is wanted.
func (a *app) printer() (*report.Printer, error) {
	p := report.NewPrinter(a.out)
	switch a.lang {
	case "en", "zh":
		p.Lang = report.Lang(a.lang)
	default:
		return nil, &usageError{what: fmt.Sprintf("--lang %q is not en or zh", a.lang), hint: "portolan --help"}
	}
	switch a.color {
	case "always":
		p.Color = true
	case "auto":
		p.Color = os.Getenv("NO_COLOR") == "" && isTerminal(a.out)
	case "never":
	default:
		return nil, &usageError{what: fmt.Sprintf("--color %q is not auto, always or never", a.color), hint: "portolan --help"}
	}
	return p, nil
}

// othersFlag lets a command leave the other profiles out.
func (a *app) othersFlag(c *cobra.Command) {
	c.Flags().BoolVar(&a.others, "others", true, "say where other dataplanes that fit would answer differently")
}

// localeLang is the language of the environment, as gettext finds it.
func localeLang() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(strings.ToLower(v), "zh") {
				return "zh"
			}
			return "en"
		}
	}
	return "en"
}

// format checks -o against what a command offers.
func (a *app) format(offered ...string) error {
	for _, o := range offered {
		if a.output == o {
			return nil
		}
	}
	return &usageError{
		what: fmt.Sprintf("-o %q is not one of %s", a.output, strings.Join(offered, ", ")),
		hint: "-o " + offered[0],
	}
}
