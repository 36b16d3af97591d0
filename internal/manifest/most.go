package manifest

import (
	"errors"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// PassedOver is a file of a directory that was not read to its end, and why.
type PassedOver struct {
	Position flow.Position
	Reason   string
	// Aside: it says nothing of a cluster by itself, as a patch, a template or
	// another version of an object do not. Otherwise an API server would refuse
	// it.
	Aside bool
}

// LoadMost is Load for folders of repositories, where not every file is an
// object: one that cannot be used is passed over. What is named itself must be
// good.
func LoadMost(paths []string, opt Options) (*Input, []PassedOver, error) {
	b := NewBuilder(opt)
	var over []PassedOver
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case p == "-":
			err = b.addReader(stdinName, opt.Stdin)
		case err == nil && info.IsDir():
			over, err = b.addMost(p, opt.Recursive, over)
		default:
			err = b.addPath(p, opt.Recursive)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	if len(b.seen) == 0 && slices.ContainsFunc(over, func(x PassedOver) bool { return !x.Aside }) {
		s := &cluster.Snapshot{} // what was refused is the answer
		s.Absent = absent(s)
		return &Input{Snapshot: s}, over, nil
	}
	in, err := b.Input()
	return in, over, err
}

func (b *Builder) addMost(dir string, recursive bool, over []PassedOver) ([]PassedOver, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fileError(dir, err)
	}
	defer func() { _ = root.Close() }() // only read from
	names, _, err := manifestsIn(root, recursive)
	if err != nil {
		return nil, fileError(dir, err)
	}
	built := builtDirs(names)
	for _, name := range names {
		err := b.addRooted(root, dir, name)
		var e *Error
		switch {
		case err == nil:
		case b.bytes > b.lim.Bytes, b.objects > b.lim.Objects, !errors.As(err, &e):
			return nil, err
		default:
			x := passedOver(e)
			hidden := strings.HasPrefix(path.Base(name), ".") || strings.Contains(name, ".tmpl.")
			x.Aside = x.Aside || within(built, path.Dir(name)) || e.syntax && hidden
			over = append(over, x)
		}
	}
	return over, nil
}

// builtDirs are the directories that hold a kustomization: what stands in them and
// below is a part of what kustomize builds, patches of objects among it.
func builtDirs(names []string) map[string]bool {
	built := map[string]bool{}
	for _, name := range names {
		if base := path.Base(name); strings.TrimSuffix(base, path.Ext(base)) == "kustomization" {
			built[path.Dir(name)] = true
		}
	}
	return built
}

func within(dirs map[string]bool, dir string) bool {
	for ; dir != "." && dir != "/"; dir = path.Dir(dir) {
		if dirs[dir] {
			return true
		}
	}
	return dirs["."]
}

// blanks are what stands for a name that somebody fills in later: $(VAR), <NAME>,
// (expression), "_" and "*".
const blanks = "$<(*{%"

func passedOver(e *Error) PassedOver {
	why := e.Why
	if e.What != "" {
		why = e.What + ": " + why
	}
	_, quoted, _ := strings.Cut(why, "\"")
	quoted, _, _ = strings.Cut(quoted, "\"")
	blank := quoted == "_" || strings.ContainsAny(quoted, blanks)
	aside := blank || e.noObject || e.Hint == hintTemplate || strings.HasPrefix(e.Hint, "generateName") || strings.HasPrefix(e.Why, readBefore) || e.Why == linkOut
	return PassedOver{Position: e.Position, Reason: why, Aside: aside}
}

// What an Error's reason begins with where the file itself is not to blame.
const (
	readBefore = "the same object was read before"
	linkOut    = "a symbolic link that leads out of the directory is not followed"
)
