package kube

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/kubetest"
)

// within is a server that shows some namespaces alone, and options that name them.
func within(t *testing.T, namespaces ...string) (*kubetest.Live, MirrorOptions) {
	t.Helper()
	l := kubetest.NewLive(t, example)
	l.ForbidAll()
	l.Within(namespaces...)
	opt := quickly()
	opt.Namespaces = namespaces
	return l, opt
}

// fresh is what a reading shows now, with the same rights.
func fresh(t *testing.T, l *kubetest.Live, opt MirrorOptions) *cluster.Snapshot {
	t.Helper()
	s, _ := narrowly(t, l.Server, opt.Namespaces...)
	return s
}

// agrees reads batches until one is what a reading shows.
func agrees(t *testing.T, l *kubetest.Live, m *Mirror, opt MirrorOptions, what string) *Batch {
	t.Helper()
	want := fresh(t, l, opt)
	return until(t, m, what, func(b *Batch) bool { return b.Err == nil && alike(b.Input.Snapshot, want) })
}

// known reports whether every Batch knows the pods of a namespace.
func knows(b *Batch, namespace string) bool {
	return !b.Input.Snapshot.LacksIn("Pod", namespace)
}

// TestMirrorOneNamespace: what is mirrored with rights in one namespace is what is read
// with them, from the start and after changes, with dropped connections and expired
// versions on the way; what happens elsewhere is not heard of.
func TestMirrorOneNamespace(t *testing.T) {
	l, opt := within(t, "test")
	m, first := mirror(t, l, opt)
	same(t, first.Input.Snapshot, fresh(t, l, opt))
	if !knows(first, "test") || knows(first, "monitoring") || len(first.Input.Snapshot.Pods) == 0 {
		t.Fatalf("pods %+v", first.Input.Snapshot.UnreadOf("Pod"))
	}
	r := rand.New(rand.NewPCG(3, 4))
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		for n := range 50 {
			l.Random(t, r)
			trouble(l, n)
		}
		l.Apply(t, fmt.Sprintf("{apiVersion: v1, kind: Service, metadata: {name: round-%d, namespace: test}, spec: {clusterIP: None}}", round))
		b := agrees(t, l, m, opt, fmt.Sprint("round ", round))
		for i := range b.Input.Snapshot.Pods {
			if ns := b.Input.Snapshot.Pods[i].Namespace; ns != "test" {
				t.Fatalf("a pod of %s", ns)
			}
		}
	}
}

// TestRightsGo: who loses the right to the whole cluster, in the middle, knows the
// namespace he may still read, without a moment in which he does not; then he loses
// that, and gets it again, and all the rest.
func TestRightsGo(t *testing.T) {
	l := kubetest.NewLive(t, example)
	opt := quickly()
	opt.Namespaces = []string{"test", "monitoring"}
	m, first := mirror(t, l, opt)
	l.Within("test")
	l.ForbidAll()
	l.Drop()
	want := fresh(t, l, opt)
	until(t, m, "one namespace", func(b *Batch) bool {
		if !knows(b, "test") || b.Input.Snapshot.LacksIn("Service", "test") {
			t.Fatalf("pods %+v, services %+v", b.Input.Snapshot.UnreadOf("Pod"), b.Input.Snapshot.UnreadOf("Service"))
		}
		for i := range b.Changes {
			if c := &b.Changes[i]; c.Object.Namespace == "test" {
				t.Errorf("nobody changed %v", c.Object)
			}
		}
		return alike(b.Input.Snapshot, want)
	})
	l.Apply(t, "{apiVersion: v1, kind: Service, metadata: {name: new, namespace: test}, spec: {clusterIP: None}}")
	agrees(t, l, m, opt, "a Service")
	l.Within("monitoring")
	agrees(t, l, m, opt, "another namespace")
	l.Without("test", "monitoring")
	l.Drop()
	b := until(t, m, "nothing", func(b *Batch) bool { return b.Err != nil }) // what is known makes no cluster
	for i := range b.Unread {
		if b.Unread[i].Resource == "pods" && len(b.Unread[i].Except) > 0 {
			t.Errorf("unread but for %v", b.Unread[i].Except)
		}
	}
	l.Within("test")
	agrees(t, l, m, opt, "the namespace again")
	l.PermitAll()
	all := agrees(t, l, m, opt, "everything again")
	if len(all.Unread) > 0 || len(all.Input.Snapshot.Pods) != len(first.Input.Snapshot.Pods) {
		t.Errorf("unread %+v", all.Unread)
	}
	for _, h := range m.Health() {
		if h.Forbidden || !h.Connected {
			t.Errorf("%+v", h)
		}
	}
}

