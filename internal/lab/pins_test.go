//go:build linux

package lab

import (
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/probe"
	"github.com/portolan-net/portolan/path"
)

// hiding masquerades what a node forwards from the client, so that the server
// sees by which node it came.
type hiding struct{}

func (hiding) Install(*Machine) error {
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader("table ip t {\n chain c {\n  type nat hook postrouting priority srcnat\n  ip saddr 203.0.113.10 masquerade\n }\n}\n")
	return cmd.Run()
}

// fromClients is how many packets a router had from wan.
func fromClients(t *testing.T, router *Machine) string {
	t.Helper()
	var count string
	err := router.Do(func() error {
		text, err := os.ReadFile("/proc/thread-self/net/dev")
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); f[0] == "wan:" {
				count = f[2]
			}
		}
		return err
	})
	if err != nil || count == "" {
		t.Fatalf("no count: %v", err)
	}
	return count
}

// TestPins: the source port says by which router and which node a client's
// packets come in.
func TestPins(t *testing.T) {
	m := load(t, "../../examples/shared-vip")
	m.Snapshot.Fabric.Routers = append(m.Snapshot.Fabric.Routers, cluster.Router{Name: "second"})
	m = compile(t, m.Snapshot)
	l := up(t, m, Options{})
	if err := l.Install(t.Context(), hiding{}); err != nil {
		t.Fatal(err)
	}
	for _, router := range []string{"dcgw", "second"} {
		other := l.Machine("router/" + map[string]string{"dcgw": "second", "second": "dcgw"}[router])
		before := fromClients(t, other)
		var probes []probe.Probe
		var want []string
		for i := range m.Snapshot.Nodes {
			node := &m.Snapshot.Nodes[i]
			ports, err := l.Ports(router, node.Name)
			if err != nil {
				t.Fatal(err)
			}
			for _, port := range []uint16{ports.Low, ports.High} {
				probes = append(probes, probe.Probe{
					Place: l.Machine("external/branch"), Protocol: flow.TCP, To: netip.MustParseAddrPort("10.244.3.10:8080"),
					Ports: probe.Ports{Low: port, High: port},
				})
				want = append(want, node.IP(false).String())
			}
		}
		for i, r := range probe.Run(t.Context(), probes, probe.Options{Servers: l.Servers()}) {
			if r.Seen != flow.Connected || r.Answer.Peer.Addr().String() != want[i] {
				t.Errorf("by %s and %s, port %d: %s from %s (%v)", router, want[i], probes[i].Ports.Low, r.Seen, r.Answer.Peer, r.Err)
			}
		}
		if after := fromClients(t, other); after != before {
			t.Errorf("by %s: %s had %s packets before, %s after", router, other.Name, before, after)
		}
	}
	for _, wrong := range [][2]string{{"third", ""}, {"dcgw", "n9"}} {
		if _, err := l.Ports(wrong[0], wrong[1]); err == nil {
			t.Errorf("Ports(%q, %q) is no error", wrong[0], wrong[1])
		}
	}
}

// TestUncaptured: without rules nobody takes a Service's address; a packet goes
// round between router and node until it is too old.
func TestUncaptured(t *testing.T) {
	l := up(t, load(t, "../../examples/shared-vip"), Options{})
	r := probe.Run(t.Context(), []probe.Probe{
		{Place: l.Machine("external/branch"), Protocol: flow.TCP, To: netip.MustParseAddrPort("198.51.100.17:22")},
	}, probe.Options{Servers: l.Servers()})[0]
	if r.Seen != flow.Unreachable || r.Err == nil || !strings.Contains(r.Err.Error(), "type 11") {
		t.Errorf("%s, %v, want a time exceeded", r.Seen, r.Err)
	}
}

// TestNames: a client may be called by its address, and somebody new be added.
func TestNames(t *testing.T) {
	var o Options
	old, late := netip.MustParseAddr("203.0.113.10"), netip.MustParseAddr("203.0.113.77")
	o.AddClient("203.0.113.10", old)
	o.AddClient("203.0.113.77", late)
	o.AddTarget(path.Target{Protocol: flow.TCP, Addr: netip.MustParseAddrPort("192.0.2.99:443")})
	o.AddTarget(path.Target{Protocol: flow.UDP, Addr: netip.AddrPortFrom(late, 40000)})
	l := up(t, load(t, "../../examples/shared-vip"), o)
	if l.Machine("external/203.0.113.10") != l.Machine("external/branch") || l.Machine("external/203.0.113.77") == nil {
		t.Error("a client is not found by its address")
	}
	if a := l.ClientAddr("203.0.113.77", false); a != late {
		t.Errorf("address %s, want %s", a, late)
	}
	if a := l.ClientAddr("branch", true); a.IsValid() {
		t.Errorf("an IPv6 address: %s", a)
	}
	ports, err := l.Ports("", "n2")
	if err != nil || ports.Low <= 40000 && ports.High >= 40000 {
		t.Errorf("ports %v, %v: 40000 is a server's", ports, err)
	}
	pod := l.Machine("pod/test/ssh-0")
	results := probe.Run(t.Context(), []probe.Probe{
		{Place: pod, Protocol: flow.TCP, To: netip.MustParseAddrPort("192.0.2.99:443")},
		{Place: pod, Protocol: flow.UDP, To: netip.AddrPortFrom(late, 40000)},
	}, probe.Options{Servers: l.Servers()})
	for i, want := range []string{"192.0.2.99:443", "203.0.113.77:40000"} {
		if r := results[i]; r.Answer.Server != want || r.Answer.Peer.Addr().String() != "10.244.2.10" {
			t.Errorf("%s: %s by %q from %s (%v)", want, r.Seen, r.Answer.Server, r.Answer.Peer, r.Err)
		}
	}
}
