package explain

import (
	"fmt"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
)

// OtherSurvey is where profiles that fit as well would fill a survey otherwise.
type OtherSurvey struct {
	Profiles []string
	Changes  []Change
	Since    flow.Reason
}

// Change is places that fare otherwise, in the same way at some of the addresses.
type Change struct {
	Columns []int
	Places  []string
	Here    Cell
	Instead Cell
}

// TryOthers fills Others of the surveys.
func TryOthers(m *model.Model, surveys []*Survey) {
	for _, s := range surveys {
		s.Others = s.othersOf(m)
	}
}

// othersOf asks again, under every other profile that fits, for a few places of
// each row: the first, and one on a node with an endpoint.
func (s *Survey) othersOf(m *model.Model) []OtherSurvey {
	var out []OtherSurvey
	asked := s.few(m)
	here := s.cells(m, asked)
	for _, alt := range cluster.Alternatives(m.Snapshot) {
		other, err := m.Under(alt.Dataplane)
		if err != nil {
			continue
		}
		there := s.cells(other, asked)
		if differ(here, there) < 0 {
			continue
		}
		o := OtherSurvey{Profiles: []string{alt.Name}, Changes: changes(asked, here, there)}
		o.Since = since(m, other.Profile, func(w *model.Model) bool { return differ(s.cells(w, asked), there) < 0 })
		out = mergeSurvey(out, o)
	}
	return out
}

func mergeSurvey(all []OtherSurvey, o OtherSurvey) []OtherSurvey {
	for i := range all {
		if all[i].Since.String() == o.Since.String() && slices.EqualFunc(all[i].Changes, o.Changes, sameChange) {
			all[i].Profiles = append(all[i].Profiles, o.Profiles...)
			return all
		}
	}
	return append(all, o)
}

func sameChange(a, b Change) bool {
	return slices.Equal(a.Columns, b.Columns) && slices.Equal(a.Places, b.Places) && sameForClient(&a.Instead, &b.Instead)
}

// maxFew bounds the places that are asked again.
const maxFew = 24

func (s *Survey) few(m *model.Model) []place {
	homes := map[string]bool{}
	if s.Service != nil {
		for _, f := range m.Services.Of(s.Service) {
			for _, b := range f.Backends.Cluster(nil) {
				homes[b.Node] = true
			}
		}
	}
	var out []place
	row := map[string][2]bool{}
	for _, p := range s.places(m) {
		at := p.name
		if p.kind == flow.MachinePod {
			if pod := m.Index.Pod(p.group, p.name); pod != nil {
				at = pod.Node
			}
		}
		k := fmt.Sprint(p.kind, p.group)
		has := row[k]
		home := 0
		if homes[at] {
			home = 1
		}
		if has[home] || len(out) == maxFew {
			continue
		}
		has[home] = true
		row[k] = has
		out = append(out, p)
	}
	return out
}

// cells asks the places without writing anything down.
func (s *Survey) cells(m *model.Model, places []place) [][]Cell {
	scratch := Survey{Service: s.Service, Port: s.Port, Columns: s.Columns}
	var out [][]Cell
	for _, p := range places {
		row := make([]Cell, 0, len(s.Columns))
		for _, c := range s.Columns {
			row = append(row, scratch.cell(m, p, c))
		}
		out = append(out, row)
	}
	return out
}

// differ returns the first place whose cells differ for the client, or -1.
func differ(a, b [][]Cell) int {
	for i := range a {
		for j := range a[i] {
			if !sameForClient(&a[i][j], &b[i][j]) {
				return i
			}
		}
	}
	return -1
}

func sameForClient(a, b *Cell) bool {
	return a.None == b.None && (a.None || a.Verdict == b.Verdict && slices.Equal(a.Seen, b.Seen))
}

// changes folds the places that change in the same way.
func changes(places []place, here, there [][]Cell) []Change {
	var out []Change
	for i, p := range places {
		for j := range here[i] {
			a, b := here[i][j], there[i][j]
			if sameForClient(&a, &b) {
				continue
			}
			name := p.from
			if p.via != "" {
				name += " via " + p.via
			}
			k := slices.IndexFunc(out, func(c Change) bool {
				return c.Columns[0] == j && sameForClient(&c.Here, &a) && sameForClient(&c.Instead, &b)
			})
			if k < 0 {
				k = len(out)
				out = append(out, Change{Columns: []int{j}, Here: a, Instead: b})
			}
			out[k].Places = append(out[k].Places, name)
		}
	}
	return joinColumns(out)
}

// joinColumns tells the same change of the same places at several addresses once.
func joinColumns(all []Change) []Change {
	var out []Change
	for _, c := range all {
		i := slices.IndexFunc(out, func(o Change) bool {
			return slices.Equal(o.Places, c.Places) && sameForClient(&o.Instead, &c.Instead) && sameForClient(&o.Here, &c.Here)
		})
		if i < 0 {
			out = append(out, c)
			continue
		}
		out[i].Columns = append(out[i].Columns, c.Columns...)
	}
	return out
}
