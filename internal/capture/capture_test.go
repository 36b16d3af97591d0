//go:build linux

package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// file is what a reader of pcapng finds.
type file struct {
	machine string
	devices []string
	packets []packet
}

type packet struct {
	device string
	at     time.Time
	length int
	sll2   []byte
	ip     []byte
}

// parse reads a file block by block, and trusts none.
func parse(t testing.TB, text []byte) file {
	t.Helper()
	var f file
	for first := true; len(text) > 0; first = false {
		if len(text) < 12 {
			t.Fatalf("a rest of %d bytes", len(text))
		}
		kind, size := binary.LittleEndian.Uint32(text), int(binary.LittleEndian.Uint32(text[4:]))
		if size%4 != 0 || size < 12 || size > len(text) || int(binary.LittleEndian.Uint32(text[size-4:])) != size {
			t.Fatalf("block %#x of %d bytes", kind, size)
		}
		if first != (kind == 0x0A0D0D0A) {
			t.Fatalf("block %#x, first: %v", kind, first)
		}
		body := text[8 : size-4]
		text = text[size:]
		le := binary.LittleEndian
		switch kind {
		case 0x0A0D0D0A:
			if le.Uint32(body) != 0x1A2B3C4D || le.Uint16(body[4:]) != 1 || le.Uint16(body[6:]) != 0 || int64(le.Uint64(body[8:])) != -1 {
				t.Fatalf("section %x", body)
			}
			f.machine = string(options(t, body[16:])[2])
		case 1:
			o := options(t, body[8:])
			if le.Uint16(body) != 276 || !bytes.Equal(o[9], []byte{9}) {
				t.Fatalf("interface %x", body)
			}
			f.devices = append(f.devices, string(o[2]))
		case 6:
			n, length := int(le.Uint32(body[12:])), int(le.Uint32(body[16:]))
			data := body[20:]
			if len(data) != (n+3)/4*4 || n > length || n < 20 || int(le.Uint32(body)) >= len(f.devices) {
				t.Fatalf("packet %x", body)
			}
			ns := uint64(le.Uint32(body[4:]))<<32 | uint64(le.Uint32(body[8:]))
			f.packets = append(f.packets, packet{f.devices[le.Uint32(body)], time.Unix(0, int64(ns)), length - 20, data[:20], data[20:n]})
		default:
			t.Fatalf("block %#x", kind)
		}
	}
	return f
}

func options(t testing.TB, b []byte) map[uint16][]byte {
	t.Helper()
	o := map[uint16][]byte{}
	for len(b) >= 4 {
		code, n := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[2:]))
		padded := (n + 3) / 4 * 4
		if code == 0 {
			if n != 0 || len(b) != 4 {
				t.Fatalf("an end of options %x", b)
			}
			return o
		}
		if len(b) < 4+padded {
			t.Fatalf("option %x", b)
		}
		o[code] = b[4 : 4+n]
		b = b[4+padded:]
	}
	t.Fatalf("options end with %x", b)
	return nil
}

// udp returns source, destination and payload of a datagram.
func (p packet) udp(t testing.TB) (from, to string, payload []byte) {
	t.Helper()
	if len(p.ip) < 28 || p.ip[0] != 0x45 || p.ip[9] != unix.IPPROTO_UDP || binary.BigEndian.Uint16(p.sll2) != unix.ETH_P_IP {
		t.Fatalf("not a datagram: %x %x", p.sll2, p.ip)
	}
	at := func(ip, port []byte) string {
		return (&net.UDPAddr{IP: ip, Port: int(binary.BigEndian.Uint16(port))}).String()
	}
	return at(p.ip[12:16], p.ip[20:]), at(p.ip[16:20], p.ip[22:]), p.ip[28:]
}

