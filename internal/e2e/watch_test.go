package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/portolan-net/portolan/internal/kube"
)

// mirrored is a Mirror, and the last that it showed.
type mirrored struct {
	*kube.Mirror
	last *kube.Batch
}

// mirror keeps the cluster current as a user.
func (c *Cluster) mirror(user string) *mirrored {
	c.t.Helper()
	client, err := kube.Open(kube.Flags{Kubeconfig: c.Kubeconfig(user)})
	must(c.t, err)
	ctx, cancel := context.WithCancel(c.t.Context())
	m := client.Mirror(kube.MirrorOptions{})
	c.t.Cleanup(m.Wait)
	c.t.Cleanup(cancel)
	must(c.t, m.Start(ctx))
	return &mirrored{Mirror: m}
}

// mirrors ends the test unless the mirror comes to show what a fresh list does.
func (c *Cluster) mirrors(m *mirrored) {
	c.t.Helper()
	c.until("the mirror shows what a list shows", func() error {
		ctx, cancel := context.WithTimeout(c.t.Context(), 200*time.Millisecond)
		defer cancel()
		next, err := m.Next(ctx)
		if err == nil {
			m.last = next
		}
		if m.last == nil {
			return fmt.Errorf("nothing yet: %v", err)
		}
		if d := differences(c.Live("admin").Snapshot, m.last.Input.Snapshot); d != "" {
			return fmt.Errorf("a list (-) and the mirror (+): %s", d)
		}
		return nil
	})
}

// disturb makes a random change to what the cluster holds.
func (c *Cluster) disturb(r *rand.Rand) {
	c.t.Helper()
	ctx := c.t.Context()
	policies := c.Client.NetworkingV1().NetworkPolicies("test")
	name := fmt.Sprintf("random-%d", r.IntN(8))
	app := [...]string{"http", "ssh", "worker"}[r.IntN(3)]
	switch r.IntN(4) {
	case 0:
		_, err := policies.Create(ctx, &networkingv1.NetworkPolicy{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec:       networkingv1.NetworkPolicySpec{PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": app}}},
		}, metav1.CreateOptions{})
		if !apierrors.IsAlreadyExists(err) {
			must(c.t, err)
		}
	case 1:
		if err := policies.Delete(ctx, name, metav1.DeleteOptions{}); !apierrors.IsNotFound(err) {
			must(c.t, err)
		}
	case 2:
		patch := fmt.Sprintf(`{"metadata":{"labels":{"random":"%d"}}}`, r.IntN(3))
		pods, err := c.Client.CoreV1().Pods("test").List(ctx, metav1.ListOptions{})
		must(c.t, err)
		_, err = c.Client.CoreV1().Pods("test").Patch(ctx, pods.Items[r.IntN(len(pods.Items))].Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		must(c.t, err)
	default:
		patch := fmt.Sprintf(`{"metadata":{"labels":{"random":"%d"}}}`, r.IntN(3))
		_, err := c.Client.CoreV1().Namespaces().Patch(ctx, "monitoring", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		must(c.t, err)
	}
}

// TestWatchRandom: after 1,000 random changes, and an API server that was killed on the
// way, the mirror shows what a fresh list does.
func TestWatchRandom(t *testing.T) {
	c := start(t)
	all, err := readObjects(sharedVIP + "/cluster.yaml")
	must(t, err)
	c.Register(all)
	m := c.mirror("admin")
	c.mirrors(m)
	r := rand.New(rand.NewPCG(1, 1))
	for range 4 {
		for range 250 {
			c.disturb(r)
		}
		c.mirrors(m)
		c.RestartAPI()
	}
	c.mirrors(m)
}

// TestWatchRestart: while there is no API server what is known is called stale; when it
// is back the next change is told.
func TestWatchRestart(t *testing.T) {
	c := start(t)
	all, err := readObjects(sharedVIP + "/cluster.yaml")
	must(t, err)
	c.Register(without(all, "NetworkPolicy"))
	w := c.Begin("admin", "watch", "external", "svc/test/ssh:22", "-f", sharedVIP+"/fabric.yaml")
	w.Hears("external -> svc/test/ssh:22 REACHABLE")
	c.Apply("helm", only(all, "NetworkPolicy"))
	w.Hears("lost external -> svc/test/ssh:22 (REACHABLE, now UNREACHABLE) by NetworkPolicy test/deny-from-other-namespaces created by helm")
	c.StopAPI()
	for deadline := time.Now().Add(patience); !strings.Contains(w.said(), "stale"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is called stale: " + w.said())
		}
	}
	c.RestartAPI()
	w.Hears("current again")
	c.Kubectl("admin", "", "delete", "networkpolicy", "-n", "test", "deny-from-other-namespaces")
	w.Hears("gained external -> svc/test/ssh:22", "NetworkPolicy test/deny-from-other-namespaces deleted")
}

// deployedRole is the ClusterRole of deploy/.
func (c *Cluster) deployedRole() []right {
	c.t.Helper()
	text, err := os.ReadFile("../../deploy/kustomize/base/clusterrole.yaml")
	must(c.t, err)
	objects, err := parseObjects(text)
	must(c.t, err)
	var one rbacv1.ClusterRole
	must(c.t, runtime.DefaultUnstructuredConverter.FromUnstructured(objects[0].Object, &one))
	return rights(one.Rules)
}

// TestWatchRole: the role of deploy/ suffices to mirror what an admin reads, and of its
// rights to watch each is missed: what may only be listed is polled.
func TestWatchRole(t *testing.T) {
	c := start(t)
	for _, file := range []string{sharedVIP + "/cluster.yaml", "testdata/metallb.yaml"} {
		all, err := readObjects(file)
		must(t, err)
		c.Register(all)
	}
	all := c.deployedRole()
	r := newReader(c, "watcher")
	r.may(all, all)
	m := c.mirror("watcher")
	c.mirrors(m)
	served := map[string]bool{}
	for _, h := range m.Health() {
		served[h.Resource] = true
		if h.Polled || h.Forbidden || !h.Connected {
			t.Errorf("%+v", h)
		}
	}
	var less []right
	for _, one := range all {
		if one.verb != "watch" {
			less = append(less, one)
		}
	}
	r.may(less, all)
	m = c.mirror("watcher")
	c.until("all is polled", func() error {
		for _, h := range m.Health() {
			if !h.Polled {
				return fmt.Errorf("%s is watched", h.Resource)
			}
		}
		return nil
	})
	if len(served) < 15 {
		t.Errorf("only %d resources", len(served))
	}
}
