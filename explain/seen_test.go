package explain

import (
	"fmt"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

func TestParseObservation(t *testing.T) {
	for text, want := range map[string]string{
		"node/n1 timeout":                           "node/n1 via  to  [timeout]",
		"  external   via n2 Connected ":            "external via n2 to  [connected]",
		"pod/a/b to svc/c/d:80 refused":             "pod/a/b via  to svc/c/d:80 [refused]",
		"external via n1 -> 10.0.0.1:80 works":      "external via n1 to 10.0.0.1:80 [works]",
		"external connected,timeout":                "external via  to  [connected timeout]",
		"external/203.0.113.10 unreachable":         "external/203.0.113.10 via  to  [unreachable]",
		"deploy/shop/web fails":                     "deploy/shop/web via  to  [fails]",
		"node/n1":                                   "",
		"":                                          "",
		"node/n1 dead":                              "",
		"node/n1 timeout now":                       "",
		"node/n1 via timeout":                       "",
		"node/n1 by n2 timeout":                     "",
		"node/n1 connected,":                        "",
		"node/n1 via n2 to a:80 via n3 x,y timeout": "",
	} {
		o, err := ParseObservation(text)
		got := ""
		if err == nil {
			got = fmt.Sprintf("%s via %s to %s %v", o.From, o.Via, o.To, o.Seen)
		}
		if got != want {
			t.Errorf("%q: %q, want %q (%v)", text, got, want, err)
		}
	}
}

// A policy drops, so it explains a timeout and not a refusal; an unreachable
// destination may be silent.
func TestOutlookFits(t *testing.T) {
	look := func(reached, of int, seen ...flow.Seen) *outlook {
		return &outlook{reached: reached, of: of, seen: seen}
	}
	for _, tt := range []struct {
		name    string
		k       *outlook
		seen    Sighting
		fits    bool
		loosely bool
	}{
		{"silence is silence", look(0, 1, flow.Timeout), SawTimeout, true, true},
		{"silence is no refusal", look(0, 1, flow.Timeout), SawRefused, false, true},
		{"unreachable may be silent", look(0, 1, flow.Unreachable), SawTimeout, true, true},
		{"silence is not unreachable", look(0, 1, flow.Timeout), SawUnreachable, false, true},
		{"by chance", look(1, 3, flow.Connected, flow.Timeout), SawConnected, true, true},
		{"by chance, the other way", look(1, 3, flow.Connected, flow.Timeout), SawTimeout, true, true},
		{"it should work", look(2, 2, flow.Connected), SawFails, false, false},
		{"it should not", look(0, 2, flow.Refused), SawWorks, false, false},
		{"what is not known fits nothing", &outlook{unknown: true}, SawTimeout, false, false},
		{"no address to ask", &outlook{noFront: true}, SawFails, true, true},
	} {
		o := &Observation{Seen: []Sighting{tt.seen}}
		if fits, loosely := tt.k.fits(o, false), tt.k.fits(o, true); fits != tt.fits || loosely != tt.loosely {
			t.Errorf("%s: fits %v, loosely %v", tt.name, fits, loosely)
		}
	}
}

// Names of the input stand in commands that people paste.
func TestShell(t *testing.T) {
	for in, want := range map[string]string{
		"web-0": "web-0", "a.b_c:1/x@y": "a.b_c:1/x@y", "": "''", "x; rm -rf /": "'x; rm -rf /'", "it's": `'it'\''s'`, "$(id)": "'$(id)'",
	} {
		if got := shell(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
