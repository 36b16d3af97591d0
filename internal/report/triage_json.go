package report

import (
	"io"

	"github.com/portolan-net/portolan/explain"
)

type triageDoc struct {
	head
	Services    int               `json:"services"`
	Ports       int               `json:"ports"`
	Healthy     int               `json:"healthy"`
	Groups      []triageGroupJSON `json:"groups"`
	Assumptions []reasonJSON      `json:"assumptions"`
	Ignored     []ignoredJSON     `json:"ignored"`
}

type triageGroupJSON struct {
	Class    string           `json:"class"`
	Reason   reasonJSON       `json:"reason"`
	Object   string           `json:"object,omitempty"`
	Services int              `json:"services"`
	Ports    []triagePortJSON `json:"ports"`
}

type triagePortJSON struct {
	Service  string      `json:"service"`
	Port     int         `json:"port"`
	Protocol string      `json:"protocol"`
	Target   string      `json:"target"`
	Detail   *reasonJSON `json:"detail,omitempty"`
	Who      []string    `json:"who"`
}

// TriageJSON writes a document of kind Triage.
func TriageJSON(w io.Writer, t *explain.Triage) error {
	d := triageDoc{
		head: head{APIVersion, "Triage"}, Services: t.Services, Ports: t.Ports, Healthy: t.Healthy, Groups: []triageGroupJSON{},
		Assumptions: toReasons(t.Assumptions), Ignored: toIgnored(t.Ignored),
	}
	for i := range t.Groups {
		g := &t.Groups[i]
		j := triageGroupJSON{Class: g.Class.String(), Reason: toReason(g.Reason), Services: g.Services(), Ports: []triagePortJSON{}}
		if !g.Object.IsZero() {
			j.Object = Clean(g.Object.String())
		}
		for k := range g.Members {
			j.Ports = append(j.Ports, toTriagePort(&g.Members[k]))
		}
		d.Groups = append(d.Groups, j)
	}
	return write(w, d)
}

func toTriagePort(m *explain.TriagePort) triagePortJSON {
	j := triagePortJSON{
		Service: Clean(m.Service.Object().String()), Port: int(m.Port.Port), Protocol: m.Port.Protocol.String(),
		Target: Clean(m.Title), Who: list(m.Who),
	}
	if !m.Detail.IsZero() {
		r := toReason(m.Detail)
		j.Detail = &r
	}
	return j
}
