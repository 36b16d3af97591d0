package prober

import (
	"context"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portolan-net/portolan/flow"
)

// What tools say, as their sources print it; the versions stand behind the names.
func TestReadTools(t *testing.T) {
	for _, tt := range []struct {
		name, tool string
		proto      flow.Protocol
		out        Output
		took       time.Duration
		want       flow.Seen
		ok         bool
	}{
		{"openbsd", "nc", flow.TCP, Output{Stderr: "Connection to 10.0.0.1 22 port [tcp/ssh] succeeded!\n"}, 0, flow.Connected, true},
		{"openbsd", "nc", flow.TCP, Output{Stderr: "nc: connect to 10.0.0.1 port 22 (tcp) failed: Connection refused\n", Exit: 1}, 0, flow.Refused, true},
		{"openbsd", "nc", flow.TCP, Output{Stderr: "nc: connect to 10.0.0.1 port 22 (tcp) timed out: Operation now in progress\n", Exit: 1}, 0, flow.Timeout, true},
		{"openbsd", "nc", flow.TCP, Output{Stderr: "nc: connect to 10.0.0.1 port 22 (tcp) failed: No route to host\n", Exit: 1}, 0, flow.Unreachable, true},
		{"busybox", "nc", flow.TCP, Output{Stderr: "10.0.0.1 (10.0.0.1:22) open\n"}, 0, flow.Connected, true},
		{"busybox", "nc", flow.TCP, Output{Stderr: "nc: 10.0.0.1 (10.0.0.1:22): Connection refused\n", Exit: 1}, 0, flow.Refused, true},
		{"busybox", "nc", flow.TCP, Output{Stderr: "nc: 10.0.0.1 (10.0.0.1:22): Connection timed out\n", Exit: 1}, 0, flow.Timeout, true},
		{"busybox, small", "nc", flow.TCP, Output{Stderr: "nc: invalid option -- 'z'\nBusyBox v1.36.1\nUsage: nc [IPADDR PORT]\n", Exit: 1}, 0, flow.SeenUnknown, false},
		{"silent at the end of its time", "nc", flow.TCP, Output{Exit: 1}, time.Second, flow.Timeout, true},
		{"silent before it", "nc", flow.TCP, Output{Exit: 1}, time.Millisecond, flow.SeenUnknown, false},
		{"ncat", "ncat", flow.TCP, Output{Stderr: "Ncat: Version 7.94\nNcat: Connected to 10.0.0.1:22.\n"}, 0, flow.Connected, true},
		{"ncat", "ncat", flow.TCP, Output{Stderr: "Ncat: TIMEOUT.\n", Exit: 1}, 0, flow.Timeout, true},
		{"ncat", "ncat", flow.TCP, Output{Stderr: "Ncat: Connection refused.\n", Exit: 1}, 0, flow.Refused, true},
		{"UDP, an answer", "nc", flow.UDP, Output{Stdout: "\x70\x6f"}, 0, flow.Connected, true},
		{"UDP, refused", "nc", flow.UDP, Output{Stderr: "nc: Connection refused\n", Exit: 1}, 0, flow.Refused, true},
		{"UDP, silence", "nc", flow.UDP, Output{}, 0, flow.Timeout, true},
		{"socat", "socat", flow.TCP, Output{}, 0, flow.Connected, true},
		{"socat", "socat", flow.TCP, Output{Stderr: "2026/01/01 socat[1] E connect(5, AF=2 10.0.0.1:22, 16): Connection refused\n", Exit: 1}, 0, flow.Refused, true},
		{"socat", "socat", flow.TCP, Output{Stderr: "2026/01/01 socat[1] E connecting to AF=2 10.0.0.1:22: Connection timed out\n", Exit: 1}, 0, flow.Timeout, true},
		{"perl", "perl", flow.TCP, Output{Stderr: "Connection timed out\n", Exit: 110}, 0, flow.Timeout, true},
		{"perl without the module", "perl", flow.TCP, Output{Stderr: "Can't locate IO/Socket/IP.pm in @INC\n", Exit: 2}, 0, flow.SeenUnknown, false},
		{"bash", "bash", flow.TCP, Output{}, 0, flow.Connected, true},
		{"bash", "bash", flow.TCP, Output{Stderr: "bash: connect: Connection refused\nbash: line 1: /dev/tcp/10.0.0.1/22: Connection refused\n", Exit: 1}, 0, flow.Refused, true},
		{"bash, coreutils' timeout", "bash", flow.TCP, Output{Exit: 124}, 0, flow.Timeout, true},
		{"bash, busybox' timeout", "bash", flow.TCP, Output{Exit: 143}, 0, flow.Timeout, true},
		{"bash without network", "bash", flow.TCP, Output{Stderr: "bash: /dev/tcp/10.0.0.1/22: No such file or directory\n", Exit: 1}, 0, flow.SeenUnknown, false},
		{"curl", "curl", flow.TCP, Output{Stdout: "0.000211"}, 0, flow.Connected, true},
		{"curl, a server that waits", "curl", flow.TCP, Output{Stdout: "0.000211", Exit: 28}, 0, flow.Connected, true},
		{"curl", "curl", flow.TCP, Output{Stdout: "0.000000", Stderr: "curl: (28) Connection timed out", Exit: 28}, 0, flow.Timeout, true},
		{"curl", "curl", flow.TCP, Output{Stdout: "0.000000", Stderr: "* connect to 10.0.0.1 port 22 from 10.0.0.2 port 4 failed: Connection refused\n", Exit: 7}, 0, flow.Refused, true},
		{"curl without telnet", "curl", flow.TCP, Output{Stderr: "curl: (1) Protocol \"telnet\" not supported", Exit: 1}, 0, flow.SeenUnknown, false},
		{"wget", "wget", flow.TCP, Output{Stderr: "Connecting to 10.0.0.1:80... connected.\nHTTP request sent, awaiting response... 404 Not Found\n", Exit: 8}, 0, flow.Connected, true},
		{"wget, no HTTP", "wget", flow.TCP, Output{Stderr: "wget: error getting response: Invalid argument\n", Exit: 1}, 0, flow.Connected, true},
		{"wget", "wget", flow.TCP, Output{Stderr: "Connecting to 10.0.0.1:80... failed: Connection refused.\n", Exit: 4}, 0, flow.Refused, true},
		{"wget", "wget", flow.TCP, Output{Stderr: "Connecting to 10.0.0.1:80... failed: Connection timed out.\n", Exit: 4}, 0, flow.Timeout, true},
		{"busybox: silence may be the server's", "wget", flow.TCP, Output{Stderr: "wget: download timed out\n", Exit: 1}, 0, flow.SeenUnknown, false},
		{"python3", "python3", flow.TCP, Output{Stdout: `{"errno": "EHOSTUNREACH", "error": "x"}`}, 0, flow.Unreachable, true},
		{"python3", "python3", flow.TCP, Output{Stdout: `{"errno": "TIMEOUT"}`}, 0, flow.Timeout, true},
		{"python3, too old", "python3", flow.TCP, Output{Stderr: "SyntaxError: invalid syntax", Exit: 1}, 0, flow.SeenUnknown, false},
		{"portolan", "portolan", flow.UDP, Output{Stdout: `{"seen":"connected","local":"10.0.0.2","reply":"x"}`}, 0, flow.Connected, true},
		{"portolan, an older one", "portolan", flow.TCP, Output{Stderr: "portolan: unknown command \"dial\"", Exit: 3}, 0, flow.SeenUnknown, false},
	} {
		a := attempt{proto: tt.proto, to: netip.MustParseAddrPort("10.0.0.1:22"), timeout: time.Second}
		got, ok := toolNamed(tt.tool).read(&a, tt.out, tt.took)
		if got.Seen != tt.want || ok != tt.ok {
			t.Errorf("%s, %s: %s, %v; want %s, %v (%+v)", tt.tool, tt.name, got.Seen, ok, tt.want, tt.ok, tt.out)
		}
	}
}

