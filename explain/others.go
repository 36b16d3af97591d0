package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// Other is what profiles answer that fit the cluster as well, where they answer
// differently.
type Other struct {
	Profiles []string
	Verdict  flow.Verdict
	Seen     []flow.Seen
	Reached  int
	Paths    int
	// Via are the first nodes whose paths deliver, where only some do.
	Via []string
	// Since is the difference that alone makes the answer another.
	Since flow.Reason
}

// outcomeOf is an answer as far as a client notices it.
type outcomeOf struct {
	Other
	key string
}

// Others asks the question under every other profile that fits. None where the
// Fabric tells the profile.
func Others(m *model.Model, a *path.Answer) []Other {
	here := notice(a)
	var out []Other
	for _, alt := range cluster.Alternatives(m.Snapshot) {
		other, err := m.Under(alt.Dataplane)
		if err != nil {
			continue
		}
		there, err := path.Ask(other, a.Question)
		if err != nil {
			continue
		}
		o := notice(there)
		if o.key == here.key {
			continue
		}
		o.Since = since(m, other.Profile, func(w *model.Model) bool {
			b, err := path.Ask(w, a.Question)
			return err == nil && notice(b).key == o.key
		})
		out = mergeOther(out, alt.Name, o.Other)
	}
	return out
}

// mergeOther tells profiles with the same answer for the same reason as one.
func mergeOther(all []Other, name string, o Other) []Other {
	for i := range all {
		x := &all[i]
		if x.Verdict == o.Verdict && x.Reached == o.Reached && slices.Equal(x.Seen, o.Seen) && slices.Equal(x.Via, o.Via) && x.Since.String() == o.Since.String() {
			x.Profiles = append(x.Profiles, name)
			return all
		}
	}
	o.Profiles = []string{name}
	return append(all, o)
}

// notice sums up an answer: verdict, what is seen, and through which nodes it
// works.
func notice(a *path.Answer) outcomeOf {
	o := outcomeOf{Other: Other{Verdict: a.Verdict}}
	for i := range a.Traces {
		t := &a.Traces[i]
		o.Seen = append(o.Seen, t.Seen)
		o.Paths += t.Count
		if t.Fate == flow.Delivered {
			o.Reached += t.Count
			o.Via = append(o.Via, t.Firsts()...)
		}
	}
	slices.Sort(o.Seen)
	o.Seen = slices.Compact(o.Seen)
	slices.Sort(o.Via)
	o.Via = slices.Compact(o.Via)
	if o.Verdict != flow.Depends {
		o.Via = nil
	}
	o.key = fmt.Sprint(o.Verdict, o.Seen, strings.Join(o.Via, " "))
	return o
}
