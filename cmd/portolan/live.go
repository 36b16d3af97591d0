package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/kube"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/path"
)

// source is where the objects come from.
type source uint8

const (
	files   source = iota // the files alone
	live                  // the cluster, with the files laid over it
	byFiles               // the files alone if they hold Nodes, else live
)

// living is what the flags say about the live cluster.
type living struct {
	flags       kube.Flags
	local, live bool
	read        bool              // a cluster was read
	named       []string          // namespaces that the command line names
	known       *cluster.Snapshot // what was read, to tell what could not be
}

// liveFlags are kubectl's flags for the cluster, and the two that choose between it
// and files.
func (a *app) liveFlags(root *cobra.Command) {
	f, x := root.PersistentFlags(), &a.living.flags
	f.BoolVar(&a.living.local, "local", false, "read files alone, and no cluster")
	f.BoolVar(&a.living.live, "live", false, "lay the files over the cluster, whatever they hold")
	for _, s := range []struct {
		to         *string
		name, help string
	}{
		{&x.Kubeconfig, "kubeconfig", "the kubeconfig; the default is KUBECONFIG, then ~/.kube/config"},
		{&x.Context, "context", "context of the kubeconfig"},
		{&x.Cluster, "cluster", "cluster of the kubeconfig"},
		{&x.User, "user", "user of the kubeconfig"},
		{&x.Server, "server", "address of the API server"},
		{&x.TLSServerName, "tls-server-name", "name in the API server's certificate"},
		{&x.CertificateAuthority, "certificate-authority", "file with the authority of the API server's certificate"},
		{&x.ClientCertificate, "client-certificate", "file with a client certificate"},
		{&x.ClientKey, "client-key", "file with its key"},
		{&x.Token, "token", "bearer token"},
		{&x.As, "as", "user to impersonate"},
		{&x.AsUID, "as-uid", "uid to impersonate"},
		{&x.RequestTimeout, "request-timeout", "how long one request may take (30s); 0 is for ever, the default 65s"},
	} {
		f.StringVar(s.to, s.name, "", s.help)
	}
	f.StringArrayVar(&x.AsGroups, "as-group", nil, "group to impersonate; repeat for more")
	f.BoolVar(&x.Insecure, "insecure-skip-tls-verify", false, "do not check the API server's certificate")
	for _, name := range seldom {
		_ = f.MarkHidden(name) // the flags are those above
	}
	for flag, names := range map[string]func() []string{"context": x.Contexts, "cluster": x.Clusters, "user": x.Users} {
		// The flags are those above, so this cannot fail.
		_ = root.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return names(), cobra.ShellCompDirectiveNoFileComp
		})
	}
}

// seldom are the flags that help leaves out: they are kubectl's, and in docs/cli.md.
var seldom = []string{
	"cluster", "user", "server", "tls-server-name", "certificate-authority", "client-certificate", "client-key",
	"token", "as-uid", "as-group", "insecure-skip-tls-verify",
}

// source decides where the objects come from. A cluster is read without files, or
// where a flag names one; files that are a part of a cluster are laid over it. about
// says that the question is about the files themselves.
func (a *app) source(paths []string, about bool) (source, error) {
	x := &a.living
	switch {
	case x.local && (x.live || x.flags.Given()):
		return files, &usageError{what: "--local reads files alone, and another flag names a cluster", hint: "leave one of them out"}
	case x.local && len(paths) == 0:
		return files, &usageError{what: "no input: --local reads files alone, and none is named with -f", hint: errNoInput.hint}
	case x.local:
		return files, nil
	case x.live || x.flags.Given():
		return live, nil
	case len(paths) == 0 && (kube.Configured(x.flags) || kube.InCluster()):
		return live, nil
	case len(paths) == 0:
		return files, errNoInput
	case about || !kube.Configured(x.flags):
		return files, nil
	}
	return byFiles, nil
}

func isFile(arg string) bool {
	_, err := os.Stat(arg)
	return err == nil || arg == "-"
}

// read reads files, or the cluster, or the cluster with the files laid over it.
func (a *app) read(paths []string, about bool) (*manifest.Input, error) {
	_, in, err := a.readBuilder(paths, about)
	if err == nil {
		a.living.known = in.Snapshot
	}
	return in, err
}

