package manifest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Warning is something in the input that has no effect or not the written one.
type Warning struct {
	Position flow.Position
	Object   flow.Object
	Field    string
	Reason   flow.Reason
}

// Input is everything that was read.
type Input struct {
	Snapshot     *cluster.Snapshot
	Expectations []cluster.Expectation
	Warnings     []Warning
	Objects      int // of all kinds, the ignored ones too
}

// Builder collects the objects of several sources. Its zero value is not
// usable: NewBuilder.
type Builder struct {
	lim      Limits
	source   string // the only one, "" of several
	sources  int
	bytes    int64
	objects  int
	seen     map[flow.Object]decoded
	left     map[flow.Object]bool // what is ignored
	warnings []Warning
	expect   []cluster.Expectation
	foreign  []*cluster.Foreign
	ignored  []*cluster.Ignored
	fabric   *cluster.Fabric
	clues    []*cluster.Clue

	callbacks []*cluster.Callback

	nodes      []*cluster.Node
	namespaces []*cluster.Namespace
	pods       []*pod
	services   []*cluster.Service
	slices     []*cluster.EndpointSlice
	endpoints  []*endpoints
	policies   []*cluster.NetworkPolicy
	metallb    cluster.MetalLB
	workloads  []*workload
	readings   []*reading
	implied    bool // pods stand in for Nodes

	// Of an input that another was laid over (overlay.go).
	namespace string // of objects that have none
	rolled    map[flow.Object]*workload
	written   map[flow.Object]bool // Services whose slices the overlay holds
	before    map[flow.Object][]*cluster.EndpointSlice
}

// NewBuilder returns a Builder that has read nothing.
func NewBuilder(opt Options) *Builder {
	return &Builder{lim: opt.Limits.withDefaults(), seen: make(map[flow.Object]decoded), left: make(map[flow.Object]bool)}
}

// Add reads one source. name stands for it in every position.
func (b *Builder) Add(name string, data []byte) error {
	return b.addReader(name, bytes.NewReader(data))
}

func (b *Builder) tooLarge(name string) *Error {
	return &Error{
		Position: at(name, 0), Why: fmt.Sprintf("the input is larger than %d bytes", b.lim.Bytes),
		Hint: "dump only what is needed; " + hintDump,
	}
}

// keep puts one object where it belongs.
func (b *Builder) keep(d decoded) *Error {
	if b.objects++; b.objects > b.lim.Objects {
		return &Error{Position: d.pos, Why: fmt.Sprintf("more than %d objects", b.lim.Objects)}
	}
	if d.bare && b.namespace != "" {
		d.inNamespace(b.namespace)
	}
	switch val := d.val.(type) {
	case *cluster.Foreign:
		if _, again := b.seen[d.object]; !again {
			b.seen[d.object] = d
			b.foreign = append(b.foreign, val)
		}
		return nil
	case *cluster.Ignored:
		if !b.left[d.object] && !definition[d.object.Kind] {
			b.left[d.object] = true
			b.ignored = append(b.ignored, val)
		}
		return nil
	case *cluster.Clue:
		if _, again := b.seen[d.object]; !again {
			b.seen[d.object] = d
			b.clues = append(b.clues, val)
		}
		return nil
	case *called:
		b.keepCallback(d, val)
		return nil
	case *cluster.Fabric:
		b.warnings = append(b.warnings, d.warns...)
		return b.keepFabric(val)
	}
	if before, ok := b.seen[d.object]; ok {
		_, add := d.val.(*[]cluster.Expectation)
		switch {
		case sameObject(before.val, d.val):
			return nil
		case add: // two sets of questions contradict nothing
			b.place(d.val)
			return nil
		}
		return duplicate(d.object.String(), before.pos, d.pos)
	}
	b.seen[d.object] = d
	b.warnings = append(b.warnings, d.warns...)
	b.place(d.val)
	return nil
}

// definition: every cluster has dozens of these, and they say nothing of packets.
// Those that make the API server call a Service are Callbacks.
var definition = map[string]bool{"APIService": true, "CustomResourceDefinition": true}

func (b *Builder) place(val any) {
	switch val := val.(type) {
	case *cluster.Node:
		b.nodes = append(b.nodes, val)
	case *cluster.Namespace:
		b.namespaces = append(b.namespaces, val)
	case *pod:
		b.pods = append(b.pods, val)
	case *cluster.Service:
		b.services = append(b.services, val)
	case *cluster.EndpointSlice:
		b.slices = append(b.slices, val)
	case *endpoints:
		b.endpoints = append(b.endpoints, val)
	case *cluster.NetworkPolicy:
		b.policies = append(b.policies, val)
	case *cluster.IPAddressPool, *cluster.BGPAdvertisement, *cluster.L2Advertisement, *cluster.BGPPeer:
		b.placeMetalLB(val)
	case *workload:
		b.workloads = append(b.workloads, val)
	case *reading:
		b.readings = append(b.readings, val)
	case *[]cluster.Expectation:
		b.expect = append(b.expect, *val...)
	}
}

