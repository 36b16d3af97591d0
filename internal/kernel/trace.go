package kernel

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/portolan-net/portolan/nft"
)

// Event is one thing that a traced packet met. Only packets that met a rule with
// "meta nftrace set 1" are traced, from the rule behind it on.
type Event struct {
	// ID tells packets apart. A packet that changes its device has another from
	// there on; a later packet of the same connection may have the same.
	ID   uint32
	Kind EventKind
	// Family is NFPROTO_IPV4 (2), NFPROTO_IPV6 (10), NFPROTO_INET (1), ...
	Family       byte
	Table, Chain string
	// Handle is the rule's, 0 where there is none.
	Handle uint64
	// Verdict is what the rule said, or the policy of the chain.
	Verdict Verdict
	Mark    uint32
	// Packet and the names of its devices, "" where the hook has none, are told once
	// in each chain of a hook, at the first rule that matched or at the policy: Told.
	Packet  Packet
	In, Out string
	Told    bool
	// Rule is what Join found, or nil.
	Rule *Rule
}

// EventKind is what a packet met (enum nft_trace_types).
type EventKind uint8

// The kinds of events.
const (
	PolicyEvent EventKind = iota + 1 // the policy of a chain of a hook
	ReturnEvent                      // the end of a chain's rules
	RuleEvent                        // a rule that matched to its end
)

// Verdict is what a rule says of a packet (enum nft_verdicts, nf's for 0 and up).
type Verdict struct {
	Code  int32
	Chain string // where it leads
}

// String is the verdict in nft's grammar.
func (v Verdict) String() string {
	switch v.Code {
	case 0:
		return "drop"
	case 1:
		return "accept"
	case 2:
		return "stolen"
	case -1:
		return "continue"
	case -2:
		return "break"
	case -3:
		return "jump " + v.Chain
	case -4:
		return "goto " + v.Chain
	case -5:
		return "return"
	}
	if v.Code&0xff == 3 {
		return "queue"
	}
	return fmt.Sprintf("verdict %d", v.Code)
}

// Trace receives the kernel's own rule trace. Close it.
type Trace struct {
	stream[Event]
	overruns atomic.Uint64
}

// Trace listens to the rule trace of the handle's namespace.
func (h *Handle) Trace() (*Trace, error) {
	var l *listener
	err := h.space.within(func() (err error) {
		l, err = listen(groupNftrace)
		return err
	})
	if err != nil {
		return nil, err
	}
	t := &Trace{}
	t.stream = stream[Event]{l: l, read: t.take, lost: func() { t.overruns.Add(1) }}
	return t, nil
}

// Lost counts how often the receive buffer was full: each time at least one event
// is missing, the kernel does not say how many.
func (t *Trace) Lost() uint64 { return t.overruns.Load() }

func (t *Trace) take(m *message) (Event, bool) {
	if m.kind != msgTrace {
		return Event{}, false
	}
	e, in, out := readEvent(m)
	e.In, e.Out = t.l.device(in), t.l.device(out)
	return e, true
}

// readEvent reads a message of the trace, and the indexes of its devices. What is
// missing or cannot be read stays zero.
func readEvent(m *message) (e Event, in, out uint32) {
	e.Family = m.family
	var network, transport []byte
	for kind, data := range m.attrs() {
		switch kind {
		case traceTable:
			e.Table = text(data)
		case traceChain:
			e.Chain = text(data)
		case traceHandle:
			e.Handle = number(data)
		case traceType:
			e.Kind = EventKind(number(data))
		case traceVerdict:
			e.Verdict = readVerdict(data)
		case tracePolicy:
			e.Verdict.Code = int32(number(data))
		case traceID:
			e.ID = uint32(number(data))
		case traceNetwork:
			network = data
		case traceTransport:
			transport = data
		case traceIn:
			in = uint32(number(data))
		case traceOut:
			out = uint32(number(data))
		case traceMark:
			e.Mark = uint32(number(data))
		}
	}
	e.Packet, e.Told = readHeaders(network, transport)
	if e.Kind == RuleEvent && e.Handle == 0 {
		// Linux 6.18 calls the end of a chain a rule, too: a rule without a handle.
		e.Kind = ReturnEvent
	}
	return e, in, out
}

func readVerdict(b []byte) (v Verdict) {
	for kind, data := range attrs(b) {
		switch kind {
		case verdictCode:
			v.Code = int32(number(data))
		case verdictChain:
			v.Chain = text(data)
		}
	}
	return v
}

// readHeaders reads the two headers of a trace. The kernel cuts the first at 40
// bytes, and with it the extension headers of IPv6 and what they say of the one
// behind them: then there are no ports.
func readHeaders(network, transport []byte) (Packet, bool) {
	if len(network) >= 40 && network[0]>>4 == 6 && extension(network[6]) {
		transport = nil
	}
	return readPacket(slices.Concat(network, transport))
}

// Packets parts events by packet, each in its order, the packet that was seen
// first first.
func Packets(events []Event) [][]Event {
	var out [][]Event
	at := map[uint32]int{}
	for _, e := range events {
		i, there := at[e.ID]
		if !there {
			i = len(out)
			at[e.ID] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], e)
	}
	return out
}

// Join gives each event the rule that it is about, of those that Handle.Rules
// returned. Text is filled in from the program that was loaded, which may be nil.
func Join(events []Event, rules []Rule, p *nft.Program) {
	type place struct {
		family byte
		table  string
		handle uint64
	}
	by := make(map[place]*Rule, len(rules))
	for i := range rules {
		r := &rules[i]
		by[place{r.Family, r.Table, r.Handle}] = r
		r.Text = writtenAs(r, p)
	}
	for i := range events {
		e := &events[i]
		e.Rule = by[place{e.Family, e.Table, e.Handle}]
	}
}

// writtenAs is a rule's text in the program, "" if it is none of its rules: the
// kernel keeps their order, and their comments.
func writtenAs(r *Rule, p *nft.Program) string {
	if p == nil || r.Table != nft.TableName {
		return ""
	}
	for _, t := range p.Tables {
		for _, c := range t.Chains {
			if protocol(t.Family) == r.Family && c.Name == r.Chain && r.Index < len(c.Rules) && c.Rules[r.Index].Comment == r.Comment {
				return c.Rules[r.Index].Text
			}
		}
	}
	return ""
}
