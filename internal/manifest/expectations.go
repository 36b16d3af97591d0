package manifest

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

var expectFields = []string{"culprit", "endpoints", "fates", "from", "seen", "sources", "to", "verdict", "via"}

func decodeExpectations(v value) any {
	spec := v.ownHead()
	spec.known("expect")
	all := make([]cluster.Expectation, 0)
	for _, e := range spec.get("expect").list() {
		all = append(all, expectation(e))
	}
	return &all
}

// expectation reads one line. Whether its places exist is asked later, line by
// line; the words it uses must be right here.
func expectation(e value) cluster.Expectation {
	e.known(expectFields...)
	e.get("from").need()
	e.get("to").need()
	x := cluster.Expectation{
		From:      e.get("from").notation(),
		Via:       e.get("via").notation(),
		To:        e.get("to").notation(),
		Culprit:   e.get("culprit").notation(),
		Endpoints: e.get("endpoints").notations(),
		Sources:   e.get("sources").notations(),
		Set:       e.d.object.Name,
		Position:  e.pos(),
	}
	if v := e.get("verdict"); v.present() {
		x.Verdict, x.HasVerdict = parseWord(v, flow.ParseVerdict), true
	}
	if v := e.get("seen"); v.present() {
		x.Seen = parseWords(v, flow.ParseSeen)
	}
	if v := e.get("fates"); v.present() {
		x.Fates = parseWords(v, flow.ParseFate)
	}
	for _, s := range e.get("sources").list() {
		if _, err := netip.ParseAddr(s.str()); err != nil {
			s.failf("%s is not an IP address", quote(s.str()))
		}
	}
	return x
}

// notation is a text in Portolan's notation: printable, in one piece.
func (v value) notation() string {
	s := v.str()
	if s != clean(s) {
		v.failf("%s has characters that cannot be printed", quote(s))
	}
	return s
}

func (v value) notations() []string {
	for _, item := range v.list() {
		item.need()
		item.notation()
	}
	return v.strs()
}

func parseWord[T any](v value, parse func(string) (T, error)) T {
	t, err := parse(v.str())
	if err != nil {
		v.fail(clean(err.Error()), "")
	}
	return t
}

// parseWords is not nil when the list was written, even if empty.
func parseWords[T any](v value, parse func(string) (T, error)) []T {
	all := []T{}
	for _, item := range v.list() {
		all = append(all, parseWord(item, parse))
	}
	return all
}
