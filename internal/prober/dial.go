package prober

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/portolan-net/portolan/flow"
)

// Outcome is what one connection came to.
type Outcome struct {
	// Seen is SeenUnknown where nobody could find out; Detail says why.
	Seen   flow.Seen
	Detail string
	// Source is the connection's own address, where the tool tells.
	Source netip.Addr
	// Server and Peer are who answered and the source that it saw, where it is one
	// that tells.
	Server string
	Peer   netip.Addr
	Took   time.Duration
}

// Dialed is what portolan dial prints, and the script for python3: one line of JSON.
type Dialed struct {
	// Seen is the word for what happened, "" where Errno says it.
	Seen  string `json:"seen,omitempty"`
	Errno string `json:"errno,omitempty"` // "ECONNREFUSED"
	Error string `json:"error,omitempty"`
	Local string `json:"local,omitempty"`
	Reply string `json:"reply,omitempty"` // the server's first line
}

// maxReply bounds what is read of a server's answer.
const maxReply = 4096

// Dial connects from here. A TCP connection is closed again without a byte, unless
// tell asks the server to say who it is; a datagram is always sent.
func Dial(ctx context.Context, proto flow.Protocol, to netip.AddrPort, timeout time.Duration, tell bool) Dialed {
	d := net.Dialer{Timeout: timeout}
	network := "tcp"
	if proto == flow.UDP {
		network = "udp"
	}
	c, err := d.DialContext(ctx, network, to.String())
	if err != nil {
		return dialError(err)
	}
	defer func() { _ = c.Close() }() // it was made only to see that it can be
	out := Dialed{Seen: flow.Connected.String(), Local: host(c.LocalAddr().String())}
	if proto == flow.TCP && !tell {
		return out
	}
	_ = c.SetDeadline(time.Now().Add(timeout)) // of an open socket
	line, err := exchange(c, proto, payload(proto, to.Port()))
	switch {
	case err == nil:
		out.Reply = line
	case proto == flow.UDP:
		local := out.Local
		out = dialError(err)
		out.Local = local
	}
	return out
}

func exchange(c net.Conn, proto flow.Protocol, say string) (string, error) {
	if _, err := c.Write([]byte(say)); err != nil {
		return "", err
	}
	if proto == flow.TCP {
		line, err := bufio.NewReaderSize(c, maxReply).ReadSlice('\n')
		return strings.ToValidUTF8(string(line), ""), err
	}
	b := make([]byte, maxReply)
	n, err := c.Read(b)
	return strings.ToValidUTF8(string(b[:n]), ""), err
}

func host(address string) string {
	h, _, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	return h
}

// errnos are what a client notices of the kernel's errors.
var errnos = []struct {
	errno syscall.Errno
	name  string
	seen  flow.Seen
}{
	{syscall.ECONNREFUSED, "ECONNREFUSED", flow.Refused},
	{syscall.ECONNRESET, "ECONNRESET", flow.Refused},
	{syscall.ETIMEDOUT, "ETIMEDOUT", flow.Timeout},
	{syscall.EHOSTUNREACH, "EHOSTUNREACH", flow.Unreachable},
	{syscall.ENETUNREACH, "ENETUNREACH", flow.Unreachable},
	{syscall.EACCES, "EACCES", flow.Unreachable},
	{syscall.EPERM, "EPERM", flow.Unreachable},
}

func dialError(err error) Dialed {
	d := Dialed{Error: err.Error()}
	var timeout net.Error
	for _, e := range errnos {
		if errors.Is(err, e.errno) {
			d.Seen = e.seen.String()
			return d
		}
	}
	if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, os.ErrDeadlineExceeded) {
		d.Seen = flow.Timeout.String()
	}
	return d
}

// outcome is what was dialed, as a client notices it.
func (d *Dialed) outcome(proto flow.Protocol) Outcome {
	o := Outcome{Detail: d.Error}
	o.Source, _ = netip.ParseAddr(d.Local)
	o.Source = o.Source.Unmap()
	o.Seen, _ = flow.ParseSeen(d.Seen)
	for _, e := range errnos {
		if d.Errno == e.name {
			o.Seen = e.seen
		}
	}
	if d.Errno == "TIMEOUT" {
		o.Seen = flow.Timeout
	}
	if o.Seen == flow.Connected {
		o.Server, o.Peer = told(d.Reply)
	}
	if proto == flow.UDP && d.Seen == flow.Connected.String() && d.Reply == "" {
		o.Seen = flow.Timeout
	}
	return o
}

// told reads the answer of a server that says who it is: internal/probe's.
func told(reply string) (string, netip.Addr) {
	var a struct {
		Server string
		Peer   netip.AddrPort
	}
	if json.Unmarshal([]byte(reply), &a) != nil {
		return "", netip.Addr{}
	}
	return a.Server, a.Peer.Addr().Unmap()
}

// greeting is what is sent to a server that nobody knows.
const greeting = "portolan\n"

// payload is what a UDP server is sent, so that it may answer: DNS a question that
// every server answers somehow (the name servers of the root), others a line.
func payload(proto flow.Protocol, port uint16) string {
	if proto == flow.UDP && port == 53 {
		return "\x70\x6f\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01"
	}
	return greeting
}

// Protocol reads tcp or udp, what Dial can do.
func Protocol(word string) (flow.Protocol, bool) {
	switch strings.ToLower(word) {
	case "tcp":
		return flow.TCP, true
	case "udp":
		return flow.UDP, true
	}
	return 0, false
}
