package oracle_test

import (
	"fmt"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/oracle"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// answers asks both. The words are sorted and without repetition.
func answers(s *cluster.Snapshot, m *model.Model, q generate.Question) (engine, naive []string, err error) {
	a, err := path.Walk(m, path.Question{From: q.From, To: q.Target(), Via: q.Via})
	if err != nil {
		return nil, nil, fmt.Errorf("engine: %w", err)
	}
	for _, t := range a.Traces {
		if t.Fate == flow.Loop {
			t.Seen = flow.Unreachable // silence and time exceeded are one, see testdata/truth
		}
		engine = append(engine, oracle.Outcome{Fate: t.Fate, Seen: t.Seen, Endpoint: t.Endpoint.String(), Source: t.Source}.String())
	}
	outcomes, err := oracle.Ask(s, q.From, q.Via, q.To, q.Protocol)
	if err != nil {
		return nil, nil, fmt.Errorf("oracle: %w", err)
	}
	for _, o := range outcomes {
		if o.Fate == flow.Loop {
			o.Seen = flow.Unreachable
		}
		naive = append(naive, o.String())
	}
	return words(engine), words(naive), nil
}

func words(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
