package scenario

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Scenario is one file.
type Scenario struct {
	Name    string // the file
	Title   string
	Rules   []string // ids of docs/semantics.md
	Sources []string // where the expectations come from
	// Engine is the only engine that can run it, "" for all; Reason says why.
	Engine, Reason string
	// Lab names the nodes and the Fabric of labs/, "" for none.
	Lab string
	// AsWritten leaves namespaces that no object describes unknown; otherwise
	// they are created, as the API server would have demanded.
	AsWritten bool
	Blocks    []Block

	nodes, pods, cluster, fabric section
	fixes                        map[string]section
}

// section is one part of the file and the line its text starts at.
type section struct {
	data  string
	line  int
	there bool
}

// Block is the questions asked of one cluster under one dataplane.
type Block struct {
	// Settings replace parts of the Fabric's dataplane and apply fixes, in order.
	Settings  []Setting
	Questions []Question

	line int
}

// Setting is one part of the dataplane, or the fix, with the values it takes in
// turn.
type Setting struct {
	Key    string
	Values []string
}

// Question is one question with what is expected of the answer.
type Question struct {
	cluster.Expectation
	// Assumes, Deviates, Says and Misses are codes that must occur among the
	// answer's assumptions, deviations, steps and near misses. A list that is
	// empty and not nil: there must be none.
	Assumes, Deviates, Says, Misses []flow.Code
	// Steps are actions that some step must take.
	Steps []flow.Action
	// Wrong is part of the error that refuses the question.
	Wrong string
}

// String is the question as asked.
func (q *Question) String() string {
	if q.Via != "" {
		return q.From + " via " + q.Via + " -> " + q.To
	}
	return q.From + " -> " + q.To
}

// Error is a mistake in a scenario.
type Error struct {
	File string
	Line int
	What string
}

// Error prints "file:line: what".
func (e *Error) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.What) }

// Read parses a scenario file.
func Read(file string) (*Scenario, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return Parse(file, data)
}

// Find lists the scenario files below a directory.
func Find(dir string) ([]string, error) {
	var all []string
	for _, pattern := range []string{"*.txtar", "*/*.txtar"} {
		names, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
	}
	return all, nil
}
