package main

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// calledAs is what people type: a program named kubectl-portolan is a plugin, and
// called as "kubectl portolan".
func calledAs(arg0 string) string {
	if strings.TrimSuffix(filepath.Base(arg0), ".exe") == "kubectl-portolan" {
		return "kubectl portolan"
	}
	return "portolan"
}

// ownName is the name where it stands for a command line: at the beginning of a line,
// behind a pipe or a sign, and before a word.
var ownName = regexp.MustCompile(`(^|[\n|:;(,] ?|  |try: |and |unless )portolan ([a-z.]|-)`)

// as puts what people type into a text that shows command lines.
func (a *app) as(text string) string {
	if a.called == "portolan" {
		return text
	}
	return ownName.ReplaceAllString(text, "${1}"+a.called+" ${2}")
}

// plugin makes help print as it was called.
func (a *app) plugin(root *cobra.Command) {
	if a.called == "portolan" {
		return
	}
	root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: a.called}
	for _, c := range append([]*cobra.Command{root}, root.Commands()...) {
		c.Long, c.Example = a.as(c.Long), a.as(c.Example)
	}
}
