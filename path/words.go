package path

import (
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/walk"
)

// judgementWords are the arguments of the sentences about a judgement: subject,
// direction, the other end as it was seen, port.
func judgementWords(j *model.Judgement) []string {
	return []string{
		j.Subject.Namespace + "/" + j.Subject.Name,
		strings.ToLower(j.Question.Direction.String()),
		party(&j.Question.Peer),
		portWord(j.Question.Port, j.Question.Protocol),
	}
}

// party names an end as policy sees it: the pod when there is one behind the
// address, else the address.
func party(p *policy.Party) string {
	switch {
	case p.Pod != nil:
		return "@pod " + p.Pod.Namespace + "/" + p.Pod.Name
	case p.Addr.IsValid():
		return p.Addr.String()
	}
	return "@unknown-address"
}

// origins are the policies that isolate, the deciding one first.
func origins(j *model.Judgement) []flow.Origin {
	var out []flow.Origin
	for _, p := range j.Decision.Isolating {
		out = append(out, flow.Origin{Object: p.Object(), Position: p.Position})
	}
	return out
}

// towardWord names where packets go in a sentence.
func towardWord(t cluster.Toward) string {
	switch t {
	case cluster.TowardLocalPods:
		return "@toward-local-pods"
	case cluster.TowardRemotePods:
		return "@toward-remote-pods"
	default:
		return "@toward-other-nodes"
	}
}

func family(v6 bool) string {
	if v6 {
		return "IPv6"
	}
	return "IPv4"
}

func packetPort(p *walk.Packet) string {
	return portWord(p.Tuple.Dst.Port(), p.Tuple.Protocol)
}

// portWord is a port as people write it: "22/tcp".
func portWord(port uint16, proto flow.Protocol) string {
	return strconv.Itoa(int(port)) + "/" + strings.ToLower(proto.String())
}

// declared are a pod's ports of a protocol; nobody has none.
func declared(p *cluster.Pod, proto flow.Protocol) string {
	if p == nil {
		return ""
	}
	var ports []string
	for _, c := range p.Ports {
		if c.Protocol == proto {
			ports = append(ports, strconv.Itoa(int(c.Port)))
		}
	}
	return strings.Join(ports, ", ")
}

// translators are the nodes that a reply must pass, in its order.
func translators(nats []model.NAT) string {
	var nodes []string
	for i := len(nats) - 1; i >= 0; i-- {
		nodes = append(nodes, nats[i].Node)
	}
	return strings.Join(nodes, ", then ")
}
