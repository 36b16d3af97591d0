package e2e

import (
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// probeRole is what `portolan auth --for probe` prints for people to apply.
func (c *Cluster) probeRole() []right {
	c.t.Helper()
	did := c.Portolan("admin", "", "auth", "--for", "probe", "-o", "yaml")
	objects, err := parseObjects([]byte(did.Out))
	if err != nil || did.Code != 0 || len(objects) != 1 {
		c.t.Fatalf("portolan auth --for probe: exit %d, %v: %s%s", did.Code, err, did.Err, did.Out)
	}
	var one rbacv1.ClusterRole
	must(c.t, runtime.DefaultUnstructuredConverter.FromUnstructured(objects[0].Object, &one))
	return rights(one.Rules)
}

// TestProbe: the API server takes what a probe creates, also where PodSecurity is
// restricted, and the printed role suffices. There is no kubelet, so nothing starts and
// no connection is made: each probe ends by saying so, and what it created is deleted.
func TestProbe(t *testing.T) {
	c := start(t)
	story, err := readObjects(sharedVIP + "/cluster.yaml")
	must(t, err)
	c.Register(story)
	probing := c.probeRole()
	r := newReader(c, "prober")
	all := append(c.printedRole(), probing...)
	whole := slices.DeleteFunc(slices.Clone(all), func(x right) bool { return strings.Contains(x.resource, "/") })
	r.may(all, whole)
	if did := c.Portolan("prober", "", "auth", "--for", "probe"); did.Code != 0 {
		t.Errorf("portolan auth --for probe with the whole role: exit %d: %s%s", did.Code, did.Out, did.Err)
	}

	probe := func(from string, args ...string) said {
		t.Helper()
		did := c.Portolan("prober", "", append([]string{"probe", from, "svc/test/ssh:22", "--yes", "--start-timeout", "1s"}, args...)...)
		if did.Code != 2 {
			t.Errorf("probe %s %v: exit %d: %s%s", from, args, did.Code, did.Out, did.Err)
		}
		return did
	}
	if did := probe("pod/test/worker-0"); says(did.Out, "may not") || !says(did.Out, "pods/exec") {
		t.Errorf("exec: %s%s", did.Out, did.Err)
	}
	if did := probe("pod/test/worker-0", "--image", "busybox", "--how", "ephemeral"); !says(did.Out, "has not started") {
		t.Errorf("an ephemeral container: %s%s", did.Out, did.Err)
	}
	// With an ephemeral container PodSecurity judges the whole pod anew, and worker-0 would
	// not be admitted today.
	c.Kubectl("admin", "", "label", "namespace", "test", "pod-security.kubernetes.io/enforce=restricted")
	if did := probe("pod/test/worker-0", "--image", "busybox", "--how", "ephemeral"); !says(did.Out, "PodSecurity of namespace test refuses") {
		t.Errorf("an ephemeral container where PodSecurity is restricted: %s%s", did.Out, did.Err)
	}
	if did := probe("pod/test/worker-0", "--image", "busybox", "--how", "pod"); !says(did.Out, "has not started") {
		t.Errorf("a stand-in: %s%s", did.Out, did.Err)
	}
	c.gone("test", 1)
	if did := probe("node/n2", "--image", "busybox", "-n", "monitoring"); !says(did.Out, "has not started") {
		t.Errorf("in a node's network: %s%s", did.Out, did.Err)
	}
	c.gone("monitoring", 1)
	if did := probe("node/n2", "--image", "busybox", "-n", "test"); !says(did.Out, "PodSecurity of namespace test refuses") {
		t.Errorf("in a node's network where PodSecurity is restricted: %s%s", did.Out, did.Err)
	}
	c.gone("test", 1)

	create := right{verb: "create", resource: "pods"}
	r.may(lack(t, all, create), []right{create})
	if did := probe("node/n2", "--image", "busybox", "-n", "monitoring"); !says(did.Out, "may not create pods in namespace monitoring") {
		t.Errorf("without the right: %s%s", did.Out, did.Err)
	}
}

// gone demands that so many pods of probes were created in a namespace, and all of them
// deleted: without a kubelet to say that they have ended they keep their objects.
func (c *Cluster) gone(namespace string, want int) {
	c.t.Helper()
	pods, err := c.Client.CoreV1().Pods(namespace).List(c.t.Context(), metav1.ListOptions{LabelSelector: "portolan.dev/probe"})
	must(c.t, err)
	if len(pods.Items) > want {
		c.t.Errorf("%d pods of probes in %s, want at most %d", len(pods.Items), namespace, want)
	}
	for _, p := range pods.Items {
		if p.DeletionTimestamp == nil {
			c.t.Errorf("%s/%s was not deleted", namespace, p.Name)
		}
	}
}
