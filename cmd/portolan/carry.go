package main

import (
	"os"
	"slices"

	"github.com/portolan-net/portolan/internal/manifest"
)

// carriedFile names, for the inner process of prove, the file with what the outer
// one read: within namespaces no cluster is reachable, and standard input is spent.
const carriedFile = "PORTOLAN_CARRIED"

// carry reads what is not in files, and leaves it for the inner process. The
// returned function takes it away again.
func (a *app) carry() (func(), error) {
	none := func() {}
	src, err := a.source(a.files, false)
	if err != nil || src == files || os.Getenv(carriedFile) != "" {
		return none, err
	}
	b, in, err := a.readBuilder(a.files, false)
	if err != nil || !a.living.read && !slices.Contains(a.files, "-") {
		return none, err
	}
	f, err := os.CreateTemp("", "portolan-*.json")
	if err != nil {
		return none, err
	}
	remove := func() { _ = os.Remove(f.Name()) } // a temporary file
	err = b.WriteSnapshot(f, in, nil)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Setenv(carriedFile, f.Name())
	}
	return remove, err
}

// unpack reads what was carried.
func (a *app) unpack(b *manifest.Builder, name string) (*manifest.Builder, *manifest.Input, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	if err := b.Add("", data); err != nil {
		return nil, nil, err
	}
	in, err := b.Input()
	return b, in, err
}
