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
