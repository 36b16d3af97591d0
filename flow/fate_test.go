package flow

import (
	"slices"
	"strings"
	"testing"
)

func TestSum(t *testing.T) {
	tests := []struct {
		name  string
		fates []Fate
		want  Verdict
	}{
		{"no trace", nil, VerdictUnknown},
		{"one delivered", []Fate{Delivered}, Reachable},
		{"all delivered", []Fate{Delivered, Delivered}, Reachable},
		{"one denied", []Fate{DeniedByPolicy}, NotReachable},
		{"none delivered, for different reasons", []Fate{NoRoute, Loop, ReplyLost}, NotReachable},
		{"some delivered", []Fate{Delivered, DeniedByPolicy, Delivered}, Depends},
		{"a lost reply is not delivered", []Fate{Delivered, ReplyLost}, Depends},
		{"one unknown among delivered", []Fate{Delivered, Unknown}, VerdictUnknown},
		{"one unknown among denied", []Fate{DeniedByPolicy, Unknown}, VerdictUnknown},
		{"unknown first", []Fate{Unknown, Delivered, DeniedByPolicy}, VerdictUnknown},
	}
	for _, tt := range tests {
		if got := Sum(tt.fates); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// Every fate alone is UNREACHABLE but two: what was delivered, and what nobody
// knows.
func TestSumOfEveryFate(t *testing.T) {
	for _, f := range Fates() {
		want := NotReachable
		switch f {
		case Unknown:
			want = VerdictUnknown
		case Delivered:
			want = Reachable
		default:
		}
		if got := Sum([]Fate{f}); got != want {
			t.Errorf("%s: %s, want %s", f, got, want)
		}
	}
}

// The zero values are the cautious ones.
func TestZeroValues(t *testing.T) {
	var f Fate
	var s Seen
	var v Verdict
	var p Protocol
	for _, tt := range []struct{ got, want string }{
		{f.String(), "Unknown"},
		{s.String(), "unknown"},
		{v.String(), "UNKNOWN"},
		{p.String(), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("zero value prints %q, want %q", tt.got, tt.want)
		}
	}
}

// The names are those of the Expectations format.
func TestFateNames(t *testing.T) {
	want := []string{
		"Unknown", "Delivered", "DeniedByPolicy", "DeniedBySourceRanges", "NoEndpoints", "NoLocalEndpoint",
		"NotAnnounced", "NotCaptured", "NoRoute", "Loop", "NotListening", "ReplyLost",
	}
	var got []string
	for _, f := range Fates() {
		got = append(got, f.String())
		if back, err := ParseFate(f.String()); err != nil || back != f {
			t.Errorf("ParseFate(%q) = %v, %v", f, back, err)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("fates %v, want %v", got, want)
	}
}

func TestSeenNames(t *testing.T) {
	for s, want := range map[Seen]string{
		SeenUnknown: "unknown", Connected: "connected", Refused: "refused", Timeout: "timeout", Unreachable: "unreachable",
	} {
		if s.String() != want {
			t.Errorf("Seen %d prints %q, want %q", s, s, want)
		}
		if back, err := ParseSeen(want); err != nil || back != s {
			t.Errorf("ParseSeen(%q) = %v, %v", want, back, err)
		}
	}
}

func TestVerdictNames(t *testing.T) {
	for v, want := range map[Verdict]string{
		VerdictUnknown: "UNKNOWN", Reachable: "REACHABLE", NotReachable: "UNREACHABLE", Depends: "DEPENDS",
	} {
		if v.String() != want {
			t.Errorf("Verdict %d prints %q, want %q", v, v, want)
		}
		if back, err := ParseVerdict(want); err != nil || back != v {
			t.Errorf("ParseVerdict(%q) = %v, %v", want, back, err)
		}
	}
}

// What is not a word of ours is an error that names those which are, and never
// quietly a zero value.
func TestParseRefuses(t *testing.T) {
	parsers := map[string]func(string) error{
		"DeniedByPolicy": func(s string) error { _, err := ParseFate(s); return err },
		"refused":        func(s string) error { _, err := ParseSeen(s); return err },
		"REACHABLE":      func(s string) error { _, err := ParseVerdict(s); return err },
		"SCTP":           func(s string) error { _, err := ParseProtocol(s); return err },
	}
	for known, parse := range parsers {
		for _, s := range []string{"", " ", "nonsense", known + " ", strings.ToLower(known) + "x"} {
			err := parse(s)
			if err == nil {
				t.Errorf("%q is accepted among words like %s", s, known)
			} else if !strings.Contains(err.Error(), known) {
				t.Errorf("%q: %q does not name %s", s, err, known)
			}
		}
	}
}

// Numbers that have no name print as such and do not panic.
func TestUnnamedNumbers(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{Fate(200).String(), "Fate(200)"},
		{Seen(200).String(), "Seen(200)"},
		{Verdict(200).String(), "Verdict(200)"},
		{Protocol(200).String(), "Protocol(200)"},
		{Hook(200).String(), "Hook(200)"},
		{Action(200).String(), "Action(200)"},
		{MachineKind(200).String(), "MachineKind(200)"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}
