package diff

import "slices"

// Bounds of what one comparison keeps and tries.
const (
	// mostParts bounds the parts that are kept, each with what was compiled of it: at
	// 10,000 pods one takes megabytes.
	mostParts = 64
	// mostAfter is how many parts After compiles for Services, and for connections,
	// where several objects differ at once: whoever goes on from version to version is
	// waited for, and tells no more than a few by name.
	mostAfter = 48
)

// only is the one object that differs, nil where there are several, or where one of the
// versions was read further: whatever was lost or gained, nothing else can have done it,
// and nothing has to be tried.
func (x *comparison) only() *Object {
	if len(x.changed) == 1 && slices.Equal(x.s[0].Absent, x.s[1].Absent) && slices.Equal(x.s[0].PartialOf(), x.s[1].PartialOf()) {
		return x.changed[0]
	}
	return nil
}

// enough reports whether no more parts are to be compiled, and this one was not. The
// causes are then not established.
func (x *comparison) enough(t *touched) bool {
	return x.after && x.made >= mostAfter && x.parts[t.key()] == nil
}

// room forgets the parts where there are too many.
func (x *comparison) room() {
	if x.made++; len(x.parts) >= mostParts {
		clear(x.parts)
		clear(x.fronts)
	}
}
