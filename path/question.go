package path

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/service"
)

// Question is what someone asks, in the notation of docs/cli.md.
type Question struct {
	From string // external[/NAME|/IP], node/NAME, pod/NS/NAME, KIND/NS/NAME of a workload
	To   string // IP:PORT, pod/…:PORT, node/NAME:PORT, svc/NS/NAME[:PORT][@kind]; /udp or /sctp behind
	Via  string // the first node, for clients outside; "" leaves it to the router
	// Namespace completes names that have none.
	Namespace string
}

// QuestionError is a question that cannot be asked of this cluster: what is
// wrong with it, and what to try instead.
type QuestionError struct {
	Part string // the word that is wrong
	What string
	Hint string
	// Missing is the kind of object that was named and is not in the input, and
	// Namespace where it would be.
	Missing, Namespace string
}

// Error prints `"svc/test/shh": no such Service`.
func (e *QuestionError) Error() string { return fmt.Sprintf("%q: %s", e.Part, e.What) }

func wrong(part, hint, what string, args ...any) error {
	return &QuestionError{Part: part, What: fmt.Sprintf(what, args...), Hint: hint}
}

func missing(kind, namespace, part, hint string) error {
	return &QuestionError{Part: part, What: "no such " + kind + " in the input", Hint: hint, Missing: kind, Namespace: namespace}
}

const notation = "places are external, external/NAME, node/NAME, pod/NAMESPACE/NAME, deploy/NAMESPACE/NAME; " +
	"targets are IP:PORT, [IPv6]:PORT, svc/NAMESPACE/NAME:PORT, pod/NAMESPACE/NAME:PORT, node/NAME:PORT"

// parsedTo is a target as written.
type parsedTo struct {
	text     string
	proto    flow.Protocol
	hasProto bool
	kind     string // "ip", "pod", "node", "svc"
	ns, name string
	addr     netip.Addr
	port     string // a number or a name, "" when absent
	at       string // after @
}

func parseTo(text, namespace string) (parsedTo, error) {
	to := parsedTo{text: text, proto: flow.TCP}
	rest := text
	for suffix, proto := range map[string]flow.Protocol{"/tcp": flow.TCP, "/udp": flow.UDP, "/sctp": flow.SCTP} {
		if n := len(rest) - len(suffix); n > 0 && strings.EqualFold(rest[n:], suffix) && whole(rest[:n]) {
			rest, to.proto, to.hasProto = rest[:n], proto, true
			break
		}
	}
	kind, name, isObject := strings.Cut(rest, "/")
	switch {
	case isObject && (kind == "svc" || kind == "service"):
		to.kind = "svc"
		name, to.at, _ = strings.Cut(name, "@")
	case isObject && (kind == "pod" || kind == "po"):
		to.kind = "pod"
	case isObject && (kind == "node" || kind == "no"):
		to.kind = "node"
	case isObject:
		return to, wrong(text, notation, "no target starts with %q", kind+"/")
	default:
		return parseAddr(to, rest)
	}
	name, to.port, _ = strings.Cut(name, ":")
	if to.kind == "node" {
		to.name = name
	} else if ns, n, ok := strings.Cut(name, "/"); ok {
		to.ns, to.name = ns, n
	} else {
		to.ns, to.name = namespace, name
	}
	if to.name == "" || strings.Contains(to.name, "/") {
		return to, wrong(text, notation, "not a target")
	}
	if to.kind != "svc" && to.port == "" {
		return to, wrong(text, "add the port: "+text+":8080", "a port is missing")
	}
	return to, nil
}

// whole reports whether a target is one without what stands behind its last
// slash: otherwise svc/test/udp, a Service of that name, would be read as the
// Service test over UDP.
func whole(text string) bool {
	return strings.ContainsAny(text, ":@") || strings.Count(text, "/") != 1
}

func parseAddr(to parsedTo, rest string) (parsedTo, error) {
	to.kind = "ip"
	ap, err := netip.ParseAddrPort(rest)
	if err == nil && ap.Port() != 0 {
		to.addr, to.port = ap.Addr().Unmap(), strconv.Itoa(int(ap.Port()))
		return to, nil
	}
	if a, err := netip.ParseAddr(strings.Trim(rest, "[]")); err == nil {
		return to, wrong(to.text, "add the port: "+netip.AddrPortFrom(a, 80).String(), "a port is missing")
	}
	return to, wrong(to.text, notation, "not a target")
}

// number reads a port number; ok is false for a name.
func number(port string) (uint16, bool) {
	n, err := strconv.ParseUint(port, 10, 16)
	return uint16(n), err == nil && n > 0
}

var frontKinds = map[string]service.Kind{
	"vip": service.LoadBalancer, "clusterip": service.ClusterIP,
	"nodeport": service.NodePort, "externalip": service.ExternalIP,
}
