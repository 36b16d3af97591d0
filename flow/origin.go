package flow

import (
	"cmp"
	"strconv"
	"strings"
)

// Position is where an object, or a part of it, stands in the input. The zero
// value is "not from a file".
type Position struct {
	File string
	Line int // from 1; 0 when unknown
}

// String prints "file:line", "file", or nothing.
func (p Position) String() string {
	if p.File == "" || p.Line == 0 {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line)
}

// Object names a Kubernetes object. Namespace is empty for cluster-scoped
// kinds.
type Object struct {
	Kind      string
	Namespace string
	Name      string
}

// String prints Kind/namespace/name, or Kind/name for cluster-scoped kinds.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + "/" + o.Name
	}
	return o.Kind + "/" + o.Namespace + "/" + o.Name
}

// IsZero reports whether the object names nothing.
func (o Object) IsZero() bool { return o == Object{} }

// Compare orders objects by their String, for stable output.
func (o Object) Compare(p Object) int {
	return cmp.Or(strings.Compare(o.Kind, p.Kind), strings.Compare(o.Namespace, p.Namespace), strings.Compare(o.Name, p.Name))
}

// Origin is what caused a decision: an object, the part of it as an API field
// path ("spec.ingress[0].from[1]"), and where that part was read.
type Origin struct {
	Object   Object
	Field    string
	Position Position
}

// IsZero reports whether there is no origin: the decision is the dataplane's
// own (a profile's fact), not an object's.
func (o Origin) IsZero() bool { return o.Object.IsZero() }

// String prints "NetworkPolicy/test/allow-http spec.ingress[0] (dump.yaml:12)".
func (o Origin) String() string {
	s := o.Object.String()
	if o.Field != "" {
		s += " " + o.Field
	}
	if p := o.Position.String(); p != "" {
		s += " (" + p + ")"
	}
	return s
}
