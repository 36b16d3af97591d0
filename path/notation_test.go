package path

import (
	"errors"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

// written prints a parsed target in the notation again, with all its parts.
func (to *parsedTo) written() string {
	s := to.addr.String()
	switch to.kind {
	case "ip":
		if to.addr.Is6() {
			s = "[" + s + "]"
		}
	case "node":
		s = "node/" + to.name
	default:
		s = to.kind + "/" + to.ns + "/" + to.name
	}
	if to.port != "" {
		s += ":" + to.port
	}
	if to.at != "" {
		s += "@" + to.at
	}
	if to.hasProto {
		s += "/" + strings.ToLower(to.proto.String())
	}
	return s
}

// Every form that docs/cli.md gives.
func TestParseTarget(t *testing.T) {
	tests := []struct {
		in    string
		proto flow.Protocol
		want  string
	}{
		{"198.51.100.17:22", flow.TCP, "198.51.100.17:22"},
		{"198.51.100.17:22/tcp", flow.TCP, "198.51.100.17:22/tcp"},
		{"198.51.100.17:53/udp", flow.UDP, "198.51.100.17:53/udp"},
		{"198.51.100.17:53/UDP", flow.UDP, "198.51.100.17:53/udp"},
		{"198.51.100.17:3868/sctp", flow.SCTP, "198.51.100.17:3868/sctp"},
		{"[2001:db8::17]:22", flow.TCP, "[2001:db8::17]:22"},
		{"[2001:DB8:0::17]:53/udp", flow.UDP, "[2001:db8::17]:53/udp"},
		{"[::ffff:198.51.100.17]:22", flow.TCP, "198.51.100.17:22"},
		{"pod/test/ssh-0:2222", flow.TCP, "pod/test/ssh-0:2222"},
		{"pod/ssh-0:2222", flow.TCP, "pod/mine/ssh-0:2222"},
		{"po/test/ssh-0:ssh", flow.TCP, "pod/test/ssh-0:ssh"},
		{"node/n1:30022", flow.TCP, "node/n1:30022"},
		{"no/n1.example:30053/udp", flow.UDP, "node/n1.example:30053/udp"},
		{"svc/test/ssh", flow.TCP, "svc/test/ssh"},
		{"svc/ssh", flow.TCP, "svc/mine/ssh"},
		{"service/test/ssh:22", flow.TCP, "svc/test/ssh:22"},
		{"svc/test/dns:dns-udp/udp", flow.UDP, "svc/test/dns:dns-udp/udp"},
		{"svc/test/ssh@nodeport", flow.TCP, "svc/test/ssh@nodeport"},
		{"svc/test/ssh:22@clusterip", flow.TCP, "svc/test/ssh:22@clusterip"},
		{"svc/test/dns:53@endpoints/udp", flow.UDP, "svc/test/dns:53@endpoints/udp"},
	}
	for _, tt := range tests {
		to, err := parseTo(tt.in, "mine")
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		if to.written() != tt.want || to.proto != tt.proto || to.text != tt.in {
			t.Errorf("%s is read as %s, %s; want %s, %s", tt.in, to.written(), to.proto, tt.want, tt.proto)
		}
	}
}

// What is none of them is refused, with the form that would do.
func TestParseTargetRefuses(t *testing.T) {
	for in, hint := range map[string]string{
		"":                    notation,
		"/udp":                notation,
		":80":                 notation,
		"ssh":                 notation,
		"example.com:80":      notation,
		"198.51.100.17":       "198.51.100.17:80",
		"2001:db8::17":        "[2001:db8::17]:80",
		"[2001:db8::17]":      "[2001:db8::17]:80",
		"198.51.100.17/udp":   "198.51.100.17:80",
		"198.51.100.17:0":     notation,
		"198.51.100.17:65536": notation,
		"198.51.100.17:-1":    notation,
		"198.51.100.17:http":  notation,
		"198.51.100.300:80":   notation,
		"198.51.100.17:80/":   notation,
		"198.51.100.0/24:80":  notation,
		"pod/test/ssh-0":      "pod/test/ssh-0:8080",
		"node/n1":             "node/n1:8080",
		"pod/":                notation,
		"pod/test/:80":        notation,
		"svc/":                notation,
		"svc/a/b/c:80":        notation,
		"node/a/b:80":         notation,
		"deploy/test/web:80":  notation,
		"Service/test/web:80": notation,
		"external/branch":     notation,
	} {
		to, err := parseTo(in, "mine")
		var wrong *QuestionError
		if !errors.As(err, &wrong) {
			t.Errorf("%q is read as %s", in, to.written())
			continue
		}
		if wrong.Part != in || !strings.Contains(wrong.Hint, hint) {
			t.Errorf("%q: %v, hint %q; want %q", in, wrong, wrong.Hint, hint)
		}
	}
}

// FuzzParseTarget: nothing makes the parser panic, and what it accepts it
// accepts again as it writes it, with the same meaning.
func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{
		"198.51.100.17:22", "[2001:db8::17]:53/udp", "[fe80::1%eth0]:80", "[::ffff:10.0.0.1]:1", "pod/test/ssh-0:2222", "pod/ssh:ssh/sctp",
		"node/n1:30022", "svc/test/ssh", "svc/ssh:22@vip/tcp", "svc/a@b:c", "svc//x:", "pod/a:b:c", "svc/x:80/udp/udp", "/udp", "@", "svc/udp/tcp",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		to, err := parseTo(s, "mine")
		if err != nil {
			var wrong *QuestionError
			if !errors.As(err, &wrong) || wrong.What == "" {
				t.Errorf("%q: %v is no QuestionError", s, err)
			}
			return
		}
		text := to.written()
		again, err := parseTo(text, "other")
		if err != nil {
			t.Fatalf("%q is accepted, %q is not: %v", s, text, err)
		}
		again.text = to.text
		if again != to {
			t.Errorf("%q is %+v, %q is %+v", s, to, text, again)
		}
	})
}