// TestCapture: all that was exchanged before Stop is in the file, in order, once
// as it went and once as it came.
func TestCapture(t *testing.T) {
	place := namespace(t)
	for range 20 { // the last packets have many occasions to be missed
		var out bytes.Buffer
		c, err := Start(place, &out, Options{Name: "node/n1"})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		const n = 50
		from, to := exchange(t, n, 15)
		stats, err := c.Stop()
		if want := (Stats{Packets: 2 * n}); err != nil || stats != want {
			t.Fatalf("%+v, %v, want %+v", stats, err, want)
		}
		f := parse(t, out.Bytes())
		if f.machine != "node/n1" || len(f.devices) != 1 || f.devices[0] != "lo" || len(f.packets) != 2*n {
			t.Fatalf("machine %q, devices %q, %d packets", f.machine, f.devices, len(f.packets))
		}
		for i, p := range f.packets {
			a, b, payload := p.udp(t)
			dir := byte(unix.PACKET_OUTGOING)
			if i%2 == 1 {
				dir = unix.PACKET_HOST
			}
			want := fmt.Sprintf("datagram %06d", i/2)
			if a != from.String() || b != to.String() || string(payload) != want || p.length != 28+15 || p.sll2[10] != dir || p.device != "lo" {
				t.Fatalf("packet %d: %s > %s %q, %d bytes, %x; want %s > %s %q", i, a, b, payload, p.length, p.sll2, from, to, want)
			}
			if p.at.Before(start.Add(-time.Second)) || p.at.After(time.Now().Add(time.Second)) {
				t.Fatalf("packet %d at %v", i, p.at)
			}
		}
	}
}

// TestDevices: one file for several devices, also one that came later.
func TestDevices(t *testing.T) {
	place := namespace(t)
	var out bytes.Buffer
	c, err := Start(place, &out, Options{})
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, 1, 15)
	defer func() {
		if text, err := exec.Command("ip", "link", "del", "late0").CombinedOutput(); err != nil {
			t.Errorf("%v %s", err, text)
		}
	}()
	for _, line := range []string{
		"ip link add late0 type veth peer name late1", "ip addr add 192.0.2.1/24 dev late0",
		"ip link set late1 up", "ip link set late0 up", "ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev late0",
	} {
		words := strings.Fields(line)
		if text, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v %s", line, err, text)
		}
	}
	conn, err := net.Dial("udp", "192.0.2.2:9")
	if err != nil {
		t.Fatal(err)
	}
	conn.Write([]byte("over the veth"))
	conn.Close()
	if _, err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	f, saw := parse(t, out.Bytes()), map[string]bool{}
	for _, p := range f.packets {
		if bytes.HasSuffix(p.ip, []byte("over the veth")) {
			saw[p.device] = true
		}
	}
	if !saw["late0"] || !saw["late1"] || saw["lo"] || f.devices[0] != "lo" {
		t.Errorf("devices %q, seen on %v", f.devices, saw)
	}
}

// TestBig: a packet longer than a slot is cut and says how long it was.
func TestBig(t *testing.T) {
	place := namespace(t)
	var out bytes.Buffer
	c, err := Start(place, &out, Options{})
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, 3, 9000)
	stats, err := c.Stop()
	if want := (Stats{Packets: 6, Cut: 6}); err != nil || stats != want {
		t.Errorf("%+v, %v, want %+v", stats, err, want)
	}
	for _, p := range parse(t, out.Bytes()).packets {
		if p.length != 9028 || len(p.ip) < 1800 || len(p.ip) > slotSize {
			t.Errorf("%d bytes of %d", len(p.ip), p.length)
		}
	}
}

// TestCap: the file does not outgrow its limit, has no holes, and what is
// missing is counted.
func TestCap(t *testing.T) {
	place := namespace(t)
	for _, size := range []int64{1, 60, 100, 1000, 5000} {
		var out bytes.Buffer
		c, err := Start(place, &out, Options{MaxBytes: size})
		if err != nil {
			t.Fatal(err)
		}
		exchange(t, 100, 15)
		stats, err := c.Stop()
		if err != nil || int64(out.Len()) > size || stats.Packets+stats.Omitted != 200 || stats.Omitted == 0 {
			t.Errorf("limit %d: %d bytes, %+v, %v", size, out.Len(), stats, err)
		}
		if got := len(parse(t, out.Bytes()).packets); got != stats.Packets {
			t.Errorf("limit %d: %d packets, %+v", size, got, stats)
		}
	}
}

