package atlas

import (
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
)

// Fold is what pods are put together by.
type Fold uint8

// The folds. The zero value leaves the choice to the size of the cluster.
const (
	BySize Fold = iota
	ByNamespace
	ByWorkload
	ByClass // pods that nothing tells apart but their node
)

var foldNames = [...]string{"size", "namespace", "workload", "class"}

// String is the fold's name on the command line.
func (f Fold) String() string { return foldNames[min(int(f), len(foldNames)-1)] }

// Counting is which ports of a pod count.
type Counting uint8

// The ways to count.
const (
	// Declared: those that the pod declares; all of one that declares none.
	Declared Counting = iota
	// Answered: those that a walk takes for answered: of a protocol of which the pod
	// declares no port, all.
	Answered
	// Open: all, whether or not anybody listens.
	Open
)

var countingNames = [...]string{"declared", "answered", "open"}

// String is the name on the command line.
func (c Counting) String() string { return countingNames[min(int(c), len(countingNames)-1)] }

// Only is what a Map leaves out.
type Only uint8

// The choices. The zero value leaves out nothing.
const (
	Everything Only = iota
	Blocked         // what is closed to somebody, wholly or in part
	Exposed         // what addresses outside the cluster may connect to
)

var onlyNames = [...]string{"everything", "blocked", "exposed"}

// String is the name on the command line.
func (o Only) String() string { return onlyNames[min(int(o), len(onlyNames)-1)] }

// Options say what a Map is to show. The zero value is everything.
type Options struct {
	By    Fold
	Ports Counting
	Only  Only
	// From and To are pods, workloads and namespaces, From what is outside or a node,
	// To a Service, too, in the notation of docs/cli.md; "" is everybody.
	From, To string
	// Namespace is whose traffic is shown; "" is everybody's.
	Namespace string
	// Default is the namespace of names that have none.
	Default string
	// Imagined are pods that do not exist; the Map is then about them.
	Imagined []Imagined
	// Cores share out the work; nil is one after another.
	Cores reach.Cores
}

// Map is who can reach what.
type Map struct {
	Options Options
	By      Fold // what was chosen
	Chosen  bool // by the size of the cluster, and not by the Options
	Size    Size

	// Rows are who connects, Columns who is connected to; the same list where
	// nothing but everybody was asked for.
	Rows, Columns []Group
	// Focus are the places of Rows that the Map is about, where it is about some of
	// them alone: what they reach and who reaches them. Nil is all.
	Focus map[int]bool
	// Lines are the cells that were asked for, those that are alike as one. Cells in
	// which nobody answers anybody are in none.
	Lines []reach.Line
	// Closed, Partly, Whole and Unsure count the cells: nothing passes, something,
	// everything that is answered; something is not known.
	Closed, Partly, Whole, Unsure int

	Services []Service
	Graph    *Graph // nil where there is too much for one

	// Assumptions are the Model's; Foreign are objects that may change the answer
	// and are not modelled.
	Assumptions []flow.Reason
	Foreign     []Foreign
}

// Size is how much there is in the cluster.
type Size struct {
	Nodes, Namespaces, Workloads, Classes, Pods, Services, Policies int
	// HostPods are pods of their nodes' networks: no group has them.
	HostPods int
}

// Foreign is objects of one kind.
type Foreign struct {
	Kind, Engine string
	Count        int
}

// Sort is what a Group is.
type Sort uint8

// The sorts.
const (
	Namespace    Sort = iota + 1
	Workload          // of a controller
	BarePods          // without one, of the same labels
	Class             // pods that nothing tells apart
	ImaginedPods      // that do not exist
	Clients           // no pods: what is outside
	OneNode           // no pods: processes of a node
)

var sortNames = [...]string{"", "namespace", "workload", "pods", "class", "imagined", "external", "node"}

// String is the sort's name in JSON.
func (s Sort) String() string { return sortNames[min(int(s), len(sortNames)-1)] }

// Group is pods under one name.
type Group struct {
	Sort      Sort
	Name      string // each another
	Namespace string
	Workload  flow.Object
	Example   *cluster.Pod // nil of what is no pods
	Pods      int
	// Isolated is how many of them policies isolate, by direction.
	Isolated map[policy.Direction]int
	// Exposure is what of their ports addresses that are no pod's may connect to.
	Exposure Exposure

	units reach.Set
}

// Exposure is what policies let addresses that are no pod's connect to: clients
// outside and nodes, by the source that the pod's node sees.
type Exposure struct {
	// All are ports of every pod that answers there, Some of at least one, that
	// every address may connect to.
	All, Some reach.Ports
	// Limited are ports that some addresses may connect to, and not all; Ranges are
	// those addresses.
	Limited reach.Ports
	Ranges  []policy.Range
	// Perhaps are ports of which it is not known.
	Perhaps reach.Ports
}

// Any reports whether any address may connect, for all that is known.
func (e *Exposure) Any() bool { return len(e.Some)+len(e.Limited) > 0 }

// Place is who connects where that is no pods: what is outside, or a node. Nil is
// pods.
func (m *Map) Place() *Group {
	if len(m.Rows) == 1 && (m.Rows[0].Sort == Clients || m.Rows[0].Sort == OneNode) {
		return &m.Rows[0]
	}
	return nil
}

// About reports whether the Map is about a column.
func (m *Map) About(column int) bool { return m.Focus == nil || m.Focus[column] }

// Same reports whether who connects and who is connected to is one list.
func (m *Map) Same() bool {
	return len(m.Rows) == len(m.Columns) && (len(m.Rows) == 0 || &m.Rows[0] == &m.Columns[0])
}

// Unknown reports whether something in the Map is not known.
func (m *Map) Unknown() bool {
	if m.Unsure > 0 {
		return true
	}
	for i := range m.Services {
		s := &m.Services[i]
		for _, sum := range []*Sum{&s.Outside, &s.Nodes, &s.Pods} {
			if sum.Of > 0 && sum.Verdict == flow.VerdictUnknown {
				return true
			}
		}
	}
	return false
}

// Grid is the Line of every cell by row and column, as a place in Lines; -1 where
// there is none.
func (m *Map) Grid() [][]int {
	grid := make([][]int, len(m.Rows))
	for i := range grid {
		grid[i] = make([]int, len(m.Columns))
		for j := range grid[i] {
			grid[i][j] = -1
		}
	}
	for n := range m.Lines {
		for _, i := range m.Lines[n].From {
			for _, j := range m.Lines[n].To {
				grid[i][j] = n
			}
		}
	}
	return grid
}

// Level is how much of a cell is open.
type Level uint8

// The levels.
const (
	LevelNone   Level = iota
	LevelUnsure       // nothing for certain; something is not known
	LevelPart         // some ports, or to some pods
	LevelAll          // all that is answered, from all to all
)

var levelNames = [...]string{"none", "unknown", "part", "all"}

// String is the level's name in JSON.
func (l Level) String() string { return levelNames[min(int(l), len(levelNames)-1)] }

// LevelOf is how much a Line has open.
func LevelOf(l *reach.Line) Level {
	switch {
	case l.Whole():
		return LevelAll
	case len(l.Some) > 0:
		return LevelPart
	case len(l.Perhaps) > 0:
		return LevelUnsure
	}
	return LevelNone
}
