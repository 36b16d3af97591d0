package cluster

import "slices"

// Unread is a list of a live cluster that was not read, or not as a whole: who asks
// may not, or it failed. It may hold objects of which nothing is known.
type Unread struct {
	Kind string
	// Right is what would have read it, as verb and resource: "list services".
	Right string
	// Except are the namespaces of which it was read all the same.
	Except []string
}

// Words are the right, with kubectl's -A where it is had in some namespaces.
func (u *Unread) Words() string {
	if len(u.Except) > 0 {
		return u.Right + " -A"
	}
	return u.Right
}

// UnreadOf is the list of a kind that was not read as a whole, or nil.
func (s *Snapshot) UnreadOf(kind string) *Unread {
	for i := range s.Unread {
		if s.Unread[i].Kind == kind {
			return &s.Unread[i]
		}
	}
	return nil
}

// Lacks reports whether objects of the kind may exist that the input does not hold.
func (s *Snapshot) Lacks(kind string) bool { return slices.Contains(s.Absent, kind) }

// LacksIn is Lacks for the objects of one namespace.
func (s *Snapshot) LacksIn(kind, namespace string) bool {
	if !s.Lacks(kind) {
		return false
	}
	u := s.UnreadOf(kind)
	return u == nil || !slices.Contains(u.Except, namespace)
}

// Touches reports whether the object may decide about pods of a namespace.
func (f *Foreign) Touches(namespace string) bool {
	return f.Namespace == namespace || f.Namespace == "" && !slices.Contains(f.Except, namespace)
}

// deciding are the kinds that decide about packets; others tell who owns what, and who
// calls.
var deciding = []string{
	"Node", "Namespace", "Pod", "Service", "EndpointSlice", "Endpoints", "NetworkPolicy",
	"IPAddressPool", "L2Advertisement", "BGPAdvertisement", "BGPPeer",
}

// Partial reports whether objects that decide about packets could not be read, so that
// an answer about the whole cluster is not whole.
func (s *Snapshot) Partial() bool { return len(s.PartialOf()) > 0 }

// PartialOf are the kinds of those objects, each with what would have read it, where
// that is known: "Pod (list pods -A)".
func (s *Snapshot) PartialOf() []string {
	var out, kinds []string
	add := func(kind, words string) {
		if !slices.Contains(kinds, kind) {
			kinds, out = append(kinds, kind), append(out, words)
		}
	}
	for i := range s.Unread {
		if u := &s.Unread[i]; slices.Contains(deciding, u.Kind) {
			add(u.Kind, u.Kind+" ("+u.Words()+")")
		}
	}
	for i := range s.Foreign {
		if f := &s.Foreign[i]; f.Unread {
			add(f.Object.Kind, f.Object.Kind)
		}
	}
	return out
}
