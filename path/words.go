package path

import (
	"fmt"
	"strings"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

// judgementWords are the arguments of the sentences about a judgement: subject,
// direction, the other end as it was seen, port.
func judgementWords(j *model.Judgement) []string {
	return []string{
		j.Subject.Namespace + "/" + j.Subject.Name,
		strings.ToLower(j.Question.Direction.String()),
		party(&j.Question.Peer),
		fmt.Sprintf("%d/%s", j.Question.Port, strings.ToLower(j.Question.Protocol.String())),
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
