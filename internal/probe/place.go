//go:build linux

package probe

// Place is where sockets are made: a network namespace. Do runs f on a thread
// that is in it and returns f's error, or why it could not get there. Places are
// compared, so an implementation is a pointer.
type Place interface {
	Do(f func() error) error
}

// Here is the network namespace of the process.
var Here Place = here{}

type here struct{}

// Do runs f.
func (here) Do(f func() error) error { return f() }
