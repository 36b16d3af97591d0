package manifest

import (
	"bytes"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Part is what one text held: an answer of an API server, say. Parts are read side
// by side and added to a Builder in an order that does not depend on who was first.
type Part struct {
	name    string
	bytes   int64
	objects []decoded
}

// ReadPart reads a text without adding it to anything. name stands for it in
// positions; "" is for what comes from no file. The error is an *Error.
func ReadPart(name string, data []byte, opt Options) (*Part, error) {
	lim := opt.Limits.withDefaults()
	objects, err := readHeld(name, data, &lim)
	if err != nil {
		return nil, err
	}
	return &Part{name: name, bytes: int64(len(data)), objects: objects}, nil
}

// readHeld decodes a text that is in memory, without a window beside it where it is
// small: an event of a watch is, and there are many.
func readHeld(name string, data []byte, lim *Limits) ([]decoded, *Error) {
	if len(data) <= lim.Document {
		return read(name, data, lim)
	}
	return readText(name, bytes.NewReader(data), int64(len(data)), lim, lim.Objects)
}

// Objects names what the part holds, in its order.
func (p *Part) Objects() []flow.Object {
	all := make([]flow.Object, len(p.objects))
	for i := range p.objects {
		all[i] = p.objects[i].object
	}
	return all
}

// Agents are the programs of dataplanes among the part's workloads and pods, with
// the namespaces they run in.
func (p *Part) Agents() map[string]cluster.Agent {
	all := map[string]cluster.Agent{}
	for _, d := range p.objects {
		switch val := d.val.(type) {
		case *workload:
			if val.Template.agent != nil {
				all[val.Namespace] = val.Template.agent.Agent
			}
		case *pod:
			if val.agent != nil {
				all[val.Namespace] = val.agent.Agent
			}
		}
	}
	return all
}

// AddPart adds what was read before.
func (b *Builder) AddPart(p *Part) error {
	if b.bytes += p.bytes; b.bytes > b.lim.Bytes {
		return b.tooLarge(p.name)
	}
	if b.sources++; b.sources == 1 {
		b.source = p.name
	} else {
		b.source = ""
	}
	for _, d := range p.objects {
		if err := b.keep(d); err != nil {
			return err
		}
	}
	return nil
}

// AddPaths reads files, directories and "-", as Load does. The error is an *Error.
func (b *Builder) AddPaths(paths []string, opt Options) error {
	stdin := false
	for _, p := range paths {
		if p == "-" && stdin {
			return &Error{Why: "standard input is named twice", Hint: "give -f - once"}
		}
		stdin = stdin || p == "-"
		if err := b.addNamed(p, opt); err != nil {
			return err
		}
	}
	return nil
}

// HoldsNodes reports whether a Node was read: a dump of a cluster has some, what
// people write for one has none.
func (b *Builder) HoldsNodes() bool { return len(b.nodes) > 0 }

// Empty reports whether nothing was read that says how packets travel.
func (b *Builder) Empty() bool { return len(b.seen) == 0 && b.fabric == nil && len(b.expect) == 0 }

// Over lays files that were read over the Builder's objects, as `kubectl apply`
// would: see LoadOver. Both Builders are spent afterwards.
func (b *Builder) Over(files *Builder) (*Input, error) {
	if err := b.Lay(files); err != nil {
		return nil, err
	}
	return b.Input()
}

// Lay is Over, with the Builder to go on with.
func (b *Builder) Lay(files *Builder) error {
	if e := b.lay(files, nil); e != nil {
		return e
	}
	return nil
}

// With is the Builder's objects, and the same with an overlay: see LoadOver. The
// Builder is spent afterwards.
func (b *Builder) With(over Overlay, opt Options) (old, young *Input, err error) {
	o := NewBuilder(opt)
	o.namespace = over.Namespace
	if err := o.AddPaths(over.Paths, opt); err != nil {
		return nil, nil, err
	}
	top := b.clone()
	if e := top.lay(o, over.Without); e != nil {
		return nil, nil, e
	}
	if old, err = b.Input(); err != nil {
		return nil, nil, err
	}
	young, err = top.Input()
	return old, young, err
}

// InNamespace puts the objects that name no namespace into one, as kubectl apply -n
// does.
func (b *Builder) InNamespace(name string) error {
	for o, d := range b.seen {
		if !d.bare || o.Namespace == name {
			continue
		}
		delete(b.seen, o)
		d.inNamespace(name)
		if before, again := b.seen[d.object]; again {
			return duplicate(d.object.String(), before.pos, d.pos)
		}
		b.seen[d.object] = d
	}
	return nil
}

// Doubt says of objects that they were not read, though they may decide: those of
// a kind that may not be listed (named "*"), or one that could not be understood.
func (b *Builder) Doubt(f cluster.Foreign) {
	f.Unread = true
	b.foreign = append(b.foreign, &f)
}

// Kind is a kind of object that is read.
type Kind struct {
	Group, Version, Kind string
	Namespaced           bool
	// Foreign is true for a kind of another policy engine, Engine names it, and
	// DenyOnly says that it can only take away.
	Foreign  bool
	DenyOnly bool
	Engine   string
}

// Plural is the kind's word in the paths of the API.
func (k *Kind) Plural() string {
	word := strings.ToLower(k.Kind)
	switch {
	case strings.HasSuffix(word, "endpoints"):
		return word
	case strings.HasSuffix(word, "y"):
		return strings.TrimSuffix(word, "y") + "ies"
	case strings.HasSuffix(word, "s"):
		return word + "es"
	}
	return word + "s"
}

// callerKinds are those that callback reads.
var callerKinds = []Kind{
	{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "ValidatingWebhookConfiguration"},
	{Group: "admissionregistration.k8s.io", Version: "v1", Kind: "MutatingWebhookConfiguration"},
	{Group: "apiregistration.k8s.io", Version: "v1", Kind: "APIService"},
	{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"},
}

// Kinds lists what an answer may rest on: the kinds that are modelled, those by
// which the API server calls Services, and those of other policy engines that
// decide something. ConfigMaps are read by name: ConfigNames.
func Kinds() []Kind {
	var all []Kind
	for i := range modelledKinds {
		m := &modelledKinds[i]
		for g, group := range m.groups {
			if g == 0 || group == calicoGroups[1] {
				all = append(all, Kind{Group: group, Version: m.versions[g], Kind: m.kind, Namespaced: m.namespaced})
			}
		}
	}
	all = append(all, callerKinds...)
	for i := range foreignKinds {
		f := &foreignKinds[i]
		if f.effect == mayDecide || f.effect == mayDeny {
			all = append(all, f.asKind())
		}
	}
	return all
}

func (f *foreignKind) asKind() Kind {
	return Kind{Group: f.group, Kind: f.kind, Namespaced: f.namespaced, Foreign: true, DenyOnly: f.effect == mayDeny, Engine: f.engine}
}

// KindOf reports whether objects of a type that an API server offers are read, and
// as what. A version that is not known is not; a type that calls itself a network
// policy is, even if nobody has heard of it.
func KindOf(group, version, kind string) (Kind, bool) {
	for _, k := range callerKinds {
		if k.Group == group && k.Kind == kind {
			return k, k.Version == version
		}
	}
	if m := byKind(modelledKinds, kind); m != nil && slices.Contains(m.groups, group) {
		return Kind{Group: group, Version: version, Kind: kind, Namespaced: m.namespaced}, slices.Contains(m.versions, version)
	}
	f := foreignOf(typeMeta{group, version, kind})
	if f == nil || f.effect != mayDecide && f.effect != mayDeny {
		return Kind{}, false
	}
	k := f.asKind()
	k.Version = version
	return k, true
}

// ConfigNames are the ConfigMaps that are read, in the namespaces of their agents.
func ConfigNames() []string {
	var all []string
	for name := range configNames {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