// TestNoHoles: after a packet for which there was no room, none follows.
func TestNoHoles(t *testing.T) {
	place := namespace(t)
	var out bytes.Buffer
	c, err := Start(place, &out, Options{MaxBytes: 4000})
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, 3, 1400)
	exchange(t, 3, 15)
	stats, err := c.Stop()
	if want := (Stats{Packets: 2, Omitted: 10}); err != nil || stats != want {
		t.Errorf("%+v, %v, want %+v", stats, err, want)
	}
	parse(t, out.Bytes())
}

// blocked is a file that takes nothing until it is told to.
type blocked struct{ free chan struct{} }

func (b blocked) Write(p []byte) (int, error) { <-b.free; return len(p), nil }

// TestLost: what came faster than it could be written is counted.
func TestLost(t *testing.T) {
	place := namespace(t)
	b := blocked{make(chan struct{})}
	c, err := Start(place, b, Options{Ring: 32})
	if err != nil {
		t.Fatal(err)
	}
	const n = 2000 // more than the buffer before the file and the ring hold
	exchange(t, n, 15)
	close(b.free)
	stats, err := c.Stop()
	if err != nil || stats.Lost == 0 || stats.Packets == 0 || stats.Packets+stats.Lost != 2*n {
		t.Errorf("%+v, %v of %d", stats, err, 2*n)
	}
}

// full is a file without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, unix.ENOSPC }

// TestErrors: a file that cannot be written and a place that cannot be entered
// are told; nothing stays open.
func TestErrors(t *testing.T) {
	place := namespace(t)
	before := descriptors(t)
	c, err := Start(place, full{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, 5, 15)
	if _, err := c.Stop(); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("error %v, want %v", err, unix.ENOSPC)
	}
	if _, err := Start(broken{}, full{}, Options{}); !errors.Is(err, unix.ENOENT) {
		t.Errorf("error %v, want %v", err, unix.ENOENT)
	}
	if _, err := Start(place, full{}, Options{Ring: 1 << 40}); err == nil {
		t.Error("a ring beyond all memory")
	}
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

type broken struct{}

func (broken) Do(func() error) error { return unix.ENOENT }

func descriptors(t testing.TB) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(d)
}

// TestTcpdump: where it is installed, tcpdump reads the same packets.
func TestTcpdump(t *testing.T) {
	place := namespace(t)
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("tcpdump is not installed")
	}
	name := filepath.Join(t.TempDir(), "a.pcapng")
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	c, err := Start(place, out, Options{Name: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	from, to := exchange(t, 3, 15)
	if _, err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tcpdump, "-nr", name)
	// As somebody else than root: tcpdump would give that up, and here cannot.
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 1000, Size: 1}},
	}
	text, err := cmd.CombinedOutput()
	want := fmt.Sprintf("IP 127.0.0.1.%d > 127.0.0.1.%d: UDP, length 15", from.Port, to.Port)
	if err != nil || strings.Count(string(text), want) != 6 {
		t.Errorf("%v, want six times %q in\n%s", err, want, text)
	}
}

// BenchmarkPacket: the cost of a packet, from the ring to the file.
func BenchmarkPacket(b *testing.B) {
	place := namespace(b)
	c, err := Start(place, nowhere{}, Options{MaxBytes: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	exchange(b, b.N, 15)
	stats, err := c.Stop()
	if err != nil || stats.Packets+stats.Lost != 2*b.N {
		b.Fatalf("%+v, %v", stats, err)
	}
	b.ReportMetric(float64(stats.Lost)/float64(2*b.N), "lost/packet")
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }
