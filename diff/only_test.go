package diff

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/reach"
)

// blamed is what each Item says, by its Service port, and what took or gave it.
func blamed(r *Report) map[string]string {
	out := map[string]string{}
	for i := range r.Services {
		s := &r.Services[i]
		for j := range s.Items {
			it := &s.Items[j]
			key := strings.Join([]string{s.Object.String(), string(s.Port.Protocol), it.Kind.String(), it.Ask.From, it.Ask.Via, it.Ask.To, it.Was.Verdict.String(), it.Now.Verdict.String()}, " ")
			out[key] += causes(&it.Loss) + ";"
		}
	}
	return out
}

// TestOnly: what one change is called the cause of, because there is no other, trying
// finds as well: beside a namespace without pods, which is a second change.
func TestOnly(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	s := generate.Cluster(generate.Small, 7)
	found := 0
	for n := range 40 {
		next := *s
		change(r, &next, n)
		one, err := Compare(s, &next)
		if err != nil {
			t.Fatal(err)
		}
		two := next
		two.Namespaces = append(slices.Clone(next.Namespaces), cluster.Namespace{Meta: cluster.Meta{Name: "nobody"}})
		tried, err := Compare(s, &two)
		if err != nil {
			t.Fatal(err)
		}
		if len(one.Objects) != 1 || len(tried.Objects) != 2 {
			continue // a change that is none
		}
		got := blamed(one)
		for key, want := range blamed(tried) {
			if got[key] != want {
				t.Errorf("change %d: %s: by %q, trying finds %q", n, key, got[key], want)
			}
			found++
		}
	}
	if found < 20 {
		t.Errorf("trying found the cause of only %d", found)
	}
}

// TestEnough: where much is lost by several changes, After says all of it, and the
// causes of the first.
func TestEnough(t *testing.T) {
	s := generate.Cluster(generate.Medium, 1)
	next := *s
	next.Services = slices.Clone(s.Services)
	for n := range next.Services {
		next.Services[n].InternalTrafficPolicy = cluster.PolicyLocal
	}
	next.NetworkPolicies = slices.Clone(s.NetworkPolicies)[3:]
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	all, err := Compare(s, &next)
	if err != nil {
		t.Fatal(err)
	}
	x := &comparison{s: [2]*cluster.Snapshot{s, &next}, after: true}
	x.charts[0] = reach.Compile(m)
	if err := x.compare(); err != nil {
		t.Fatal(err)
	}
	if len(x.r.Services) != len(all.Services) || len(all.Services) < 20 {
		t.Fatalf("%d Services, of %d", len(x.r.Services), len(all.Services))
	}
	left, leftOfAll := 0, 0
	for i := range x.r.Services {
		left += unexplained(&x.r.Services[i])
		leftOfAll += unexplained(&all.Services[i])
	}
	if left == 0 || leftOfAll > 0 || len(x.parts) > mostParts {
		t.Errorf("%d have no cause, of Compare's %d; %d parts are kept", left, leftOfAll, len(x.parts))
	}
	if unexplained(&x.r.Services[0]) > 0 {
		t.Error("the first has no cause")
	}
}

// unexplained counts what has no cause.
func unexplained(s *Service) int {
	n := 0
	for i := range s.Items {
		if len(s.Items[i].Causes) == 0 {
			n++
		}
	}
	return n
}

// TestOnlyReadFurther: what a right that went away hides is not the doing of the one
// object that changed beside it.
func TestOnlyReadFurther(t *testing.T) {
	const kind, right = "NetworkPolicy", "list networkpolicies.networking.k8s.io"
	whole, part, less := cluster.Snapshot{}, cluster.Snapshot{Unread: []cluster.Unread{{Kind: kind, Right: right, Except: []string{"a"}}}},
		cluster.Snapshot{Unread: []cluster.Unread{{Kind: kind, Right: right}}}
	for _, v := range [][2]*cluster.Snapshot{{&whole, &whole}, {&part, &part}, {&whole, &part}, {&part, &less}, {&less, &whole}} {
		x := comparison{s: v, changed: []*Object{{}}}
		if got, want := x.only() != nil, v[0] == v[1]; got != want {
			t.Errorf("%v, then %v unread: the one object is the cause of all: %v", v[0].Unread, v[1].Unread, got)
		}
	}
}