// keepFabric refuses a second Fabric that says something else, whatever its
// name: there is one network.
func (b *Builder) keepFabric(f *cluster.Fabric) *Error {
	if b.fabric == nil {
		b.fabric = f
		return nil
	}
	first, second := *b.fabric, *f
	first.Name, second.Name = "", ""
	if sameObject(first, second) {
		return nil
	}
	return &Error{
		Position: f.Position, What: "Fabric/" + f.Name,
		Why:  "Fabric/" + b.fabric.Name + " was read before, at " + b.fabric.Position.String() + ", and says something else",
		Hint: "one cluster has one Fabric: merge the two, or leave one out",
	}
}

func duplicate(object string, first, second flow.Position) *Error {
	return &Error{
		Position: second, What: object, Why: "the same object was read before, at " + first.String() + ", with other contents",
		Hint: "leave one of the two out: nobody knows which of them the cluster holds",
	}
}

// sameObject reports whether two objects say the same about traffic, wherever
// they were read and whoever wrote them.
func sameObject(a, b any) bool { return reflect.DeepEqual(plainData(a), plainData(b)) }

// plainData is the object as generic values without its provenance. It is
// asked for objects that occur twice only.
func plainData(val any) any {
	text, err := json.Marshal(val)
	if err != nil {
		return val
	}
	var generic any
	if json.Unmarshal(text, &generic) != nil {
		return val
	}
	return withoutProvenance(generic)
}

func withoutProvenance(val any) any {
	switch val := val.(type) {
	case map[string]any:
		delete(val, "Position")
		delete(val, "Manager")
		for k := range val {
			val[k] = withoutProvenance(val[k])
		}
	case []any:
		for i := range val {
			val[i] = withoutProvenance(val[i])
		}
	}
	return val
}

// Input finishes the reading: owners are resolved, what the input leaves to
// the control plane is derived. The Builder is spent afterwards.
func (b *Builder) Input() (*Input, error) {
	if len(b.seen) == 0 && b.fabric == nil {
		why := "the input holds no object"
		if b.objects > 0 {
			why = "the input holds nothing that says how packets travel; what was ignored: " + b.fewIgnored()
		}
		return nil, &Error{Position: at(b.source, 0), Why: why, Hint: hintDump}
	}
	s := &cluster.Snapshot{}
	b.resolveOwners()
	b.roll()
	b.hostNetworkIPs()
	s.Notes = append(s.Notes, b.implyNodes()...)
	s.Notes = append(s.Notes, b.derivePods()...)
	s.Notes = append(s.Notes, b.inventAddresses()...)
	s.Notes = append(s.Notes, b.inventClusterIPs()...)
	s.Notes = append(s.Notes, b.convertEndpoints()...)
	b.rewrite()
	s.Notes = append(s.Notes, b.deriveSlices()...)
	s.Notes = append(s.Notes, b.implyNamespaces()...)
	b.fill(s)
	s.Absent = absent(s)
	for _, r := range b.readings {
		r.add(s)
	}
	slices.SortStableFunc(b.warnings, func(x, y Warning) int {
		return cmp.Or(cmp.Compare(x.Position.File, y.Position.File), cmp.Compare(x.Position.Line, y.Position.Line))
	})
	return &Input{Snapshot: s, Expectations: b.expect, Warnings: b.warnings, Objects: b.objects}, nil
}

func (b *Builder) fewIgnored() string {
	var names []string
	for _, i := range b.ignored {
		names = append(names, i.Object.String())
	}
	return few(names)
}

func (b *Builder) fill(s *cluster.Snapshot) {
	s.Nodes = values(b.nodes)
	s.Namespaces = values(b.namespaces)
	s.Services = values(b.services)
	s.EndpointSlices = values(b.slices)
	s.NetworkPolicies = values(b.policies)
	s.MetalLB = b.metallb
	s.Clues = b.allClues()
	s.Callbacks = values(b.callbacks)
	s.Foreign = values(b.foreign)
	s.Ignored = values(b.ignored)
	s.Pods = slices.Grow(s.Pods, len(b.pods))
	for _, p := range b.pods {
		s.Pods = append(s.Pods, p.Pod)
	}
	if b.fabric != nil {
		s.Fabric = *b.fabric
	}
}

func values[T any](pointers []*T) []T {
	all := slices.Grow([]T(nil), len(pointers))
	for _, p := range pointers {
		all = append(all, *p)
	}
	return all
}

// absent names the kinds that every cluster has and this input does not.
func absent(s *cluster.Snapshot) []string {
	var kinds []string
	add := func(kind string, n int) {
		if n == 0 {
			kinds = append(kinds, kind)
		}
	}
	known := 0
	for i := range s.Namespaces {
		if !s.Namespaces[i].Implied {
			known++
		}
	}
	add("Node", len(s.Nodes))
	add("Namespace", known)
	add("Pod", len(s.Pods))
	add("Service", len(s.Services))
	add("EndpointSlice", len(s.EndpointSlices))
	return kinds
}