// readBuilder is read, with the Builder, whose Input was taken.
func (a *app) readBuilder(paths []string, about bool) (*manifest.Builder, *manifest.Input, error) {
	b := manifest.NewBuilder(manifest.Options{})
	if carried := os.Getenv(carriedFile); carried != "" {
		return a.unpack(b, carried)
	}
	src, err := a.source(paths, about)
	if err != nil {
		return nil, nil, err
	}
	done := a.progress("reading " + strings.Join(paths, ", "))
	err = b.AddPaths(paths, manifest.Options{Recursive: a.recurse, Stdin: a.in})
	done()
	if err != nil {
		return nil, nil, err
	}
	switch {
	case src == live:
		return a.over(b, len(paths) > 0)
	case src == byFiles && !b.HoldsNodes():
		return a.over(b, true)
	case src == byFiles:
		fmt.Fprintln(a.err, "portolan: the files hold Nodes and are read alone; --live lays them over the cluster")
	}
	in, err := b.Input()
	return b, in, err
}

// over reads the cluster and lays files over it.
func (a *app) over(b *manifest.Builder, some bool) (*manifest.Builder, *manifest.Input, error) {
	r, err := a.readCluster()
	if err != nil {
		return nil, nil, err
	}
	a.living.read = true
	if !some {
		in, err := r.Input()
		return r.Builder, in, err
	}
	if err := b.InNamespace(a.ns); err != nil {
		return nil, nil, err
	}
	in, err := r.Builder.Over(b)
	if err != nil {
		return nil, nil, err
	}
	return r.Builder, r.Finish(in), nil
}

// hasCluster reports whether there is a cluster to read, and nobody says not to.
func (a *app) hasCluster() bool {
	src, err := a.source(nil, false)
	return err == nil && src == live
}

// unread reports whether an error names what may exist: its kind could not be read.
func (a *app) unread(err error) bool {
	var q *path.QuestionError
	return errors.As(err, &q) && a.mayExist(q.Missing, q.Namespace)
}

// mayExist reports whether there may be objects of a kind in a namespace that could
// not be read.
func (a *app) mayExist(kind, namespace string) bool {
	if a.living.known == nil {
		return false
	}
	u := a.living.known.UnreadOf(kind)
	return u != nil && !slices.Contains(u.Except, namespace)
}

// overCluster is the cluster, with the files laid over it, and the same with what
// is laid over that.
func (a *app) overCluster(o manifest.Overlay) (old, young *cluster.Snapshot, err error) {
	base := manifest.NewBuilder(manifest.Options{})
	if err := base.AddPaths(a.files, manifest.Options{Recursive: a.recurse, Stdin: a.in}); err != nil {
		return nil, nil, err
	}
	if err := base.InNamespace(a.ns); err != nil {
		return nil, nil, err
	}
	r, err := a.readCluster()
	if err != nil {
		return nil, nil, err
	}
	if err := r.Builder.Lay(base); err != nil {
		return nil, nil, err
	}
	was, now, err := r.Builder.With(o, manifest.Options{Recursive: a.recurse, Stdin: a.in})
	if err != nil {
		return nil, nil, err
	}
	a.warn(now)
	return r.Finish(was).Snapshot, r.Finish(now).Snapshot, nil
}

// readCluster reads the live cluster, and says on stderr what could not be read.
func (a *app) readCluster() (*kube.Reading, error) {
	c, err := kube.Open(a.living.flags)
	if err != nil {
		return nil, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	bar := a.bar("reading the cluster " + report.Clean(c.Name()))
	shown, most := "", 0
	r, err := c.Read(ctx, kube.Options{Namespaces: append(a.living.named, c.Namespace), Progress: func(resource string, read, of int) {
		if of >= most || resource == shown {
			if resource != shown {
				bar.now("reading " + resource + " of " + report.Clean(c.Name()))
			}
			shown, most = resource, of
			bar.at(read, of)
		}
	}})
	bar.end()
	if err != nil {
		return nil, err
	}
	for _, n := range r.Notes {
		fmt.Fprintln(a.err, "portolan: warning: "+report.Clean(report.Lang(a.lang).Say(n)))
	}
	if slices.ContainsFunc(r.Unread, func(u kube.Unread) bool { return u.Forbidden }) {
		fmt.Fprintln(a.err, "  try: portolan auth prints the role that reading needs")
	}
	return r, nil
}

// hintOf is what the reader of a cluster suggests.
func hintOf(err error) string {
	var k *kube.Error
	if errors.As(err, &k) {
		return k.Hint
	}
	return ""
}
