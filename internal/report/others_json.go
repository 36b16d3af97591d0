package report

import "github.com/portolan-net/portolan/explain"

type otherJSON struct {
	Profiles []string   `json:"profiles"`
	Verdict  string     `json:"verdict"`
	Seen     []string   `json:"seen"`
	Reached  int        `json:"reached"`
	Paths    int        `json:"paths"`
	Via      []string   `json:"via"`
	Since    reasonJSON `json:"since"`
}

func toOthers(all []explain.Other) []otherJSON {
	out := make([]otherJSON, 0, len(all))
	for i := range all {
		o := &all[i]
		out = append(out, otherJSON{
			list(o.Profiles), o.Verdict.String(), stringsOf(o.Seen), o.Reached, o.Paths, list(o.Via), toReason(o.Since),
		})
	}
	return out
}

type otherSurveyJSON struct {
	Profiles []string     `json:"profiles"`
	Changes  []changeJSON `json:"changes"`
	Since    reasonJSON   `json:"since"`
}

type changeJSON struct {
	Places  []string `json:"places"`
	Columns []int    `json:"columns"`
	Verdict string   `json:"verdict"`
	Seen    []string `json:"seen"`
	Here    string   `json:"here"`
}

func toOtherSurveys(all []explain.OtherSurvey) []otherSurveyJSON {
	out := make([]otherSurveyJSON, 0, len(all))
	for _, o := range all {
		x := otherSurveyJSON{Profiles: list(o.Profiles), Changes: []changeJSON{}, Since: toReason(o.Since)}
		for i := range o.Changes {
			c := &o.Changes[i]
			x.Changes = append(x.Changes, changeJSON{
				list(c.Places), c.Columns, c.Instead.Verdict.String(), stringsOf(c.Instead.Seen), c.Here.Verdict.String(),
			})
		}
		out = append(out, x)
	}
	return out
}
