package explain

import "github.com/portolan-net/portolan/cluster"

// Unused is what the snapshot's reader ignored, folded by kind and reason, for
// answers that are no Summary.
func Unused(s *cluster.Snapshot) []Ignored { return ignored(s) }
