package kube

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
)

// Options say how to read a cluster.
type Options struct {
	// Progress is told how many objects of a list were read, and how many there
	// are as far as the server says; nil is told nothing. Calls are not concurrent.
	Progress func(resource string, read, of int)
	// Limits bound the reading; zero fields take their defaults.
	Limits manifest.Limits
	// Namespaces are read by themselves where a list of all may not be: those that
	// the context and the question name. What may be no name is passed over.
	Namespaces []string
}

// Unread is a list, or an object, that was not read.
type Unread struct {
	// Verb and Resource are what was asked for: list networkpolicies.networking.k8s.io.
	Verb, Resource string
	// Forbidden is true where who asks may not; else it did not work.
	Forbidden bool
	// Why is the server's message.
	Why string
	// Kind is what is missing now.
	Kind manifest.Kind
	// Object is set where a single one was not understood.
	Object flow.Object
	// Except are the namespaces whose objects were read all the same.
	Except []string
}

// Reading is what was read of a cluster.
type Reading struct {
	Builder *manifest.Builder
	Unread  []Unread
	// Absent are the kinds that answers cannot rely on.
	Absent []string
	// Missing says of them what would have read them.
	Missing []cluster.Unread
	// Notes say how it was read, where that matters.
	Notes []flow.Reason
	// Resources are what the server offers.
	Resources []Resource
}

// atOnce is how many lists are read side by side.
const atOnce = 4

