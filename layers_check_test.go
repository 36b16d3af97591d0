package portolan_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// layout is an import policy: for each package, by its folder, what it may
// import.
type layout struct {
	module      string
	pure        map[string][]string
	impure      map[string][]string
	testing     []string
	modules     map[string][]string
	testModules map[string][]string
}

// sourceTree is the Go files of one module by folder; "" is the module's root.
type sourceTree struct {
	packages map[string][]*sourceFile
}

type sourceFile struct {
	name  string // with its folder
	lines int
	set   *token.FileSet
	*ast.File
}

func (f *sourceFile) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

func (f *sourceFile) at(n ast.Node) string {
	return f.name + ":" + strconv.Itoa(f.set.Position(n.Pos()).Line)
}

// readTree parses every Go file of the module whose root is fsys, and none of
// the modules below it.
func readTree(fsys fs.FS) (*sourceTree, error) {
	tree := &sourceTree{packages: map[string][]*sourceFile{}}
	set := token.NewFileSet()
	return tree, fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && notOurs(fsys, name):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := strings.TrimPrefix(path.Dir(name), ".")
		tree.packages[dir] = append(tree.packages[dir], &sourceFile{name: name, lines: bytes.Count(text, []byte("\n")), set: set, File: file})
		return nil
	})
}

func notOurs(fsys fs.FS, dir string) bool {
	base := path.Base(dir)
	if base == "testdata" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := fs.Stat(fsys, dir+"/go.mod")
	return err == nil
}

// check returns every broken rule as "file:line: what", sorted by file.
func (l *layout) check(tree *sourceTree) []string {
	var broken []string
	for _, dir := range slices.Sorted(maps.Keys(tree.packages)) {
		files := tree.packages[dir]
		broken = append(broken, l.checkPackage(dir, files)...)
		able := failers(files)
		for _, f := range files {
			broken = append(broken, l.checkImports(dir, f)...)
			if f.isTest() {
				broken = append(broken, checkTests(f, able)...)
			} else {
				broken = append(broken, l.checkProduct(dir, f)...)
			}
			broken = append(broken, checkComments(f)...)
		}
	}
	return broken
}

func (l *layout) isPure(dir string) bool { _, ok := l.pure[dir]; return ok }

// checkPackage: it is in the table, has a name that says something, and a
// doc.go with a picture.
func (l *layout) checkPackage(dir string, files []*sourceFile) []string {
	if slices.Contains(emptyNames, path.Base(dir)) {
		return []string{dir + ": " + path.Base(dir) + " says nothing about what the package is for"}
	}
	if _, ok := l.impure[dir]; !ok && !l.isPure(dir) {
		return []string{dir + ": not in the table of layers_test.go"}
	}
	i := slices.IndexFunc(files, func(f *sourceFile) bool { return path.Base(f.name) == "doc.go" })
	switch {
	case i < 0:
		return []string{dir + ": no doc.go"}
	case files[i].Doc == nil:
		return []string{files[i].name + ": no package comment"}
	case !strings.ContainsAny(files[i].Doc.Text(), "─│►▼◄▲"):
		return []string{files[i].name + ": no picture"}
	}
	return nil
}

func (l *layout) checkImports(dir string, f *sourceFile) []string {
	var broken []string
	for _, spec := range f.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value) // the parser checked it
		if why := l.mayNot(dir, imported, f.isTest()); why != "" {
			broken = append(broken, f.at(spec)+": "+why)
		}
	}
	return broken
}

// mayNot returns why dir may not import a package, or "".
func (l *layout) mayNot(dir, imported string, test bool) string {
	own, ours := strings.CutPrefix(imported, l.module+"/")
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case ours && test:
		return "" // the compiler forbids cycles, and tests may look anywhere
	case ours:
		return l.mayNotLayer(dir, own)
	case strings.Contains(first, "."):
		return l.mayNotModule(dir, imported, test)
	case test || !l.isPure(dir) || worldly[imported] == "":
		return ""
	}
	return fmt.Sprintf("%s is pure and may not import %s: %s", dir, imported, worldly[imported])
}

func (l *layout) mayNotLayer(dir, own string) string {
	allowed := append(slices.Clone(l.pure[dir]), l.impure[dir]...)
	switch {
	case slices.Contains(l.testing, own) && !slices.Contains(l.testing, dir):
		return own + " is for tests only"
	case slices.Contains(allowed, own), l.isPure(own) && slices.Contains(allowed, "pure"):
		return ""
	}
	return fmt.Sprintf("%s may not import %s", dir, own)
}

func (l *layout) mayNotModule(dir, imported string, test bool) string {
	if listed(l.modules, dir, imported) || test && listed(l.testModules, dir, imported) {
		return ""
	}
	if test {
		return fmt.Sprintf("tests of %s may not import module %s", dir, imported)
	}
	return fmt.Sprintf("%s may not import module %s", dir, imported)
}

