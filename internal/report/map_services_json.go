package report

import (
	"github.com/portolan-net/portolan/atlas"
	"github.com/portolan-net/portolan/reach"
)

type mapServiceJSON struct {
	Service   string         `json:"service"`
	Type      string         `json:"type"`
	Behind    []int          `json:"behind"`
	Endpoints int            `json:"endpoints"`
	Outside   *mapSumJSON    `json:"outside,omitempty"`
	Nodes     *mapSumJSON    `json:"nodes,omitempty"`
	Pods      *mapSumJSON    `json:"pods,omitempty"`
	Fronts    []mapFrontJSON `json:"fronts"`
}

type mapSumJSON struct {
	Front   string   `json:"front"`
	Verdict string   `json:"verdict"`
	Reached int      `json:"reached"`
	Of      int      `json:"of"`
	Seen    []string `json:"seen"`
}

type mapFrontJSON struct {
	Kind    string        `json:"kind"`
	Address string        `json:"address"`
	Outside []mapPartJSON `json:"outside"`
	Nodes   []mapPartJSON `json:"nodes"`
	Pods    []mapPartJSON `json:"pods"`
}

type mapPartJSON struct {
	Clients    []string      `json:"clients,omitempty"`
	Ranges     []string      `json:"ranges,omitempty"`
	Nodes      *mapNamesJSON `json:"nodes,omitempty"`
	Pods       int           `json:"pods,omitempty"`
	Namespaces *mapNamesJSON `json:"namespaces,omitempty"`
	Self       bool          `json:"self,omitempty"`
	Verdict    string        `json:"verdict"`
	Fates      []string      `json:"fates"`
	Seen       []string      `json:"seen"`
	Delivered  int           `json:"delivered"`
	Legs       int           `json:"legs"`
	Via        []mapPartJSON `json:"via,omitempty"`
}

// mapNamesJSON is how many there are, and the first of them.
type mapNamesJSON struct {
	Count int      `json:"count"`
	First []string `json:"first"`
}

func mapService(s *atlas.Service) mapServiceJSON {
	out := mapServiceJSON{
		Service: Clean(s.Title), Type: string(s.Service.Type), Behind: append([]int{}, s.Behind...), Endpoints: s.Endpoints,
		Outside: mapSum(&s.Outside), Nodes: mapSum(&s.Nodes), Pods: mapSum(&s.Pods), Fronts: []mapFrontJSON{},
	}
	for i := range s.Fronts {
		f := &s.Fronts[i]
		out.Fronts = append(out.Fronts, mapFrontJSON{f.Kind.String(), f.Address, mapParts(f.Outside), mapParts(f.Nodes), mapParts(f.Pods)})
	}
	return out
}

func mapSum(s *atlas.Sum) *mapSumJSON {
	if s.Of == 0 {
		return nil
	}
	return &mapSumJSON{s.Kind.String(), s.Verdict.String(), s.Reached, s.Of, stringsOf(s.Seen)}
}

func mapParts(list []atlas.Part) []mapPartJSON {
	out := make([]mapPartJSON, 0, len(list))
	for i := range list {
		p := &list[i]
		j := mapPartJSON{
			Pods: p.Pods, Self: p.Self, Verdict: p.Answer.Verdict.String(), Fates: stringsOf(p.Answer.Fates), Seen: stringsOf(p.Answer.Seen),
			Delivered: p.Answer.Delivered, Legs: p.Answer.Legs,
		}
		for _, c := range p.Clients {
			j.Clients = append(j.Clients, Clean(c))
		}
		if len(p.Ranges) > 0 {
			j.Ranges = stringsOf(p.Ranges)
		}
		if p.Nodes.Len() > 0 {
			j.Nodes = mapNodeNames(p.Nodes)
		}
		if p.Pods > 0 {
			j.Namespaces = &mapNamesJSON{p.Namespaces.Count, cleanAll(p.Namespaces.First)}
		}
		if len(p.Via) > 0 {
			j.Via = mapParts(p.Via)
		}
		out = append(out, j)
	}
	return out
}

// mostNodeNames bounds the names of nodes in a part.
const mostNodeNames = 10

func mapNodeNames(n reach.Nodes) *mapNamesJSON {
	return &mapNamesJSON{n.Len(), cleanAll(n.First(mostNodeNames))}
}

func cleanAll(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, Clean(s))
	}
	return out
}
