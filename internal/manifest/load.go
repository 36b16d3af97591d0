package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Options say how to read.
type Options struct {
	// Recursive descends into the directories of a directory.
	Recursive bool
	// Stdin is read for the path "-".
	Stdin io.Reader
	// Limits bound the reading; zero fields take their defaults.
	Limits Limits
}

// stdinName stands for standard input in positions.
const stdinName = "<stdin>"

// Load reads files, directories (*.yaml, *.yml and *.json) and "-" for
// standard input, as one input. The error is an *Error.
func Load(paths []string, opt Options) (*Input, error) {
	if len(paths) == 0 {
		return nil, &Error{Why: "no input was given", Hint: "name files or directories with -f, or - for standard input; " + hintDump}
	}
	b := NewBuilder(opt)
	stdin := false
	for _, p := range paths {
		var err error
		if p == "-" {
			if stdin {
				return nil, &Error{Why: "standard input is named twice", Hint: "give -f - once"}
			}
			stdin = true
			err = b.addReader(stdinName, opt.Stdin)
		} else {
			err = b.addPath(p, opt.Recursive)
		}
		if err != nil {
			return nil, err
		}
	}
	return b.Input()
}

// Parse reads one source in memory. The error is an *Error.
func Parse(name string, data []byte, opt Options) (*Input, error) {
	b := NewBuilder(opt)
	if err := b.Add(name, data); err != nil {
		return nil, err
	}
	return b.Input()
}

// addReader reads one source to its end.
func (b *Builder) addReader(name string, r io.Reader) error {
	if r == nil {
		r = strings.NewReader("")
	}
	name = clean(name)
	b.source = name
	if b.sources++; b.sources > 1 {
		b.source = ""
	}
	text := &counter{src: r, max: b.lim.Bytes - b.bytes}
	objects, err := readText(name, plainText(text), sizeOf(r), &b.lim, b.lim.Objects-b.objects)
	b.bytes += text.n
	if text.over() {
		return b.tooLarge(name)
	}
	if err != nil {
		return err
	}
	for _, d := range objects {
		if err := b.keep(d); err != nil {
			return err
		}
	}
	return nil
}

// sizeOf is how many bytes r holds, if it knows.
func sizeOf(r io.Reader) int64 {
	switch r := r.(type) {
	case *bytes.Reader:
		return r.Size()
	case *os.File:
		if info, err := r.Stat(); err == nil && info.Mode().IsRegular() {
			return info.Size()
		}
	}
	return 0
}

func (b *Builder) addPath(name string, recursive bool) error {
	if strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://") {
		return &Error{Position: at(clean(name), 0), Why: "addresses of the web are not read", Hint: "curl -fsSL " + clean(name) + " | portolan ... -f -"}
	}
	info, err := os.Stat(name)
	if err != nil {
		return fileError(name, err)
	}
	if info.IsDir() {
		return b.addDir(name, recursive)
	}
	f, err := os.Open(name)
	if err != nil {
		return fileError(name, err)
	}
	defer func() { _ = f.Close() }() // only read from
	return b.addReader(name, f)
}

// addDir reads a directory through an os.Root, which does not follow a
// symbolic link out of it.
func (b *Builder) addDir(dir string, recursive bool) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fileError(dir, err)
	}
	defer func() { _ = root.Close() }()
	names, deeper, err := manifestsIn(root, recursive)
	if err != nil {
		return fileError(dir, err)
	}
	if len(names) == 0 {
		e := &Error{Position: at(clean(dir), 0), Why: "the directory holds no *.yaml, *.yml or *.json file", Hint: hintDump}
		if deeper {
			e.Hint = "-R reads its directories too"
		}
		return e
	}
	for _, name := range names {
		if err := b.addRooted(root, dir, name); err != nil {
			return err
		}
	}
	return nil
}

// manifestsIn lists the files to read, sorted, and whether there are
// directories below that were not looked into.
func manifestsIn(root *os.Root, recursive bool) (names []string, deeper bool, err error) {
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && !recursive:
			deeper = true
			return fs.SkipDir
		case !d.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)):
			names = append(names, name)
		}
		return nil
	})
	return names, deeper, err
}

func (b *Builder) addRooted(root *os.Root, dir, name string) error {
	shown := filepath.Join(dir, filepath.FromSlash(name))
	info, err := root.Stat(name)
	if err != nil {
		return linkError(root, name, shown, err)
	}
	if !info.Mode().IsRegular() {
		return nil // a directory named x.yaml, a socket, a pipe nobody writes to
	}
	f, err := root.Open(name)
	if err != nil {
		return linkError(root, name, shown, err)
	}
	defer func() { _ = f.Close() }()
	return b.addReader(shown, f)
}

// linkError says of a symbolic link that it leads out of the directory.
func linkError(root *os.Root, name, shown string, err error) error {
	if info, e := root.Lstat(name); e == nil && info.Mode()&fs.ModeSymlink != 0 && !errors.Is(err, fs.ErrNotExist) {
		return &Error{
			Position: at(clean(shown), 0), Why: linkOut,
			Hint: "name the file itself with -f",
		}
	}
	return fileError(shown, err)
}

func fileError(name string, err error) *Error {
	e := &Error{Position: at(clean(name), 0), Why: clean(err.Error())}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		e.Why = clean(fmt.Sprint(pe.Err))
	}
	if errors.Is(err, fs.ErrNotExist) {
		e.Hint = hintDump
	}
	return e
}
