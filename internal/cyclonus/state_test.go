package cyclonus

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/connectivity/probe"
	"github.com/mattfenwick/cyclonus/pkg/generator"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/manifest"
)

// family is the addresses that the pods of a run have.
type family struct {
	name string
	pod  func(node, number int) netip.Addr
	yaml string // nodes and the Fabric
}

// Node n1 has 10.244.1.0/24, n2 10.244.2.0/24, and likewise in IPv6. Of the
// pods on n1 the later ones fall into the block that Cyclonus excepts, so that
// its address blocks tell pods apart.
var families = []family{
	{
		"IPv4",
		func(node, number int) netip.Addr {
			return netip.AddrFrom4([4]byte{10, 244, byte(node), byte(10 + 4*number)})
		},
		objects("10.0.0.1%d", "10.244.%d.0/24", "10.244.0.0/16"),
	},
	{
		"IPv6",
		func(node, number int) netip.Addr {
			return netip.AddrFrom16([16]byte{0: 0xfd, 3: 1, 7: byte(node), 15: byte(10 + 4*number)})
		},
		objects("fd00:2::%d", "fd00:1:0:%d::/64", "fd00:1::/48"),
	},
}

func objects(address, cidr, pods string) string {
	text := ""
	for n := 1; n <= 2; n++ {
		text += fmt.Sprintf(`apiVersion: v1
kind: Node
metadata: {name: n%d}
spec: {podCIDR: "%s"}
status: {addresses: [{type: InternalIP, address: "%s"}], conditions: [{type: Ready, status: "True"}]}
---
`, n, fmt.Sprintf(cidr, n), fmt.Sprintf(address, n))
	}
	return text + fmt.Sprintf(`apiVersion: portolan.dev/v1alpha1
kind: Fabric
metadata: {name: lab}
spec: {dataplane: {profile: generic, podNetwork: routed, clusterCIDRs: ["%s"]}}
`, pods)
}

// state is a cluster between two steps of a case, as Cyclonus keeps it.
type state struct {
	family
	resources *probe.Resources
	policies  []*networkingv1.NetworkPolicy
	nodes     map[string]string // of pods, by NS/NAME
}

// newState is what `cyclonus generate` starts with by default: three
// namespaces, three pods each, two ports, three protocols.
func newState(f family) *state {
	s := &state{family: f, resources: &probe.Resources{Namespaces: map[string]map[string]string{}}, nodes: map[string]string{}}
	for _, ns := range []string{"x", "y", "z"} {
		s.resources.Namespaces[ns] = map[string]string{"ns": ns, corev1.LabelMetadataName: ns}
		for _, name := range []string{"a", "b", "c"} {
			protocols := []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP, corev1.ProtocolSCTP}
			s.resources.Pods = append(s.resources.Pods, probe.NewDefaultPod(ns, name, []int{80, 81}, protocols, false, "registry.k8s.io"))
		}
	}
	s.place()
	return s
}

// place gives every new pod a node and an address.
func (s *state) place() {
	for _, p := range s.resources.Pods {
		key := p.PodString().String()
		if _, there := s.nodes[key]; !there {
			number := len(s.nodes)
			node := 1 + number%2
			s.nodes[key], p.IP = fmt.Sprint("n", node), s.pod(node, number).String()
		}
	}
}

// act does what Cyclonus' interpreter does for an action.
func (s *state) act(t *testing.T, a *generator.Action) {
	t.Helper()
	r, err := s.resources, error(nil)
	switch {
	case a.CreatePolicy != nil:
		s.policies = append(s.policies, a.CreatePolicy.Policy)
	case a.UpdatePolicy != nil:
		s.policies[s.find(t, a.UpdatePolicy.Policy.Namespace, a.UpdatePolicy.Policy.Name)] = a.UpdatePolicy.Policy
	case a.DeletePolicy != nil:
		i := s.find(t, a.DeletePolicy.Namespace, a.DeletePolicy.Name)
		s.policies = slices.Delete(s.policies, i, i+1)
	case a.CreateNamespace != nil:
		r, err = r.CreateNamespace(a.CreateNamespace.Namespace, a.CreateNamespace.Labels)
	case a.SetNamespaceLabels != nil:
		r, err = r.UpdateNamespaceLabels(a.SetNamespaceLabels.Namespace, a.SetNamespaceLabels.Labels)
	case a.DeleteNamespace != nil:
		r, err = r.DeleteNamespace(a.DeleteNamespace.Namespace)
	case a.CreatePod != nil:
		r, err = r.CreatePod(a.CreatePod.Namespace, a.CreatePod.Pod, a.CreatePod.Labels)
	case a.SetPodLabels != nil:
		r, err = r.SetPodLabels(a.SetPodLabels.Namespace, a.SetPodLabels.Pod, a.SetPodLabels.Labels)
	case a.DeletePod != nil:
		r, err = r.DeletePod(a.DeletePod.Namespace, a.DeletePod.Pod)
	default:
		t.Fatalf("an action that nobody knows: %+v", a)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.resources = r
	s.place()
}

func (s *state) find(t *testing.T, namespace, name string) int {
	t.Helper()
	i := slices.IndexFunc(s.policies, func(p *networkingv1.NetworkPolicy) bool { return p.Namespace == namespace && p.Name == name })
	if i < 0 {
		t.Fatalf("no policy %s/%s", namespace, name)
	}
	return i
}

// snapshot reads the cluster from the JSON that kubectl would print of it.
func (s *state) snapshot(t *testing.T) *cluster.Snapshot {
	t.Helper()
	b := manifest.NewBuilder(manifest.Options{})
	add := func(text []byte) {
		if err := b.Add("case", text); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	object := func(o any) {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		add(text)
	}
	add([]byte(s.yaml))
	for name, labels := range s.resources.Namespaces {
		ns := probe.KubeNamespace(name, labels)
		ns.APIVersion, ns.Kind = "v1", "Namespace"
		object(ns)
	}
	for _, p := range s.resources.Pods {
		pod := p.KubePod()
		pod.APIVersion, pod.Kind = "v1", "Pod"
		pod.Spec.NodeName = s.nodes[p.PodString().String()]
		pod.Status = corev1.PodStatus{
			Phase: corev1.PodRunning, PodIP: p.IP, PodIPs: []corev1.PodIP{{IP: p.IP}},
			Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		}
		object(pod)
	}
	for _, p := range s.policies {
		np := *p
		np.APIVersion, np.Kind = "networking.k8s.io/v1", "NetworkPolicy"
		object(np)
	}
	in, err := b.Input()
	if err != nil {
		t.Fatal(err)
	}
	return in.Snapshot
}
