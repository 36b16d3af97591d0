package apimachinery

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/portolan-net/portolan/cluster"
)

// TestSelectors asks our selectors and Kubernetes' the same things.
func TestSelectors(t *testing.T) {
	matched := 0
	for seed := range uint64(20000) {
		g := generator{rand.New(rand.NewPCG(seed, 1))}
		ours := g.selector()
		theirs, err := metav1.LabelSelectorAsSelector(translate(ours))
		if err != nil {
			t.Fatalf("seed %d: %v: %v", seed, ours, err)
		}
		for range 8 {
			l := g.labels()
			got, want := ours.Matches(l), theirs.Matches(labels.Set(l))
			if got != want {
				t.Fatalf("seed %d: %v matches %v: ours %v, Kubernetes %v", seed, ours, l, got, want)
			}
			if got {
				matched++
			}
		}
	}
	if matched < 10000 {
		t.Errorf("only %d of 160,000 matched: the generator tests too little", matched)
	}
}

// TestSelectorWords reads our words with kubectl's parser: whatever String
// prints means the same selector.
func TestSelectorWords(t *testing.T) {
	for seed := range uint64(20000) {
		g := generator{rand.New(rand.NewPCG(seed, 2))}
		ours := g.selector()
		if ours.IsEmpty() {
			continue
		}
		parsed, err := labels.Parse(ours.String())
		if err != nil {
			t.Fatalf("seed %d: kubectl cannot read %q: %v", seed, ours, err)
		}
		for range 8 {
			l := g.labels()
			if got, want := ours.Matches(l), parsed.Matches(labels.Set(l)); got != want {
				t.Fatalf("seed %d: %q on %v: ours %v, as kubectl reads it %v", seed, ours, l, got, want)
			}
		}
	}
}

// TestSelectorSpelling compares with the words Kubernetes prints. Kubernetes
// sorts requirements by key and values by name and separates alike.
func TestSelectorSpelling(t *testing.T) {
	for seed := range uint64(20000) {
		g := generator{rand.New(rand.NewPCG(seed, 3))}
		ours := g.selector()
		if ours.IsEmpty() {
			continue
		}
		want := metav1.FormatLabelSelector(translate(ours))
		if got := ours.String(); pieces(got) != pieces(want) {
			t.Fatalf("seed %d: ours %q, Kubernetes %q", seed, got, want)
		}
	}
}

// pieces sorts what order has no meaning for.
func pieces(s string) string {
	list := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(",()", r) })
	slices.Sort(list)
	return strings.Join(list, "|")
}

type generator struct{ *rand.Rand }

var (
	keys   = []string{"app", "tier", "example.org/role", "kubernetes.io/metadata.name"}
	values = []string{"", "a", "b", "A", "a-1", "1.2"}
)

func (g generator) labels() cluster.Labels {
	l := cluster.Labels{}
	for _, k := range keys {
		if g.IntN(2) == 0 {
			l[k] = values[g.IntN(len(values))]
		}
	}
	if len(l) == 0 && g.IntN(2) == 0 {
		return nil
	}
	return l
}

func (g generator) selector() *cluster.LabelSelector {
	s := &cluster.LabelSelector{}
	if g.IntN(2) == 0 {
		s.MatchLabels = cluster.Labels{keys[g.IntN(len(keys))]: values[g.IntN(len(values))]}
	}
	for range g.IntN(4) {
		r := cluster.Requirement{
			Key:      keys[g.IntN(len(keys))],
			Operator: []cluster.Operator{cluster.OpIn, cluster.OpNotIn, cluster.OpExists, cluster.OpDoesNotExist}[g.IntN(4)],
		}
		if r.Operator == cluster.OpIn || r.Operator == cluster.OpNotIn {
			for _, v := range g.Perm(len(values))[:1+g.IntN(3)] {
				r.Values = append(r.Values, values[v])
			}
		}
		s.MatchExpressions = append(s.MatchExpressions, r)
	}
	return s
}

func translate(s *cluster.LabelSelector) *metav1.LabelSelector {
	out := &metav1.LabelSelector{MatchLabels: s.MatchLabels}
	for _, r := range s.MatchExpressions {
		out.MatchExpressions = append(out.MatchExpressions, metav1.LabelSelectorRequirement{
			Key: r.Key, Operator: metav1.LabelSelectorOperator(r.Operator), Values: r.Values,
		})
	}
	return out
}
