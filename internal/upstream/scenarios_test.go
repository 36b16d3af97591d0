package upstream

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	said(t, "more than %d scenarios with more than %d questions", h.scenarios, h.questions)
}

// said holds counts against a sentence of docs/semantics.md, which tells fewer.
func said(t *testing.T, sentence string, counts ...int) {
	t.Helper()
	text, err := os.ReadFile("../../docs/semantics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Second opinions\n")
	section, _, _ = strings.Cut(section, "\n## ")
	section = strings.ReplaceAll(strings.ReplaceAll(section, "\n", " "), ",", "")
	found := regexp.MustCompile(strings.ReplaceAll(sentence, "%d", "([0-9]+)")).FindStringSubmatch(section)
	if len(found) != len(counts)+1 {
		t.Errorf("docs/semantics.md, Second opinions, does not say %q", sentence)
		return
	}
	for i, n := range counts {
		if told, err := strconv.Atoi(found[i+1]); err != nil || n <= told {
			t.Errorf("docs/semantics.md says %q, these are %d", found[0], counts)
		}
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