// TestFound: tools in our order, those that can do what is asked.
func TestFound(t *testing.T) {
	for _, tt := range []struct {
		out  string
		udp  bool
		want string
	}{
		{"/usr/bin/curl\n/bin/nc\n", false, "nc curl"},
		{"/usr/bin/curl\n/bin/nc\n", true, "nc"},
		{"/bin/bash\n", false, ""},
		{"/bin/bash\n/usr/bin/timeout\n", false, "bash"},
		{"python3\n", false, "python3"},
		{"", false, ""},
		{"\x1b[31m/bin/evil\n", false, ""},
	} {
		var names []string
		for _, x := range found(tt.out, tt.udp) {
			names = append(names, x.name)
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%q, udp %v: %q, want %q", tt.out, tt.udp, got, tt.want)
		}
	}
}

// TestLook: the command that looks for tools finds those of this machine.
func TestLook(t *testing.T) {
	c := lookCommand()
	out, err := exec.Command(c[0], c[1:]...).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bash", "curl", "perl"} {
		_, missing := exec.LookPath(name)
		is := slices.ContainsFunc(found(string(out)+"/timeout", false), func(x *tool) bool { return x.name == name })
		if is != (missing == nil) {
			t.Errorf("%s: found %v, missing %v", name, is, missing)
		}
	}
}

