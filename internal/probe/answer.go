//go:build linux

package probe

import (
	"encoding/json"
	"net/netip"
)

// Answer is what a server sends back for each line, or datagram, it gets: one
// line of JSON.
type Answer struct {
	// Server is the name it was given.
	Server string `json:"server"`
	// Echo is the line without its end.
	Echo string `json:"echo"`
	// Peer is the source address the server saw.
	Peer netip.AddrPort `json:"peer"`
	// Local is the address that the client's packets arrived at.
	Local netip.AddrPort `json:"local"`
}

// maxLine bounds a line of a client, maxName a server's name, both in bytes, so
// that an Answer fits any datagram.
const (
	maxLine = 512
	maxName = 4096
	// maxAnswer bounds an Answer, whose letters JSON may write with six each.
	maxAnswer = 6*(maxLine+maxName) + 512
)

// line is the Answer as it is sent.
func (a Answer) line() []byte {
	text, err := json.Marshal(a)
	if err != nil {
		return nil // only for values that have no JSON, which these always have
	}
	return append(text, '\n')
}
