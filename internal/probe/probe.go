//go:build linux

package probe

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/portolan-net/portolan/flow"
)

// Probe is one connection to try.
type Probe struct {
	// Place is the client's. Nil is Here.
	Place Place
	// Protocol is TCP or UDP.
	Protocol flow.Protocol
	// To is the destination.
	To netip.AddrPort
	// From is the source address. The kernel chooses where it is not valid.
	From netip.Addr
	// Ports are the source ports to take one of. The zero value lets the kernel
	// choose.
	Ports Ports
	// Timeout is how long silence may last. 0 is DefaultTimeout.
	Timeout time.Duration
}

// Ports are the ports from Low to High, both included. One port is Low = High.
type Ports struct{ Low, High uint16 }

// DefaultTimeout is short enough that TCP does not send its SYN again (after 1 s),
// and long for a packet that never leaves the machine.
const DefaultTimeout = 300 * time.Millisecond

// Result is what a client noticed.
type Result struct {
	// Seen is SeenUnknown where the probe could not be made, or somebody answered
	// who is not one of our servers; Err says which.
	Seen flow.Seen
	// Answer is what the server said; zero unless Connected. Its Peer is the source
	// address that the server saw.
	Answer Answer
	// Local is the client's own address and port; not valid if it never had one.
	Local netip.AddrPort
	// Handshake reports that TCP's was done, whatever came of it.
	Handshake bool
	// Took is the time from the SYN or datagram to the end, as the loop noticed it.
	Took time.Duration
	// Err is why it is not Connected: an errno, an *ICMPError that names the machine
	// that sent it, or what was wrong with the answer. A Timeout has one too where
	// something came that a program is not told of.
	Err error
}

// Options bound a Run. The zero value is good for probes of other machines.
type Options struct {
	// Servers are those of this process. Their being late is not a Timeout.
	Servers *Servers
	// Window is how many probes may be under way at once. 0 is DefaultWindow; the
	// process's limit of descriptors may make it less.
	Window int
}

// DefaultWindow is as many as may wait to be accepted by one listener
// (net.core.somaxconn).
const DefaultWindow = 4096

// Prober makes probes, and remembers which source ports it took, so that the
// next probe of the same range takes the next. The zero value is ready. Several
// goroutines may Run at once.
type Prober struct {
	mu   sync.Mutex
	next map[Ports]uint16 // how far into the range
}

// Run makes all probes, as many at once as the window admits, and returns their
// results in the same order. Once ctx is done, what is left is SeenUnknown.
func (p *Prober) Run(ctx context.Context, probes []Probe, o Options) []Result {
	r := newRun(p, probes, o)
	r.all(ctx)
	return r.results
}

// Run is a Prober's, for a single time.
func Run(ctx context.Context, probes []Probe, o Options) []Result {
	return new(Prober).Run(ctx, probes, o)
}

// check returns what is wrong with a probe.
func (p Probe) check() error {
	switch {
	case p.Protocol != flow.TCP && p.Protocol != flow.UDP:
		return fmt.Errorf("probe of %v: only TCP and UDP can be probed", p.Protocol)
	case !p.To.IsValid() || p.To.Port() == 0 || p.To.Addr().Is4In6():
		return fmt.Errorf("probe to %v: an address and a port are wanted", p.To)
	case p.From.IsValid() && p.From.Is4() != p.To.Addr().Is4():
		return fmt.Errorf("probe to %v from %v: two families", p.To, p.From)
	case p.Ports != (Ports{}) && (p.Ports.Low == 0 || p.Ports.size() == 0):
		return fmt.Errorf("probe from ports %d-%d: no range", p.Ports.Low, p.Ports.High)
	}
	return nil
}

// size is how many ports there are.
func (p Ports) size() int {
	if p.High < p.Low {
		return 0
	}
	return int(p.High) - int(p.Low) + 1
}

// port is the next one to try of a range.
func (p *Prober) port(r Ports) uint16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next == nil {
		p.next = map[Ports]uint16{}
	}
	n := p.next[r]
	if int(n) >= r.size() {
		n = 0
	}
	p.next[r] = n + 1
	return r.Low + n
}
