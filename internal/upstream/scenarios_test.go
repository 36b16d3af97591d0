package upstream

import (
	"flag"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/scenario"
	"github.com/portolan-net/portolan/model"
)

var labs = flag.Int("labs", 6, "how many labs are up at once: much of the time they wait for silence")

// judge is the engine of scenarios whose Services are kube-proxy's.
var judge = scenario.Kernel{Dataplane: func(m *model.Model) (lab.Dataplane, error) { return NewDataplane(m) }}

// heardOf counts what the scenarios asked.
type heardOf struct {
	mu                   sync.Mutex
	scenarios, questions int
	skipped              map[string]int
	wrong                []string
}

// TestScenarios asks every scenario, those too that our own rules cannot run, of
// the kernel with kube-proxy on every node.
func TestScenarios(t *testing.T) {
	files, err := scenario.Find(scenarios)
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	h := &heardOf{skipped: map[string]int{}}
	todo := make(chan string)
	var wg sync.WaitGroup
	for range *labs {
		wg.Go(func() {
			for file := range todo {
				h.ask(t, file)
			}
		})
	}
	for _, f := range files {
		todo <- f
	}
	close(todo)
	wg.Wait()
	t.Logf("%d of %d scenarios, %d questions", h.scenarios, len(files), h.questions)
	for _, why := range slices.Sorted(maps.Keys(h.skipped)) {
		t.Logf("not asked: %4d  %s", h.skipped[why], why)
	}
	for _, w := range h.wrong {
		t.Error(w)
	}
}

// ask asks one scenario.
func (h *heardOf) ask(t *testing.T, file string) {
	s, err := scenario.Read(file)
	if err != nil {
		t.Error(err)
		return
	}
	asked, skipped := 0, map[string]int{}
	differences, err := scenario.Run(s, judge, scenarios+"/labs", func(_ *scenario.Question, a *scenario.Answer) {
		switch {
		case a.Skipped != "":
			skipped[a.Skipped]++
		case a.Err != nil:
			skipped["the question is refused"]++
		default:
			asked++
		}
	})
	if err != nil {
		t.Errorf("%s: %v", filepath.Base(file), err)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.questions += asked; asked > 0 {
		h.scenarios++
	}
	for why, n := range skipped {
		h.skipped[why] += n
	}
	for _, d := range differences {
		h.wrong = append(h.wrong, strings.TrimPrefix(d, scenarios+"/"))
	}
}
