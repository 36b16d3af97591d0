package walk

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/announce"
	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/service"
)

// Packet is a packet on its way.
type Packet struct {
	Tuple flow.Tuple
	// NATs are what nodes did to it so far.
	NATs []model.NAT
	// First is the first node, "" before there is one.
	First string
	// Backend is the endpoint that was chosen, nil before.
	Backend *service.Backend
	// Notes are the Guide's own.
	Notes Notes

	visited []visit
}

// Notes go with a packet. Nil will do.
type Notes interface {
	// Fork is a copy that is written on independently.
	Fork() Notes
}

// visit is a machine and a packet as it came there.
type visit struct {
	at    flow.Machine
	first bool // where the packet started: it may come back as a stranger
	dst   netip.AddrPort
	src   netip.Addr
}

// Fork is the packet for another branch.
func (p *Packet) Fork() *Packet {
	c := *p
	c.NATs = slices.Clone(p.NATs)
	c.visited = slices.Clip(p.visited)
	if p.Notes != nil {
		c.Notes = p.Notes.Fork()
	}
	return &c
}

// enter brings the packet to a machine. It reports false where it has been as
// it is now: it would go round for ever.
func (w *Walker) enter(p *Packet, at flow.Machine) bool {
	v := visit{at: at, first: len(p.visited) == 0, dst: p.Tuple.Dst, src: p.Tuple.Src.Addr()}
	if slices.Contains(p.visited, v) {
		return false
	}
	if p.visited == nil {
		p.visited = make([]visit, 0, 4) // a client, a router and two nodes
	}
	p.visited = append(p.visited, v)
	w.tell(p, Note{Kind: Entered, Machine: at})
	return true
}

// nat translates on a node.
func (w *Walker) nat(p *Packet, s Note, after flow.Tuple) {
	s.After = after
	w.tell(p, s)
	n := len(p.NATs)
	if n == 0 || p.NATs[n-1].Node != s.Node {
		p.NATs = append(p.NATs, model.NAT{Node: s.Node, Src: p.Tuple.Src.Addr(), Dst: p.Tuple.Dst})
		n++
	}
	if s.Action == flow.DNAT {
		p.NATs[n-1].DNAT = true
	} else {
		p.NATs[n-1].SNAT = true
	}
	p.Tuple = after
}

// Scribe hears what happens to a packet, while the packet is as it was before.
type Scribe interface {
	Note(p *Packet, n Note)
}

// Note is one thing that happens.
type Note struct {
	Kind NoteKind
	// of a Step:
	Hook   flow.Hook
	Action flow.Action
	Code   flow.Code
	After  flow.Tuple // zero: as before
	// Reason is said instead of Code, where a table gave one.
	Reason flow.Reason
	// Machine is the one entered.
	Machine flow.Machine
	About
}

// NoteKind is what kind of thing happens.
type NoteKind uint8

// The kinds.
const (
	// Step is a decision: Hook, Action and Code, or Reason.
	Step NoteKind = iota
	// Entered is the packet at another machine.
	Entered
	// Assumed is something nobody told us: Code.
	Assumed
	// Deviated is a dataplane that does otherwise than the API says: Code.
	Deviated
	// Sourced is a node about to use its own address Toward somewhere.
	Sourced
	// Untaken is a packet that no Service front took, though one might have.
	Untaken
	// Routed is a router that looked up where to send: Choice.
	Routed
)

// About is what a Note is about; which of it is set goes by the Code.
type About struct {
	Node       string
	Front      *service.Front
	Fronts     []*service.Front
	Service    *cluster.Service
	Pod        *cluster.Pod
	Object     flow.Object
	Router     *cluster.Router
	Choice     *announce.Choice
	Draw       *Draw
	Toward     cluster.Toward
	IPv6       bool
	Number, Of int
}

func (w *Walker) tell(p *Packet, n Note) {
	if w.Scribe != nil {
		w.Scribe.Note(p, n)
	}
}

func (w *Walker) step(p *Packet, hook flow.Hook, action flow.Action, code flow.Code, about About) {
	if w.Scribe != nil {
		w.Scribe.Note(p, Note{Hook: hook, Action: action, Code: code, About: about})
	}
}
