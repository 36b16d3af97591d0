package cluster

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
)

func TestParseFocus(t *testing.T) {
	pod := Pod{Meta: Meta{Namespace: "web", Name: "a-0"}, Owner: flow.Object{Kind: "StatefulSet", Namespace: "web", Name: "a"}}
	for _, tt := range []struct {
		text  string
		side  Side
		holds bool
		err   string
	}{
		{"ns/web", FromSide, true, ""},
		{"namespace/db", FromSide, false, ""},
		{"pod/web/a-0", FromSide, true, ""},
		{"pod/a-0", ToSide, true, ""}, // of the namespace of names that have none
		{"pod/web/a-1", ToSide, false, ""},
		{"sts/web/a", ToSide, true, ""},
		{"deploy/web/a", ToSide, false, ""},
		{"svc/web/a:http", ToSide, false, ""},
		{"external", FromSide, false, ""},
		{"external/branch", FromSide, false, ""},
		{"node/n1", FromSide, false, ""},
		{"svc/web/a", FromSide, false, "not a name of pods"},
		{"external", ToSide, false, "what is connected to is pods, or a Service"},
		{"node/n1", ToSide, false, "what is connected to is pods, or a Service"},
		{"external/", FromSide, false, "not a name of pods"},
		{"ns/", FromSide, false, "not a name of pods"},
		{"web", FromSide, false, "not a name of pods"},
		{"queue/web/a", FromSide, false, "not a name of pods"},
	} {
		f, err := ParseFocus(tt.text, "web", tt.side)
		switch {
		case tt.err != "":
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s: %v, want %q", tt.text, err, tt.err)
			}
		case err != nil:
			t.Errorf("%s: %v", tt.text, err)
		case f.Holds(&pod) != tt.holds:
			t.Errorf("%s holds %s: %v", tt.text, pod.Name, !tt.holds)
		}
	}
	if f, err := ParseFocus("", "web", FromSide); f != nil || err != nil || !f.Holds(&pod) {
		t.Errorf("nobody named: %v, %v", f, err)
	}
}

func TestFindFocus(t *testing.T) {
	s := &Snapshot{
		Fabric:   Fabric{Clients: []Client{{Name: "branch", Addresses: []netip.Addr{netip.MustParseAddr("203.0.113.10")}}}},
		Nodes:    []Node{{Meta: Meta{Name: "n1"}, InternalIPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}, PodCIDRs: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/24")}}},
		Pods:     []Pod{{Meta: Meta{Namespace: "web", Name: "a"}}, {Meta: Meta{Namespace: "web", Name: "h"}, HostNetwork: true, Node: "n1"}},
		Services: []Service{{Meta: Meta{Namespace: "web", Name: "a"}, Ports: []ServicePort{{Name: "http", Port: 80, Protocol: flow.TCP}, {Name: "dns", Port: 53, Protocol: flow.UDP}}}},
	}
	for text, want := range map[string]string{
		"external": "", "external/branch": "", "external/203.0.113.10": "", "external/198.51.100.1": "", "node/n1": "", "ns/web": "",
		"external/office":    "no client of that name",
		"external/192.0.2.1": "the cluster's own",
		"external/10.1.0.77": "the cluster's own",
		"node/n2":            "no such Node",
		"ns/db":              "no pods of that namespace",
		"pod/web/b":          "no such Pod",
		"pod/web/h":          "a process of node n1",
		"deploy/web/a":       "no running Pod of Deployment/web/a",
		"svc/web/a":          "", "svc/web/a:80": "", "svc/web/a:http": "", "svc/web/a:53/udp": "",
		"svc/web/a:53": "the Service has no such port",
		"svc/web/b:80": "no such Service",
	} {
		side := FromSide
		if strings.HasPrefix(text, "svc/") {
			side = ToSide
		}
		f, err := ParseFocus(text, "web", side)
		if err != nil {
			t.Fatal(err)
		}
		err = f.Find(side, func(p *Pod) bool { return !p.HostNetwork }, &Snapshot{}, s)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