// Read reads everything that an answer may rest on. What cannot be read is in
// Unread; the error, an *Error, is for when nothing can be.
func (c *Client) Read(ctx context.Context, opt Options) (*Reading, error) {
	found, stale, err := c.Discover(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &reader{c: c, opt: opt, progress: map[string]int{}}
	lists := wanted(found)
	// The longest lists begin first.
	order := slices.Clone(lists)
	slices.SortStableFunc(order, func(a, b *listing) int { return cmp.Compare(rank(a.Name), rank(b.Name)) })
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for _, l := range order {
		slots <- struct{}{}
		all.Add(1)
		go func() {
			defer all.Done()
			r.read(ctx, l)
			<-slots
		}()
	}
	all.Wait()
	r.narrow(ctx, lists)
	if err := r.fatal(lists); err != nil {
		return nil, err
	}
	return r.reading(ctx, lists, stale, found)
}

func rank(name string) int {
	if i := slices.Index([]string{"pods", "endpointslices", "replicasets", "services"}, name); i >= 0 {
		return i
	}
	return 9
}

// listing is a list that is being read.
type listing struct {
	Resource
	parts   []*manifest.Part
	bad     []Unread // objects that could not be understood
	moments int
	err     error
	// only are the namespaces that were read one by one, where err is that all of them
	// may not be.
	only []string
	in   string // the namespace to read, "" for all
}

func (l *listing) objects() int {
	n := 0
	for _, p := range l.parts {
		n += len(p.Objects())
	}
	return n
}

// wanted are the lists to read: Endpoints only where no EndpointSlices are served.
func wanted(found []Resource) []*listing {
	served := slices.ContainsFunc(found, func(r Resource) bool { return r.Kind.Kind == "EndpointSlice" })
	var out []*listing
	for _, r := range found {
		if r.Kind.Kind == "Endpoints" && served {
			continue
		}
		out = append(out, &listing{Resource: r})
	}
	return out
}

type reader struct {
	c   *Client
	opt Options

	mu       sync.Mutex
	progress map[string]int
}

func (r *reader) tell(name string, read, of int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.opt.Progress != nil {
		r.opt.Progress(name, read, of)
	}
}

// read reads one list to its end.
func (r *reader) read(ctx context.Context, l *listing) {
	read := 0
	l.moments, l.err = r.c.list(ctx, l.Path(l.in), func() { l.parts, l.bad, read = nil, nil, 0 }, func(ch Chunk) error {
		part, bad, err := r.part(l, ch.Data)
		if err != nil {
			return err
		}
		l.parts = append(l.parts, part...)
		l.bad = append(l.bad, bad...)
		for _, p := range part {
			read += len(p.Objects())
		}
		r.tell(l.Name, read, read+ch.Meta.RemainingItemCount)
		return nil
	})
	if l.err != nil {
		l.parts = nil // half a list is no list
	}
}

// fatal is the failure under which nothing is worth reading on: nobody answers,
// nobody knows who asks, or nothing may be read at all.
func (r *reader) fatal(lists []*listing) error {
	failed, forbidden := 0, 0
	var first error
	for _, l := range lists {
		if l.err == nil {
			continue
		}
		if len(l.only) > 0 {
			return nil
		}
		failed++
		if IsForbidden(l.err) {
			forbidden++
		}
		if first == nil || hasCode(l.err, http.StatusUnauthorized) {
			first = l.err
		}
	}
	switch {
	case hasCode(first, http.StatusUnauthorized):
		return r.c.unreachable(first)
	case failed < len(lists):
		return nil
	case forbidden > 0:
		return &Error{
			What: "the API server " + r.c.base.Host, Why: "nothing may be read there: " + plain(first),
			Hint: "-n NAMESPACE, if you may read one; portolan auth prints the role that reading needs; " + HintLocal,
		}
	}
	return r.c.unreachable(first)
}

// reading puts the parts together, in the order of the resources' names.
func (r *reader) reading(ctx context.Context, lists []*listing, stale []string, found []Resource) (*Reading, error) {
	out := &Reading{Builder: manifest.NewBuilder(manifest.Options{Limits: r.opt.Limits}), Resources: found}
	blind := slices.ContainsFunc(lists, func(l *listing) bool { return l.err != nil && l.objects() == 0 && l.Kind.Kind == "Pod" })
	for _, l := range lists {
		for _, u := range l.bad {
			out.miss(u)
		}
		if l.err != nil {
			out.miss(Unread{Verb: "list", Resource: l.String(), Forbidden: IsForbidden(l.err), Why: plain(l.err), Kind: l.Kind, Except: l.only})
		}
		if l.moments > 1 {
			out.Notes = append(out.Notes, flow.Because(flow.CodeLiveMoments, l.String()))
		}
		if blind && makesPods(l.Group) {
			continue // pods would be derived from them, as from manifests
		}
		for _, p := range l.parts {
			if err := out.Builder.AddPart(p); err != nil {
				return nil, asError(r.c, err)
			}
		}
		l.parts = releaseAfter(l)
	}
	for _, g := range stale {
		out.Notes = append(out.Notes, flow.Because(flow.CodeLiveStale, g))
		out.doubt(g)
	}
	r.configs(ctx, lists, out)
	out.Notes = append(out.Notes, unreadNotes(out.Unread)...)
	return out, nil
}

// releaseAfter lets go of what the Builder has now, but for the workloads: they
// say where agents run.
func releaseAfter(l *listing) []*manifest.Part {
	if l.Kind.Kind == "DaemonSet" {
		return l.parts
	}
	return nil
}

func makesPods(group string) bool { return group == "apps" || group == "batch" }

func asError(c *Client, err error) error {
	var m *manifest.Error
	if errors.As(err, &m) {
		return &Error{What: "the cluster " + c.Name(), Why: m.Error(), Hint: m.Hint}
	}
	return err
}

// miss notes what was not read, and what becomes of answers.
func (out *Reading) miss(u Unread) {
	out.Unread = append(out.Unread, u)
	k := u.Kind
	switch {
	case k.Foreign, k.Kind == "NetworkPolicy":
		f := cluster.Foreign{Object: u.Object, Namespace: u.Object.Namespace, Engine: cmp.Or(k.Engine, "Kubernetes"), DenyOnly: k.DenyOnly, Except: u.Except}
		if f.Object.IsZero() {
			f.Object = flow.Object{Kind: k.Kind, Name: "*"}
		}
		out.Builder.Doubt(f)
		if !k.Foreign {
			out.Missing = append(out.Missing, cluster.Unread{Kind: k.Kind, Right: u.Verb + " " + u.Resource, Except: u.Except})
		}
	default:
		if slices.Contains(out.Absent, k.Kind) {
			return
		}
		out.Absent = append(out.Absent, k.Kind)
		out.Missing = append(out.Missing, cluster.Unread{Kind: k.Kind, Right: u.Verb + " " + u.Resource, Except: u.Except})
		if k.Kind == "Node" && u.Object.IsZero() {
			out.Builder.ImplyNodes()
		}
	}
}

// doubt says of a group whose API server does not answer that its policies may decide.
func (out *Reading) doubt(groupVersion string) {
	group, _, _ := strings.Cut(groupVersion, "/")
	for _, k := range manifest.Kinds() {
		if k.Foreign && k.Group == group {
			out.Builder.Doubt(cluster.Foreign{Object: flow.Object{Kind: k.Kind, Name: "*"}, Engine: k.Engine, DenyOnly: k.DenyOnly})
		}
	}
}

// Finish is the Builder's Input with what the reading knows: what is absent, and
// the notes.
func (out *Reading) Finish(in *manifest.Input) *manifest.Input {
	for _, k := range out.Absent {
		if !slices.Contains(in.Snapshot.Absent, k) {
			in.Snapshot.Absent = append(in.Snapshot.Absent, k)
		}
	}
	in.Snapshot.Unread = append(in.Snapshot.Unread, out.Missing...)
	in.Snapshot.Notes = append(slices.Clone(out.Notes), in.Snapshot.Notes...)
	return in
}

// Input is the reading by itself.
func (out *Reading) Input() (*manifest.Input, error) {
	in, err := out.Builder.Input()
	if err != nil {
		return nil, err
	}
	return out.Finish(in), nil
}
