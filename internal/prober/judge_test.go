package prober

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

func TestJudge(t *testing.T) {
	ip := netip.MustParseAddr
	saw := func(seen ...flow.Seen) []Outcome {
		var out []Outcome
		for _, s := range seen {
			out = append(out, Outcome{Seen: s})
		}
		return out
	}
	for _, tt := range []struct {
		name     string
		expected Expected
		proto    flow.Protocol
		outcomes []Outcome
		want     Verdict
		why      flow.Code
	}{
		{"as predicted", Expected{Seen: []flow.Seen{flow.Connected}}, flow.TCP, saw(flow.Connected, flow.Connected), Agrees, ""},
		{"once not", Expected{Seen: []flow.Seen{flow.Connected}}, flow.TCP, saw(flow.Connected, flow.Timeout), Differs, flow.CodeProbeUnpredicted},
		{"refused is not silence", Expected{Seen: []flow.Seen{flow.Timeout}}, flow.TCP, saw(flow.Refused), Differs, flow.CodeProbeUnpredicted},
		{"unreachable may be silent", Expected{Seen: []flow.Seen{flow.Unreachable}}, flow.TCP, saw(flow.Timeout), Agrees, flow.CodeProbeUnseen},
		{"by chance, both", Expected{Seen: []flow.Seen{flow.Connected, flow.Timeout}}, flow.TCP, saw(flow.Connected, flow.Timeout), Agrees, ""},
		{"by chance, one", Expected{Seen: []flow.Seen{flow.Connected, flow.Timeout}}, flow.TCP, saw(flow.Connected), Agrees, flow.CodeProbeUnseen},
		{"nothing was made", Expected{Seen: []flow.Seen{flow.Connected}}, flow.TCP, nil, Undecided, ""},
		{"not found out", Expected{Seen: []flow.Seen{flow.Connected}}, flow.TCP, saw(flow.SeenUnknown), Undecided, flow.CodeProbeFailed},
		{"an unknown prediction", Expected{Unknown: true}, flow.TCP, saw(flow.Connected), Undecided, flow.CodeProbeUnknown},
		{"UDP silence, predicted", Expected{Seen: []flow.Seen{flow.Timeout}}, flow.UDP, saw(flow.Timeout), Undecided, flow.CodeProbeSilence},
		{"UDP silence, not predicted", Expected{Seen: []flow.Seen{flow.Connected}}, flow.UDP, saw(flow.Timeout), Undecided, flow.CodeProbeSilence},
		{"UDP, lost and answered", Expected{Seen: []flow.Seen{flow.Connected}}, flow.UDP, saw(flow.Timeout, flow.Connected), Agrees, flow.CodeProbeSilence},
		{"UDP, refused", Expected{Seen: []flow.Seen{flow.Connected}}, flow.UDP, saw(flow.Refused), Differs, flow.CodeProbeUnpredicted},
		{"another server", Expected{Seen: []flow.Seen{flow.Connected}, Endpoints: []string{"test/a"}}, flow.TCP, []Outcome{{Seen: flow.Connected, Server: "test/b"}}, Differs, flow.CodeProbeOtherServer},
		{"one endpoint of two", Expected{Seen: []flow.Seen{flow.Connected}, Endpoints: []string{"test/a", "test/b"}}, flow.TCP, []Outcome{{Seen: flow.Connected, Server: "test/b"}}, Agrees, flow.CodeProbeMissed},
		{"another source seen", Expected{Seen: []flow.Seen{flow.Connected}, Sources: []netip.Addr{ip("10.0.0.1")}}, flow.TCP, []Outcome{{Seen: flow.Connected, Peer: ip("10.0.0.2")}}, Differs, flow.CodeProbeOtherPeer},
		{"another source", Expected{Seen: []flow.Seen{flow.Connected}}, flow.TCP, []Outcome{{Seen: flow.Connected, Source: ip("10.9.9.9")}}, Differs, flow.CodeProbeOtherSource},
	} {
		a := &Answered{Ask: &Ask{Target: path.Target{Protocol: tt.proto}, Expected: tt.expected}, Outcomes: tt.outcomes}
		a.judge(&Plan{Means: []Means{Exec}, From: "pod/test/a", Addrs: []netip.Addr{ip("10.1.1.1")}})
		code := flow.Code("")
		if len(a.Why) > 0 {
			code = a.Why[0].Code
		}
		if a.Verdict != tt.want || code != tt.why {
			t.Errorf("%s: %s, %v; want %s, %q", tt.name, a.Verdict, a.Why, tt.want, tt.why)
		}
	}
}