// TestCommands: an address is one argument, IPv6 in the form that each tool takes.
func TestCommands(t *testing.T) {
	a := attempt{proto: flow.TCP, to: netip.MustParseAddrPort("[2001:db8::1]:22"), timeout: 1500 * time.Millisecond}
	for name, want := range map[string]string{
		"nc": "nc -z -v -w 2 2001:db8::1 22", "socat": "socat -u OPEN:/dev/null TCP:[2001:db8::1]:22,connect-timeout=2",
		"portolan": "portolan dial tcp [2001:db8::1]:22 --timeout 1.5s",
		"wget":     "wget --no-proxy -O /dev/null -T 2 -t 1 http://[2001:db8::1]:22/",
	} {
		if got := strings.Join(toolNamed(name).command(&a), " "); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// servers are a TCP and a UDP server on loopback, and ports where nobody is.
func servers(t *testing.T) (tcp, udp, noTCP, noUDP netip.AddrPort) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				b := make([]byte, 64)
				if n, _ := c.Read(b); n > 0 {
					_, _ = c.Write([]byte(`{"server":"a","peer":"127.0.0.1:9"}` + "\n"))
				}
				_ = c.Close()
			}()
		}
	}()
	p, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	go func() {
		b := make([]byte, 64)
		for {
			_, from, err := p.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = p.WriteTo([]byte("answer"), from)
		}
	}()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	_ = gone.Close()
	parse := func(a net.Addr) netip.AddrPort { return netip.MustParseAddrPort(a.String()) }
	return parse(l.Addr()), parse(p.LocalAddr()), parse(closed.Addr()), parse(gone.LocalAddr())
}

// TestTools: Dial, and the tools that this machine has, notice the same on loopback.
func TestTools(t *testing.T) {
	tcp, udp, noTCP, noUDP := servers(t)
	for _, tt := range []struct {
		proto flow.Protocol
		to    netip.AddrPort
		want  flow.Seen
	}{{flow.TCP, tcp, flow.Connected}, {flow.TCP, noTCP, flow.Refused}, {flow.UDP, udp, flow.Connected}, {flow.UDP, noUDP, flow.Refused}} {
		d := Dial(t.Context(), tt.proto, tt.to, 5*time.Second, false)
		if o := d.outcome(tt.proto); o.Seen != tt.want {
			t.Errorf("Dial %s %s: %+v, want %s", tt.proto, tt.to, d, tt.want)
		}
		a := attempt{proto: tt.proto, to: tt.to, timeout: 2 * time.Second}
		for i := range tools {
			x := &tools[i]
			if _, err := exec.LookPath(x.name); err != nil || x.name == "portolan" || tt.proto == flow.UDP && !x.udp {
				continue
			}
			if x.name == "wget" && tt.want == flow.Connected {
				continue // it waits for HTTP
			}
			o, took := ran(t, x, &a)
			if got, ok := x.read(&a, o, took); got.Seen != tt.want || !ok {
				t.Errorf("%s %s %s: %s, %v, want %s: %+v", x.name, tt.proto, tt.to, got.Seen, ok, tt.want, o)
			}
		}
	}
}

func ran(t *testing.T, x *tool, a *attempt) (Output, time.Duration) {
	t.Helper()
	c := x.command(a)
	cmd := exec.CommandContext(t.Context(), c[0], c[1:]...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if x.stdin != nil {
		cmd.Stdin = strings.NewReader(x.stdin(a))
	}
	started := time.Now()
	_ = cmd.Run() // the exit code says
	return Output{out.String(), errs.String(), cmd.ProcessState.ExitCode()}, time.Since(started)
}

// TestTell: a server that says who it is is heard, one that does not is connected to.
func TestTell(t *testing.T) {
	tcp, _, _, _ := servers(t)
	d := Dial(context.Background(), flow.TCP, tcp, 5*time.Second, true)
	o := d.outcome(flow.TCP)
	if o.Seen != flow.Connected || o.Server != "a" || o.Peer != netip.MustParseAddr("127.0.0.1") || o.Source != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("%+v of %+v", o, d)
	}
}