// TestOneKindInOneNamespace: one resource is refused, and read in a namespace; the others
// are watched as a whole.
func TestOneKindInOneNamespace(t *testing.T) {
	l := kubetest.NewLive(t, example)
	opt := quickly()
	m, first := mirror(t, l, opt)
	l.Within("test")
	l.Forbid("list", "pods")
	l.Forbid("watch", "pods")
	l.Drop()
	b := agrees(t, l, m, opt, "pods of one namespace")
	if !knows(b, "test") || knows(b, "monitoring") || len(b.Unread) != 1 || !slices.Equal(b.Unread[0].Except, []string{"test"}) {
		t.Errorf("unread %+v", b.Unread)
	}
	l.Permit("list", "pods")
	l.Permit("watch", "pods")
	b = agrees(t, l, m, opt, "all pods")
	same(t, b.Input.Snapshot, first.Input.Snapshot)
}

// TestPartIsStale: a namespace of which nothing is heard is told as its resource, once,
// and keeps its objects.
func TestPartIsStale(t *testing.T) {
	l, opt := within(t, "monitoring", "test")
	m, first := mirror(t, l, opt)
	l.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/namespaces/test/pods") {
			return false
		}
		kubetest.Refuse(w, 500, "InternalError", "etcd", "")
		return true
	})
	l.Drop()
	b := until(t, m, "staleness", func(b *Batch) bool { return len(b.Stale) > 0 })
	if len(b.Stale) != 1 || b.Stale[0].Resource != "pods" || b.Stale[0].Heard.IsZero() || len(b.Input.Snapshot.Pods) != len(first.Input.Snapshot.Pods) {
		t.Errorf("stale %+v", b.Stale)
	}
	for _, h := range m.Health() {
		if h.Resource == "pods" && (h.Connected || !h.Forbidden || h.Objects == 0) {
			t.Errorf("%+v", h)
		}
	}
	l.Fail(nil)
	until(t, m, "freshness", func(b *Batch) bool { return len(b.Freshly) == 1 && b.Freshly[0] == "pods" })
}

// TestAskedSparingly: a namespace that grants nothing is asked for three lists, and not at
// every turn.
func TestAskedSparingly(t *testing.T) {
	l, opt := within(t, "test")
	opt.Namespaces = nil
	l.Permit("list", "namespaces")
	l.Permit("watch", "namespaces")
	m, b := mirror(t, l, opt)
	if !knows(b, "test") {
		t.Fatalf("pods %+v", b.Input.Snapshot.UnreadOf("Pod"))
	}
	turns := func() (n int) { // of a list that is refused
		for _, asked := range l.Asked() {
			if strings.HasSuffix(asked, "/api/v1/pods") {
				n++
			}
		}
		return n
	}
	for i := 0; turns() < 20; i++ {
		l.Apply(t, fmt.Sprintf("{apiVersion: v1, kind: Service, metadata: {name: s-%d, namespace: test}, spec: {clusterIP: None}}", i))
		next(t, m)
	}
	lists := 0
	for _, asked := range l.Asked() {
		if strings.Contains(asked, "/namespaces/kube-system/") && !strings.Contains(asked, "/configmaps/") {
			lists++
		}
	}
	if lists != refusals {
		t.Errorf("%d lists of a namespace without rights", lists)
	}
}