// TestReading: what the two stages say together.
func TestReading(t *testing.T) {
	for _, tt := range []struct {
		asked, direct flow.Seen
		proto         flow.Protocol
		want          flow.Code
	}{
		{flow.Connected, flow.Connected, flow.TCP, flow.CodeProbeBothWork},
		{flow.Timeout, flow.Connected, flow.TCP, flow.CodeProbeWay},
		{flow.Timeout, flow.Timeout, flow.TCP, flow.CodeProbeEnd},
		{flow.Connected, flow.Refused, flow.TCP, flow.CodeProbeOnlyService},
		{flow.Timeout, flow.Connected, flow.UDP, ""},
		{flow.SeenUnknown, flow.Connected, flow.TCP, ""},
	} {
		target := path.Target{Protocol: tt.proto}
		r := &Result{Answers: []Answered{
			{Ask: &Ask{Stage: Asked, Target: target}, Outcomes: []Outcome{{Seen: tt.asked}}},
			{Ask: &Ask{Stage: Direct, Target: target}, Outcomes: []Outcome{{Seen: tt.direct}}},
		}}
		if got := r.Reading(); got.Code != tt.want {
			t.Errorf("%s, %s: %q, want %q", tt.asked, tt.direct, got.Code, tt.want)
		}
	}
}

const outside = `
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {podCIDR: 10.244.1.0/24}
status: {addresses: [{type: InternalIP, address: 192.0.2.11}], conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: test}
---
apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: test, labels: {app: web}}
spec: {nodeName: n1, containers: [{name: main}]}
status: {phase: Running, podIP: 10.244.1.5, podIPs: [{ip: 10.244.1.5}], conditions: [{type: Ready, status: "True"}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: test}
spec: {type: LoadBalancer, clusterIP: 10.96.0.5, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}
status: {loadBalancer: {ingress: [{ip: 198.51.100.80}]}}
---
apiVersion: portolan.dev/v1alpha1
kind: Fabric
metadata: {name: here}
spec:
  clients: [{name: desk, addresses: [198.51.100.9]}]
  routers: [{name: r, addresses: [192.0.2.1], routes: static}]
`

// TestOutside: who asks from here is the client that this machine is.
func TestOutside(t *testing.T) {
	in, err := manifest.Load([]string{"-"}, manifest.Options{Stdin: strings.NewReader(outside)})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Compile(in.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		from, source, via, to string
		note                  flow.Code
		place                 string
		asks                  int
	}{
		{"external", "198.51.100.7", "", "svc/test/web", flow.CodeProbeOutside, "external/198.51.100.7", 2},
		{"external/desk", "198.51.100.7", "", "svc/test/web", flow.CodeProbeNotClient, "external/desk", 2},
		{"external/desk", "198.51.100.9", "", "svc/test/web", flow.CodeProbeOutside, "external/desk", 2},
		{"external/198.51.100.7", "198.51.100.7", "", "svc/test/web", flow.CodeProbeOutside, "external/198.51.100.7", 2},
		{"external", "", "", "svc/test/web", flow.CodeProbeNoSource, "external", 2},
		{"external", "198.51.100.7", "n1", "svc/test/web", flow.CodeProbeVia, "external/198.51.100.7", 2},
		{"external", "198.51.100.7", "n1", "svc/test/web@nodeport", flow.CodeProbeOutside, "external/198.51.100.7", 1},
	} {
		o := ask(tt.from, tt.to)
		o.Question.Via = tt.via
		o.Here.Source = func(netip.Addr) netip.Addr {
			a, _ := netip.ParseAddr(tt.source)
			return a
		}
		p, err := NewPlan(t.Context(), m, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		if p.Notes[0].Code != tt.note || p.From != tt.place || len(p.Asks) != tt.asks || p.Means[0] != Dialing {
			t.Errorf("%s from %s: %s, notes %v: %+v", tt.from, tt.source, p.From, p.Notes, p.Asks)
		}
	}
	if h := ThisMachine(); len(h.Addrs) == 0 || h.Source(netip.MustParseAddr("127.0.0.1")) != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("this machine: %+v", h.Addrs)
	}
}