// listed reports whether the table lets dir import something of a module.
func listed(table map[string][]string, dir, imported string) bool {
	for prefix, dirs := range table {
		if strings.HasPrefix(imported+"/", strings.TrimSuffix(prefix, "/")+"/") && slices.Contains(dirs, dir) {
			return true
		}
	}
	return false
}

// checkProduct holds a file that is not a test to the rules of its body.
func (l *layout) checkProduct(dir string, f *sourceFile) []string {
	var broken []string
	say := func(n ast.Node, format string, args ...any) {
		broken = append(broken, f.at(n)+": "+fmt.Sprintf(format, args...))
	}
	if f.lines > maxLines {
		broken = append(broken, fmt.Sprintf("%s: %d lines, more than %d", f.name, f.lines, maxLines))
	}
	pure := l.isPure(dir)
	ast.Inspect(f.File, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			if pure {
				say(n, "%s is pure and may not start a goroutine", dir)
			}
		case *ast.FuncDecl:
			if pure && n.Recv == nil && n.Name.Name == "init" {
				say(n, "%s is pure and may not have an init function", dir)
			}
		case *ast.CallExpr:
			switch name := callee(n); {
			case name == "panic":
				say(n, "panic: return an error, or make the case impossible")
			case name == "os.Exit" && f.Name.Name != "main":
				say(n, "os.Exit below main")
			case pure && (strings.HasPrefix(name, "fmt.Print") || name == "print" || name == "println"):
				say(n, "%s is pure and may not print", dir)
			}
		}
		return true
	})
	return broken
}

// callee is "f" or "x.f", as written, or "".
func callee(c *ast.CallExpr) string {
	switch fun := c.Fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		if x, ok := fun.X.(*ast.Ident); ok {
			return x.Name + "." + fun.Sel.Name
		}
	}
	return ""
}

// checkComments finds the marks of what somebody meant to finish. The words are
// cut in two so that this file passes its own test.
func checkComments(f *sourceFile) []string {
	var broken []string
	for _, group := range f.Comments {
		for _, c := range group.List {
			if strings.Contains(c.Text, "TO"+"DO") || strings.Contains(c.Text, "FIX"+"ME") {
				broken = append(broken, f.at(c)+": unfinished")
			}
		}
	}
	return broken
}

// checkTests: every test and fuzz target can fail, every example is run.
func checkTests(f *sourceFile, able map[string]bool) []string {
	var broken []string
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil {
			continue
		}
		name := fn.Name.Name
		switch {
		case name == "TestMain":
		case strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz"):
			if !canFail(fn, able) {
				broken = append(broken, f.at(fn)+": "+name+" cannot fail")
			}
		case strings.HasPrefix(name, "Example") && !hasOutput(f, fn):
			broken = append(broken, f.at(fn)+": "+name+" has no Output comment and is not run")
		}
	}
	return broken
}

func hasOutput(f *sourceFile, fn *ast.FuncDecl) bool {
	return slices.ContainsFunc(f.Comments, func(c *ast.CommentGroup) bool {
		text := strings.ToLower(c.Text())
		return fn.Pos() < c.Pos() && c.End() <= fn.End() &&
			(strings.HasPrefix(text, "output:") || strings.HasPrefix(text, "unordered output:"))
	})
}

// failers are the functions of a package's tests that can fail the test handed
// to them, themselves or by a function they hand it to.
func failers(files []*sourceFile) map[string]bool {
	able := map[string]bool{}
	for grew := true; grew; {
		grew = false
		for _, f := range files {
			for _, d := range f.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && !able[fn.Name.Name] && canFail(fn, able) {
					able[fn.Name.Name], grew = true, true
				}
			}
		}
	}
	return able
}

// canFail reports whether a function calls one of testing.T's failing methods,
// or hands its T to a function that does. Another package's functions are
// trusted to.
func canFail(fn *ast.FuncDecl, able map[string]bool) bool {
	found := false
	ast.Inspect(fn, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return !found
		}
		name := callee(call)
		x, method, isMethod := strings.Cut(name, ".")
		switch {
		case isMethod && isT(x):
			found = found || slices.Contains([]string{"Error", "Errorf", "Fatal", "Fatalf", "Fail", "FailNow"}, method)
		case slices.ContainsFunc(call.Args, func(a ast.Expr) bool { id, ok := a.(*ast.Ident); return ok && isT(id.Name) }):
			found = found || isMethod || able[name]
		}
		return !found
	})
	return found
}

// isT: by custom, and by revive's rule for receivers of one type, a T, B, F or
// TB has one of these names.
func isT(name string) bool { return slices.Contains([]string{"t", "b", "f", "tb"}, name) }
