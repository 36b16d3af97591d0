package kube

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/kubetest"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
)

// facts are objects that tell of nodes what Nodes do not.
const facts = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: kubeadm-config, namespace: kube-system}
  data: {ClusterConfiguration: "networking: {podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/12}"}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: kube-flannel-cfg, namespace: kube-flannel}
  data: {net-conf.json: '{"Network": "10.244.0.0/16", "Backend": {"Type": "vxlan"}}'}
- apiVersion: apps/v1
  kind: DaemonSet
  metadata: {name: kube-flannel-ds, namespace: kube-flannel}
  spec:
    selector: {matchLabels: {app: flannel}}
    template:
      metadata: {labels: {app: flannel}}
      spec: {hostNetwork: true, containers: [{name: a, image: flannel, args: [--ip-masq, --kube-subnet-mgr]}]}
  status: {desiredNumberScheduled: 3, observedGeneration: 1}
- apiVersion: crd.projectcalico.org/v1
  kind: IPPool
  metadata: {name: default-ipv4-ippool}
  spec: {cidr: 192.168.0.0/16, natOutgoing: true, vxlanMode: CrossSubnet}
- apiVersion: crd.projectcalico.org/v1
  kind: FelixConfiguration
  metadata: {name: default}
  spec: {natOutgoingExclusions: IPPoolsAndHostIPs}
- apiVersion: networking.k8s.io/v1
  kind: ServiceCIDR
  metadata: {name: kubernetes}
  spec: {cidrs: [10.96.0.0/12]}
`

// serveFacts is a server of the example with the facts, and their dump.
func serveFacts(t *testing.T) (*kubetest.Server, *cluster.Snapshot) {
	t.Helper()
	s := kubetest.New(t, example)
	s.Add(t, facts)
	dump := filepath.Join(t.TempDir(), "facts.yaml")
	if err := os.WriteFile(dump, []byte(facts), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := manifest.Load([]string{example, dump}, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s, in.Snapshot
}

// TestFacts: what these objects tell is the same live and in a dump.
func TestFacts(t *testing.T) {
	for _, older := range []bool{false, true} {
		s, dump := serveFacts(t)
		s.Older = older
		live, r := read(t, s)
		if len(r.Unread) > 0 || len(live.Clues) < 6 {
			t.Errorf("unread %v, clues %v", r.Unread, live.Clues)
		}
		same(t, &cluster.Snapshot{Clues: live.Clues}, &cluster.Snapshot{Clues: dump.Clues})
		d := cluster.Detect(live)
		if d.PodNetwork != cluster.PodNetworkVXLAN || d.Egress != cluster.EgressMasqueradeNodesToo || len(d.ClusterCIDRs) != 1 || len(d.ServiceCIDRs) != 1 {
			t.Errorf("detected %+v", d)
		}
	}
}

// TestCalicoTwice: Calico's API server shows the same pools under a second group;
// they are read once, and where there is only the second, from there.
func TestCalicoTwice(t *testing.T) {
	other := strings.ReplaceAll(facts, "crd.projectcalico.org/v1", "projectcalico.org/v3")
	for name, text := range map[string][]string{"both": {facts, other}, "the second": {other}} {
		s := kubetest.New(t, example)
		for _, one := range text {
			s.Add(t, one)
		}
		live, _ := read(t, s)
		pools := slices.DeleteFunc(slices.Clone(live.Clues), func(c cluster.Clue) bool { return c.Object.Kind != cluster.KindIPPool })
		if len(pools) != 1 || pools[0].Settings["cidr"] != "192.168.0.0/16" {
			t.Errorf("%s: %+v", name, pools)
		}
		if n := len(slices.DeleteFunc(s.Asked(), func(a string) bool { return !strings.HasSuffix(a, "/ippools") })); n != 1 {
			t.Errorf("%s: pools were asked for %d times", name, n)
		}
	}
}

// TestFactsForbidden: who may not read them has facts assumed, a note that says what
// was not read, and answers that are not UNKNOWN for it.
func TestFactsForbidden(t *testing.T) {
	for _, resource := range []string{"servicecidrs.networking.k8s.io", "ippools.crd.projectcalico.org", "felixconfigurations.crd.projectcalico.org", "configmaps"} {
		s, _ := serveFacts(t)
		verb := "list"
		if resource == "configmaps" {
			verb = "get"
		}
		s.Forbid(verb, resource)
		live, r := read(t, s)
		if len(r.Unread) == 0 || !r.Unread[0].Forbidden || !slices.ContainsFunc(live.Notes, func(n flow.Reason) bool {
			return n.Code == flow.CodeLiveForbidden && strings.HasPrefix(n.Args[1], resource)
		}) {
			t.Errorf("%s: unread %v, notes %v", resource, r.Unread, live.Notes)
		}
		m, err := model.Compile(live)
		if err != nil {
			t.Fatal(err)
		}
		if len(live.Foreign) > 0 || m.Lacks("Node") || m.Lacks("Pod") || m.Lacks("Service") || m.Lacks("EndpointSlice") {
			t.Errorf("%s: foreign %v, absent %v", resource, live.Foreign, live.Absent)
		}
	}
}

// TestFactsRights: each of them is in the table of rights, and `auth` asks only for
// what the server has.
func TestFactsRights(t *testing.T) {
	has := func(rights []Right, verb, resource string) bool {
		return slices.ContainsFunc(rights, func(r Right) bool { return r.Verb == verb && r.String() == verb+" "+resource })
	}
	all := EveryRight()
	for _, resource := range []string{
		"servicecidrs.networking.k8s.io", "ippools.crd.projectcalico.org", "felixconfigurations.crd.projectcalico.org",
		"ippools.projectcalico.org", "felixconfigurations.projectcalico.org",
	} {
		if !has(all, "list", resource) {
			t.Errorf("no right to list %s", resource)
		}
	}
	config := all[slices.IndexFunc(all, func(r Right) bool { return r.Resource == "configmaps" })]
	for _, name := range []string{"kubeadm-config", "kube-flannel-cfg", "canal-config"} {
		if !slices.Contains(config.Names, name) {
			t.Errorf("no right to get %s", name)
		}
	}
	_, plain := read(t, kubetest.New(t, example))
	if some := Rights(plain.Resources); has(some, "list", "ippools.crd.projectcalico.org") || has(some, "list", "servicecidrs.networking.k8s.io") {
		t.Errorf("rights to what is not served: %v", some)
	}
}
