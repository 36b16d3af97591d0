package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// pkg is a package that is to be broken.
type pkg struct {
	path, dir string
	files     []string
	fset      *token.FileSet
	syntax    []*ast.File
	texts     [][]byte
	types     *types.Package
	info      *types.Info
}

// listed is what `go list` says of a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// load reads and checks the packages, from the root of the module.
func load(root string, patterns []string) ([]*pkg, error) {
	deps, err := goList(root, append([]string{"-export", "-deps"}, patterns...))
	if err != nil {
		return nil, err
	}
	asked, err := goList(root, patterns)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, l := range deps {
		exports[l.ImportPath] = l.Export
	}
	var out []*pkg
	for _, l := range asked {
		p := &pkg{path: l.ImportPath, dir: l.Dir, fset: token.NewFileSet()}
		for _, f := range l.GoFiles {
			p.files = append(p.files, filepath.Join(l.Dir, f))
		}
		if err := p.check(exports); err != nil {
			return nil, fmt.Errorf("%s: %w", l.ImportPath, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func goList(root string, args []string) ([]listed, error) {
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Dir,Export,GoFiles"}, args...)...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var out []listed
	for d := json.NewDecoder(bytes.NewReader(b)); ; {
		var l listed
		switch err := d.Decode(&l); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		}
		out = append(out, l)
	}
}

func (p *pkg) check(exports map[string]string) error {
	for _, name := range p.files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(p.fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		p.syntax, p.texts = append(p.syntax, f), append(p.texts, text)
	}
	p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	open := func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(exports[path])
	}
	conf := types.Config{Importer: importer.ForCompiler(p.fset, "gc", open)}
	var err error
	p.types, err = conf.Check(p.path, p.fset, p.syntax, p.info)
	return err
}

// planFor finds the mutants, in the order of the sources, and writes the changed
// sources to a directory. The overlay says which file stands for which.
func planFor(root, dir string, pkgs []*pkg, skip *regexp.Regexp) (*plan, map[string]string, error) {
	pl := &plan{seen: map[string]int{}, skip: skip}
	overlay := map[string]string{}
	for n, p := range pkgs {
		for i, f := range p.syntax {
			name, err := filepath.Rel(root, p.files[i])
			if err != nil {
				return nil, nil, err
			}
			s := &source{pkg: p, file: f, name: filepath.ToSlash(name), text: p.texts[i], plan: pl}
			for _, d := range f.Decls {
				s.fn = "var"
				ast.Inspect(d, s.visit)
			}
			to := filepath.Join(dir, fmt.Sprintf("%d-%s", n, filepath.Base(name)))
			if err := os.WriteFile(to, s.rendered(), 0o600); err != nil {
				return nil, nil, err
			}
			overlay[p.files[i]] = to
		}
		to := filepath.Join(dir, fmt.Sprintf("%d-switch.go", n))
		if err := os.WriteFile(to, []byte("package "+p.types.Name()+"\n"+switches), 0o600); err != nil {
			return nil, nil, err
		}
		overlay[filepath.Join(p.dir, "zz_mutate_switch.go")] = to
	}
	return pl, overlay, nil
}
