package flow

import "fmt"

// Fate is why one Trace ended. The zero value is Unknown: a trace nobody
// finished has not been delivered.
type Fate uint8

// The fates. Every one is produced by some scenario (testdata/scenarios).
const (
	// Unknown: something the answer rests on is not known or not understood.
	Unknown Fate = iota
	// Delivered: a listening process got the packet and its reply gets back.
	Delivered
	// DeniedByPolicy: a NetworkPolicy isolates the pod and no rule admits.
	DeniedByPolicy
	// DeniedBySourceRanges: spec.loadBalancerSourceRanges excludes the source.
	DeniedBySourceRanges
	// NoEndpoints: the Service port has no usable endpoint anywhere.
	NoEndpoints
	// NoLocalEndpoint: a Local traffic policy, and none of the endpoints is here.
	NoLocalEndpoint
	// NotAnnounced: no node draws the address from the router.
	NotAnnounced
	// NotCaptured: no proxy rule takes the address, and nobody owns it here.
	NotCaptured
	// NoRoute: a machine has no route to the destination.
	NoRoute
	// Loop: the packet would come back to a machine it already left, for ever.
	Loop
	// NotListening: it arrived, but nothing listens on that port.
	NotListening
	// ReplyLost: it arrived, but the reply bypasses the node that translated it.
	ReplyLost
)

var fateNames = [...]string{
	"Unknown", "Delivered", "DeniedByPolicy", "DeniedBySourceRanges", "NoEndpoints", "NoLocalEndpoint",
	"NotAnnounced", "NotCaptured", "NoRoute", "Loop", "NotListening", "ReplyLost",
}

// Fates lists every Fate, Unknown first.
func Fates() []Fate {
	all := make([]Fate, len(fateNames))
	for i := range all {
		all[i] = Fate(i)
	}
	return all
}

// String is the name used in Expectations and in JSON.
func (f Fate) String() string {
	if int(f) < len(fateNames) {
		return fateNames[f]
	}
	return fmt.Sprintf("Fate(%d)", uint8(f))
}

// ParseFate is the inverse of String. The error names the known fates.
func ParseFate(s string) (Fate, error) {
	for i, n := range fateNames {
		if n == s {
			return Fate(i), nil
		}
	}
	return Unknown, fmt.Errorf("fate %q is not one of %v", s, fateNames)
}

// Seen is what the client notices of one Trace.
type Seen uint8

// What a client can see. SeenUnknown is the zero value.
const (
	SeenUnknown Seen = iota
	// Connected: the connection is established, or the datagram answered.
	Connected
	// Refused: a TCP reset or an ICMP port unreachable, at once.
	Refused
	// Timeout: silence.
	Timeout
	// Unreachable: another ICMP error (no route, TTL exceeded).
	Unreachable
)

var seenNames = [...]string{"unknown", "connected", "refused", "timeout", "unreachable"}

// String is the name used in Expectations and in JSON.
func (s Seen) String() string {
	if int(s) < len(seenNames) {
		return seenNames[s]
	}
	return fmt.Sprintf("Seen(%d)", uint8(s))
}

// ParseSeen is the inverse of String. The error names the known words.
func ParseSeen(s string) (Seen, error) {
	for i, n := range seenNames {
		if n == s {
			return Seen(i), nil
		}
	}
	return SeenUnknown, fmt.Errorf("seen %q is not one of %v", s, seenNames)
}

// Verdict sums up all traces of one question.
type Verdict uint8

// The verdicts. VerdictUnknown is the zero value.
const (
	// VerdictUnknown: what is missing could change the answer.
	VerdictUnknown Verdict = iota
	// Reachable: every trace is delivered.
	Reachable
	// NotReachable: no trace is delivered.
	NotReachable
	// Depends: some traces are delivered; which one a client gets is chance.
	Depends
)

var verdictNames = [...]string{"UNKNOWN", "REACHABLE", "UNREACHABLE", "DEPENDS"}

// String is the name used in Expectations and in JSON.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("Verdict(%d)", uint8(v))
}

// ParseVerdict is the inverse of String. The error names the known verdicts.
func ParseVerdict(s string) (Verdict, error) {
	for i, n := range verdictNames {
		if n == s {
			return Verdict(i), nil
		}
	}
	return VerdictUnknown, fmt.Errorf("verdict %q is not one of %v", s, verdictNames)
}

// Sum folds fates into a verdict. One Unknown makes the whole UNKNOWN, since
// it could be either; no trace at all is UNKNOWN too.
func Sum(fates []Fate) Verdict {
	delivered := 0
	for _, f := range fates {
		switch f {
		case Unknown:
			return VerdictUnknown
		case Delivered:
			delivered++
		default:
		}
	}
	switch {
	case len(fates) == 0:
		return VerdictUnknown
	case delivered == len(fates):
		return Reachable
	case delivered == 0:
		return NotReachable
	}
	return Depends
}
