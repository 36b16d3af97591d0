package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/internal/cores"
	"github.com/portolan-net/portolan/internal/draw"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/reach"
)

// mapFormats are what a map is written as.
var mapFormats = []string{"text", "json", "csv", "md", "dot", "mermaid", "svg", "svg-matrix", "svg-graph", "html"}

// mapping is what the flags of map say.
type mapping struct {
	by, ports, only string
	from, to        string
	imagine         []string
	exposure, all   bool
}

// words of flags, the first being the default.
var (
	foldWords     = []string{"namespace", "workload", "class"}
	countingWords = []string{"declared", "answered", "open"}
	onlyWords     = []string{"blocked", "exposed"}
)

func (a *app) mapCommand() *cobra.Command {
	var x mapping
	c := &cobra.Command{
		Use:   "map [FILE...]",
		Short: "Show who can reach what in the whole cluster",
		Long: `Show who can reach what: pods by workload where the cluster is small, else by
namespace; then who gets an answer from each Service, and what is open to every
address. -n NAMESPACE shows the traffic of one namespace, by workload.

FROM, TO  ns/NAME, deploy/NAMESPACE/NAME (sts, ds, rs, job, cronjob),
          pod/NAMESPACE/NAME; TO also svc/NAMESPACE/NAME[:PORT]; FROM also
          external, external/NAME-or-IP and node/NAME: what of the pods behind
          Services they reach
POD       NAMESPACE[: LABEL=VALUE,...[: PORT,...]], any pod with these labels

Exit code 2 when something in the map is not known, or could not be read.`,
		Example: `  portolan map -f cluster.yaml
  portolan map -f cluster.yaml -n web
  portolan map -f cluster.yaml --by workload -o html=map.html
  portolan map -f cluster.yaml --to svc/web/shop
  portolan map -f cluster.yaml --from external
  portolan map -f cluster.yaml --imagine "web: app=client,tier=front"
  portolan map -f cluster.yaml --only exposed`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			return a.runMap(append(a.files, args...), &x, c.Flags().Changed("namespace"))
		},
	}
	f := c.Flags()
	f.StringVar(&x.by, "by", "", "put pods together by "+strings.Join(foldWords, ", ")+"; the default goes by the size of the cluster")
	f.StringVar(&x.ports, "ports", countingWords[0], "which ports count: declared, answered (declared, and of protocols without any all), open (whether or not anybody listens)")
	f.StringVar(&x.only, "only", "", "blocked or exposed: what is closed to somebody, or open to addresses outside")
	f.StringVar(&x.from, "from", "", "what these pods reach, or what is outside, or a node")
	f.StringVar(&x.to, "to", "", "who reaches these pods, or this Service")
	f.StringArrayVar(&x.imagine, "imagine", nil, "a pod that does not exist yet: what it would reach, and who it; repeat for more")
	f.BoolVar(&x.exposure, "exposure", false, "every address of every Service from everywhere, and what is open to the world, alone")
	f.BoolVar(&x.all, "all", false, "print every line")
	a.outputsFlagOf(c, mapFormats)
	completeWords(c, map[string][]string{"by": foldWords, "ports": countingWords, "only": onlyWords})
	return c
}

// options turns the flags into what atlas understands.
func (x *mapping) options(namespace string, focus bool) (atlas.Options, error) {
	o := atlas.Options{From: x.from, To: x.to, Default: namespace}
	if focus {
		o.Namespace = namespace
	}
	for _, w := range []struct {
		flag, word string
		offered    []string
		set        func(int)
	}{
		{"by", x.by, foldWords, func(i int) { o.By = atlas.ByNamespace + atlas.Fold(i) }},
		{"ports", x.ports, countingWords, func(i int) { o.Ports = atlas.Counting(i) }},
		{"only", x.only, onlyWords, func(i int) { o.Only = atlas.Blocked + atlas.Only(i) }},
	} {
		at := slices.Index(w.offered, w.word)
		switch {
		case at >= 0:
			w.set(at)
		case w.word != "" || w.flag == "ports":
			return o, &usageError{what: fmt.Sprintf("--%s %q is not one of %s", w.flag, w.word, strings.Join(w.offered, ", ")), hint: "--" + w.flag + " " + w.offered[0]}
		}
	}
	for _, text := range x.imagine {
		p, err := atlas.ParseImagined(text)
		if err != nil {
			return o, err
		}
		o.Imagined = append(o.Imagined, p)
	}
	if len(o.Imagined) > 0 && x.from+x.to != "" {
		return o, &usageError{what: "--imagine shows what the pod reaches and who reaches it; --from and --to do not go with it", hint: "--imagine alone"}
	}
	return o, nil
}

func (a *app) runMap(files []string, x *mapping, focus bool) error {
	outs, err := a.wanted(mapFormats...)
	if err != nil {
		return err
	}
	o, err := x.options(a.ns, focus)
	if err != nil {
		return mapError(err)
	}
	m, err := a.loadClusterOf(files)
	if err != nil {
		return err
	}
	done := a.progress("drawing the map")
	o.Cores = cores.All
	drawn, err := atlas.Make(reach.Compile(m), o)
	done()
	if err != nil {
		return mapError(err)
	}
	if drawn.Unknown() || m.Snapshot.Partial() {
		a.code = exitUnknown
	}
	v := &report.MapView{Map: drawn, Ignored: explain.Unused(m.Snapshot), Exposure: x.exposure, All: x.all}
	return a.each(outs, func(format string, p *report.Printer, w io.Writer) error { return writeMap(format, p, w, v) })
}

func writeMap(format string, p *report.Printer, w io.Writer, v *report.MapView) error {
	switch format {
	case "text":
		return p.Map(v)
	case "json":
		return report.MapJSON(w, v)
	case "csv":
		return report.MapCSV(w, v)
	case "md":
		return report.MapMarkdown(w, v, p.Lang)
	}
	return mapError(draw.Draw(format, w, v.Map, p.Lang.MapWords()))
}

// mapError says what to try where a name is wrong.
func mapError(err error) error {
	var e *cluster.WordError
	if errors.As(err, &e) {
		return &path.QuestionError{Part: e.Part, What: e.What, Hint: e.Hint, Missing: e.Missing, Namespace: e.Namespace}
	}
	var d *draw.TooMuchError
	if errors.As(err, &d) {
		return &usageError{what: d.Error(), hint: "--by namespace, or a part: -n NAMESPACE, --from, --to"}
	}
	return err
}

// loadClusterOf is loadCluster of these files.
func (a *app) loadClusterOf(files []string) (*model.Model, error) {
	a.files = files
	return a.loadCluster()
}
