package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/portolan-net/portolan/internal/kube"
)

// deployedRights are what deploy/ lets the pod do, with the right to write Events.
func (c *Cluster) deployedRights() []right {
	c.t.Helper()
	objects, err := parseObjects([]byte(c.Kubectl("admin", "", "kustomize", overlay(c.t))))
	must(c.t, err)
	var rules []rbacv1.PolicyRule
	for _, o := range only(objects, "ClusterRole") {
		var one rbacv1.ClusterRole
		must(c.t, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &one))
		rules = append(rules, one.Rules...)
	}
	return rights(rules)
}

// polled waits until a Mirror of a user has these resources to poll, since they may
// not be watched, and returns all that it follows.
func (c *Cluster) polled(user string, want ...string) []string {
	c.t.Helper()
	client, err := kube.Open(kube.Flags{Kubeconfig: c.Kubeconfig(user)})
	must(c.t, err)
	ctx, cancel := context.WithCancel(c.t.Context())
	m := client.Mirror(kube.MirrorOptions{})
	defer m.Wait()
	defer cancel()
	must(c.t, m.Start(ctx))
	var all []string
	c.until(fmt.Sprintf("%v are polled", want), func() error {
		var got []string
		all = nil
		for _, h := range m.Health() {
			all = append(all, h.Resource)
			if h.Polled {
				got = append(got, h.Resource)
			}
			if h.Forbidden {
				return fmt.Errorf("%s is forbidden", h.Resource)
			}
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("polled: %v", got)
		}
		return nil
	})
	return all
}

// TestWatchRights: what deploy/ grants beyond reading is needed, right by right: what may
// not be watched is polled, and without the right to write Events that is said. That
// reading needs the rest is TestRole's.
func TestWatchRights(t *testing.T) {
	c := start(t)
	for _, file := range []string{sharedVIP + "/cluster.yaml", "testdata/metallb.yaml", "testdata/kube-proxy.yaml"} {
		all, err := readObjects(file)
		must(t, err)
		c.Register(all)
	}
	all := c.deployedRights()
	for _, reading := range c.printedRole() {
		if !slices.Contains(all, reading) {
			t.Errorf("deploy/ lacks the right to %s", reading)
		}
	}
	r := newReader(c, "portolan")
	r.may(all, nil)
	r.may(all, all)
	served := c.polled("portolan")
	tried := 0
	for _, gone := range all {
		name := strings.TrimPrefix(gone.String(), "watch ")
		if gone.verb != "watch" || !slices.Contains(served, name) {
			continue
		}
		r.may(lack(t, all, gone), []right{gone})
		c.polled("portolan", name)
		tried++
	}
	if tried != len(served) {
		t.Errorf("%d rights to watch, of %d resources: %v", tried, len(served), served)
	}

	write := right{verb: "create", group: "events.k8s.io", resource: "events"}
	r.may(lack(t, all, write), all)
	c.loses("portolan", "mute").Hears("no Events are written")
	r.may(all, all)
	c.loses("portolan", "told")
	c.until("there is an Event", func() error {
		events, err := c.Client.EventsV1().Events("test").List(t.Context(), metav1.ListOptions{})
		if err == nil && len(events.Items) == 0 {
			err = fmt.Errorf("none")
		}
		return err
	})
}

// loses watches as a user while a policy takes a Service away.
func (c *Cluster) loses(user, policy string) *running {
	c.t.Helper()
	// Those of the example allow something; alone it takes everything. They go before
	// the watch begins: what goes and comes in one moment is no loss.
	must(c.t, c.Client.NetworkingV1().NetworkPolicies("test").DeleteCollection(c.t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{}))
	watch := c.Begin(user, "watch", "svc/test/http", "--events")
	watch.Hears("watching")
	denial, err := parseObjects(fmt.Appendf(nil, `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: %s, namespace: test}, spec: {podSelector: {}, policyTypes: [Ingress]}}`, policy))
	must(c.t, err)
	c.Apply("helm", denial)
	watch.Hears("lost", "NetworkPolicy test/"+policy)
	return watch
}
