package kube

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/kubetest"
	"github.com/portolan-net/portolan/internal/manifest"
)

// narrowly reads what a RoleBinding in some namespaces shows.
func narrowly(t *testing.T, s *kubetest.Server, named ...string) (*cluster.Snapshot, *Reading) {
	t.Helper()
	r, err := open(t, s).Read(context.Background(), Options{Namespaces: named})
	if err != nil {
		t.Fatal(err)
	}
	in, err := r.Input()
	if err != nil {
		t.Fatal(err)
	}
	return in.Snapshot, r
}

// TestOneNamespace: who may read one namespace reads it, and what it does not hold is
// said to be unread.
func TestOneNamespace(t *testing.T) {
	s := kubetest.New(t, example)
	s.ForbidAll()
	s.Within("test")
	got, r := narrowly(t, s, "test", "../../etc", "Test", "test", "elsewhere")
	whole := fromFile(t, example)
	for i := range whole.Pods {
		has := slices.ContainsFunc(got.Pods, func(p cluster.Pod) bool { return p.Object() == whole.Pods[i].Object() })
		if has != (whole.Pods[i].Namespace == "test") {
			t.Errorf("%v is read: %v", whole.Pods[i].Object(), has)
		}
	}
	if len(got.Services) != 2 || len(got.NetworkPolicies) != len(whole.NetworkPolicies) || slices.ContainsFunc(got.Nodes, func(n cluster.Node) bool { return !n.Implied }) {
		t.Errorf("%d Services, %d policies, %d nodes", len(got.Services), len(got.NetworkPolicies), len(got.Nodes))
	}
	for kind, in := range map[string]string{"Pod": "test", "Service": "test", "EndpointSlice": "test"} {
		if got.LacksIn(kind, in) || !got.LacksIn(kind, "elsewhere") || !got.Lacks(kind) {
			t.Errorf("%s: %+v", kind, got.UnreadOf(kind))
		}
	}
	if u := got.UnreadOf("Node"); u == nil || u.Right != "list nodes" || u.Except != nil {
		t.Errorf("nodes: %+v", u)
	}
	foreign := []cluster.Foreign{{Object: flow.Object{Kind: "NetworkPolicy", Name: "*"}, Engine: "Kubernetes", Unread: true, Except: []string{"test"}}}
	if !reflect.DeepEqual(got.Foreign, foreign) {
		t.Errorf("foreign %+v", got.Foreign)
	}
	for _, n := range got.Namespaces {
		if n.Name == "test" && n.Implied {
			t.Error("the namespace's labels are not known")
		}
	}
	var said []string
	for _, n := range r.Notes {
		said = append(said, string(n.Code)+" "+strings.Join(n.Args, " "))
	}
	if text := strings.Join(said, "\n"); len(said) > 3 || !strings.Contains(text, "live-narrow list ") || !strings.Contains(text, "nodes") {
		t.Errorf("%d notes:\n%s", len(said), text)
	}
	for _, asked := range s.Asked() {
		if strings.Contains(asked, "..") || strings.Contains(asked, "/Test/") {
			t.Errorf("asked %s", asked)
		}
	}
}

// TestKnownNamespaces: where namespaces may be listed, each is tried; one that grants
// nothing costs three requests.
func TestKnownNamespaces(t *testing.T) {
	s := kubetest.New(t, example)
	s.ForbidAll()
	s.Within("monitoring", "test")
	s.Permit("list", "namespaces")
	got, _ := narrowly(t, s)
	if u := got.UnreadOf("Pod"); u == nil || !slices.Equal(u.Except, []string{"monitoring", "test"}) {
		t.Errorf("pods: %+v", u)
	}
	refused := 0
	for _, asked := range s.Asked() {
		if strings.Contains(asked, "/namespaces/kube-system/") && !strings.Contains(asked, "/configmaps/") {
			refused++
		}
	}
	if known := len(fromFile(t, example).Namespaces); known < 3 || refused > refusals {
		t.Errorf("%d namespaces, %d requests in one without rights", known, refused)
	}
}

// TestNoNamespace: who may read nothing is told so, and that a namespace may be named.
func TestNoNamespace(t *testing.T) {
	s := kubetest.New(t, example)
	s.ForbidAll()
	_, err := open(t, s).Read(context.Background(), Options{Namespaces: []string{"test", "home"}})
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(e.Why, "nothing may be read") || !strings.Contains(e.Hint, "-n NAMESPACE") {
		t.Errorf("error %v", err)
	}
}

// TestNoPodsInvented: of a namespace without pods none are derived from workloads, as
// they are from manifests.
func TestNoPodsInvented(t *testing.T) {
	s := kubetest.New(t)
	s.Add(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: quiet}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: quiet}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: quiet}\nspec: {clusterIP: 10.96.0.7, ports: [{port: 80}], selector: {a: b}}\n")
	s.ForbidAll()
	s.Within("quiet")
	if got, _ := narrowly(t, s, "quiet"); len(got.Pods) != 0 || len(got.Services) != 1 {
		t.Errorf("%d pods, %d Services", len(got.Pods), len(got.Services))
	}
}

// TestNarrowSnapshot: a snapshot of a part says of which.
func TestNarrowSnapshot(t *testing.T) {
	s := kubetest.New(t, example)
	s.ForbidAll()
	s.Within("test")
	r, err := open(t, s).Read(context.Background(), Options{Namespaces: []string{"test"}})
	if err != nil {
		t.Fatal(err)
	}
	in, err := r.Input()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []*manifest.Disguise{nil, manifest.NewDisguise([]byte("k"))} {
		var text strings.Builder
		if err := r.Builder.WriteSnapshot(&text, in, d); err != nil {
			t.Fatal(err)
		}
		again, err := manifest.Parse("snapshot.json", []byte(text.String()), manifest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ns := again.Snapshot.Services[0].Namespace
		if d != nil && (ns == "test" || strings.Contains(text.String(), `"test"`)) {
			t.Error("the namespace is told")
		}
		for _, kind := range []string{"Pod", "Service"} {
			if again.Snapshot.LacksIn(kind, ns) || !again.Snapshot.LacksIn(kind, "elsewhere") {
				t.Errorf("%s: %+v", kind, again.Snapshot.UnreadOf(kind))
			}
		}
		if f := again.Snapshot.Foreign; len(f) != 1 || !f[0].Touches("elsewhere") || f[0].Touches(ns) {
			t.Errorf("foreign %+v", f)
		}
	}
}
