package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/service"
)

// Observation is what somebody saw who asked from one place: a line of an
// incident's notes.
type Observation struct {
	Text string // as written
	From string // a place
	Via  string // the node entered by, for a client outside
	To   string // "" for the target of the diagnosis
	Seen []Sighting

	ns string // of names that have none
}

// namespace is that of the pod or workload it was seen from, "" for other
// places.
func (o *Observation) namespace() string {
	kind, name, _ := strings.Cut(o.From, "/")
	if kind == "external" || kind == "node" || kind == "no" {
		return ""
	}
	if ns, _, ok := strings.Cut(name, "/"); ok {
		return ns
	}
	return o.ns
}

// Sighting is a word for what a client noticed. Works and Fails leave open what
// exactly.
type Sighting uint8

// The words. The zero value is none of them.
const (
	SawNothing Sighting = iota
	SawConnected
	SawRefused
	SawTimeout
	SawUnreachable
	SawWorks
	SawFails
)

var sightings = [...]string{"", "connected", "refused", "timeout", "unreachable", "works", "fails"}

// String is the word as written.
func (s Sighting) String() string {
	if int(s) < len(sightings) {
		return sightings[s]
	}
	return fmt.Sprintf("Sighting(%d)", uint8(s))
}

// Good reports whether it is a success.
func (s Sighting) Good() bool { return s == SawConnected || s == SawWorks }

const seenNotation = `"node/n1 timeout", "external via n2 connected", "pod/test/client to svc/test/web:80 refused"; ` +
	"the words are connected, refused, timeout, unreachable, works, fails; both of two: connected,timeout"

// ParseObservation reads PLACE [via NODE] [to TARGET] WORD[,WORD].
func ParseObservation(text string) (Observation, error) {
	o := Observation{Text: strings.Join(strings.Fields(text), " ")}
	words := strings.Fields(text)
	if len(words) < 2 {
		return o, seenError(o.Text, "an observation is a place and what was seen there")
	}
	for _, w := range strings.Split(words[len(words)-1], ",") {
		i := slices.Index(sightings[:], strings.ToLower(w))
		if i <= 0 {
			return o, seenError(o.Text, fmt.Sprintf("%q is no word for what was seen", w))
		}
		o.Seen = append(o.Seen, Sighting(i))
	}
	o.From = words[0]
	rest := words[1 : len(words)-1]
	for len(rest) >= 2 {
		switch strings.ToLower(rest[0]) {
		case "via":
			o.Via = rest[1]
		case "to", "->":
			o.To = rest[1]
		default:
			return o, seenError(o.Text, fmt.Sprintf("%q is not understood here", rest[0]))
		}
		rest = rest[2:]
	}
	if len(rest) > 0 {
		return o, seenError(o.Text, fmt.Sprintf("%q is not understood here", rest[0]))
	}
	return o, nil
}

func seenError(text, what string) error {
	return &path.QuestionError{Part: text, What: what, Hint: seenNotation}
}

// Failed reports whether something failed, Worked whether something did not.
func (o *Observation) Failed() bool {
	return slices.ContainsFunc(o.Seen, func(s Sighting) bool { return !s.Good() })
}

// Worked reports whether a connection was made.
func (o *Observation) Worked() bool { return slices.ContainsFunc(o.Seen, Sighting.Good) }

// outlook is what a Model predicts for one observation.
type outlook struct {
	answers []*path.Answer
	seen    []flow.Seen
	reached int
	of      int
	unknown bool
	// noFront: the target has no address that can be asked from there.
	noFront bool
}

// traces yields every trace of the outlook.
func (k *outlook) traces(yield func(*path.Walked) bool) {
	for _, a := range k.answers {
		for i := range a.Traces {
			if !yield(&a.Traces[i]) {
				return
			}
		}
	}
}

// connects: every path delivers.
func (k *outlook) connects() bool { return !k.unknown && !k.noFront && k.of > 0 && k.reached == k.of }

// mayConnect: some path delivers.
func (k *outlook) mayConnect() bool { return k.reached > 0 }

// mayFail: some path does not.
func (k *outlook) mayFail() bool { return k.noFront || k.reached < k.of }

// allows reports whether what was seen is among what the Model predicts. An
// unreachable destination is silence where nobody says so.
func (k *outlook) allows(s Sighting) bool {
	has := func(x flow.Seen) bool { return slices.Contains(k.seen, x) }
	switch s {
	case SawConnected, SawWorks:
		return k.mayConnect()
	case SawFails:
		return k.mayFail()
	case SawTimeout:
		return k.noFront || has(flow.Timeout) || has(flow.Unreachable)
	case SawUnreachable:
		return k.noFront || has(flow.Unreachable)
	case SawRefused:
		return has(flow.Refused)
	case SawNothing:
	}
	return false
}

// fits: everything that was seen is predicted. Loosely asks only whether it
// worked or failed.
func (k *outlook) fits(o *Observation, loosely bool) bool {
	if k.unknown {
		return false
	}
	for _, s := range o.Seen {
		if loosely && !s.Good() {
			s = SawFails
		}
		if !k.allows(s) {
			return false
		}
	}
	return true
}

// foresee asks a Model what the observation's place gets.
func foresee(m *model.Model, o *Observation, target, namespace string) (outlook, error) {
	q := path.Question{From: o.From, To: target, Via: o.Via, Namespace: namespace}
	if o.To != "" {
		q.To = o.To
	}
	var k outlook
	a, err := path.Ask(m, q)
	if err != nil {
		return k, err
	}
	k.add(a)
	if !leavesNodeOpen(a, q) {
		return k, nil
	}
	// A NodePort is asked on whichever node people use.
	first := a.Targets[0].Node
	for i := range m.Snapshot.Nodes {
		n := m.Snapshot.Nodes[i].Name
		if n == first {
			continue
		}
		q.Via = n
		if a, err := path.Ask(m, q); err == nil {
			k.add(a)
		}
	}
	return k, nil
}

func leavesNodeOpen(a *path.Answer, q path.Question) bool {
	if q.Via != "" || !strings.HasPrefix(q.From, "external") || len(a.Targets) == 0 || !strings.HasPrefix(q.To, "s") {
		return false
	}
	f := a.Targets[0].Front
	return f != nil && f.Kind == service.NodePort
}

func (k *outlook) add(a *path.Answer) {
	k.answers = append(k.answers, a)
	for i := range a.Traces {
		t := &a.Traces[i]
		k.of += t.Count
		if t.Fate == flow.Delivered {
			k.reached += t.Count
		}
		if t.Fate == flow.Unknown {
			k.unknown = true
			continue
		}
		if !slices.Contains(k.seen, t.Seen) {
			k.seen = append(k.seen, t.Seen)
		}
	}
	slices.Sort(k.seen)
}
