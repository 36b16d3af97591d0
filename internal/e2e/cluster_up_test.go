package e2e

import (
	"slices"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// sharedVIP is the cluster of the story.
const sharedVIP = "../../examples/shared-vip"

// TestCluster holds the helper itself to what it says: the parts are real, who may
// do what is enforced, what was registered is there with its status, and a restart
// forgets nothing.
func TestCluster(t *testing.T) {
	c := start(t)
	ctx := t.Context()
	all, err := readObjects(yamlFiles(sharedVIP)...)
	must(t, err)
	c.Register(all)

	v, err := c.Client.Discovery().ServerVersion()
	must(t, err)
	if v.Major != "1" || v.Minor != "37" {
		// A library has no version stamped in; then it says what it was developed as.
		t.Logf("the API server calls itself %s", v)
	}
	look := func() {
		t.Helper()
		p, err := c.Client.CoreV1().Pods("test").Get(ctx, "ssh-0", metav1.GetOptions{})
		must(t, err)
		if p.Status.PodIP != "10.244.2.10" || p.Status.HostIP != "10.0.0.12" || p.Spec.NodeName != "n2" {
			t.Errorf("ssh-0 has podIP %q, hostIP %q, node %q", p.Status.PodIP, p.Status.HostIP, p.Spec.NodeName)
		}
		s, err := c.Client.CoreV1().Services("test").Get(ctx, "ssh", metav1.GetOptions{})
		must(t, err)
		if in := s.Status.LoadBalancer.Ingress; len(in) != 1 || in[0].IP != "198.51.100.17" || s.Spec.ClusterIP != "10.96.22.22" {
			t.Errorf("ssh has ingress %v, clusterIP %s", in, s.Spec.ClusterIP)
		}
		made, err := c.Client.DiscoveryV1().EndpointSlices("test").List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=http"})
		must(t, err)
		if len(made.Items) != 1 || made.Items[0].Name == "http-x7k2p" {
			t.Fatalf("http has %d slices: the controller makes one, under a name of its own", len(made.Items))
		}
		http, err := c.Client.CoreV1().Services("test").Get(ctx, "http", metav1.GetOptions{})
		must(t, err)
		if got, want := addresses(http, made.Items), []string{"10.244.1.10", "10.244.3.10"}; !slices.Equal(got, want) {
			t.Errorf("http has endpoints %v, not %v", got, want)
		}
	}
	look()
	c.RestartAPI()
	look()

	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig("nobody"))
	must(t, err)
	nobody, err := kubernetes.NewForConfig(config)
	must(t, err)
	if _, err := nobody.CoreV1().Pods("").List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("who has no role lists pods: %v", err)
	}
}
