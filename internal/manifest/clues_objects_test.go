package manifest

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

const telltales = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Node
  metadata: {name: n1, annotations: {projectcalico.org/IPv4Address: 192.168.77.13/24}}
  spec: {podCIDRs: [10.244.7.0/24]}
  status: {addresses: [{type: InternalIP, address: 192.168.77.13}]}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: kubeadm-config, namespace: kube-system}
  data:
    ClusterConfiguration: |
      clusterName: acme
      controlPlaneEndpoint: api.acme.example:6443
      apiServer: {extraArgs: [{name: oidc-client-secret, value: tops3cret}]}
      networking: {dnsDomain: acme.local, podSubnet: "10.244.0.0/16,fd00:10::/56", serviceSubnet: 10.111.0.0/16}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: kube-flannel-cfg, namespace: kube-flannel}
  data:
    net-conf.json: '{"Network": "10.244.0.0/16", "Backend": {"Type": "ali-vpc", "AccessKeyID": "tops3cret", "AccessKeySecret": "tops3cret", "DirectRouting": true}}'
    cni-conf.json: '{"plugins": [{"type": "flannel", "delegate": {"hairpinMode": true}}, {"type": "portmap"}]}'
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: kube-proxy, namespace: kube-system}
  data: {config.conf: "clusterCIDR: 10.244.0.0/16\nmode: iptables\n"}
- apiVersion: crd.projectcalico.org/v1
  kind: IPPool
  metadata: {name: acme-pool, uid: tops3cret}
  spec: {cidr: 10.244.0.0/17, natOutgoing: true, vxlanMode: CrossSubnet, ipipMode: Never, nodeSelector: "acme == 'tops3cret'", allowedUses: [Workload, Tunnel], disabled: false}
- apiVersion: crd.projectcalico.org/v1
  kind: FelixConfiguration
  metadata: {name: default}
  spec: {bpfEnabled: false, natOutgoingAddress: 192.168.77.99, logSeverityScreen: tops3cret}
- apiVersion: networking.k8s.io/v1
  kind: ServiceCIDR
  metadata: {name: kubernetes}
  spec: {cidrs: [10.111.0.0/16, "fd00:11::/112"]}
`

// settings are those of an object of the input.
func settings(t *testing.T, s *cluster.Snapshot, object string) map[string]string {
	t.Helper()
	for _, c := range s.Clues {
		if c.Object.String() == object {
			return c.Settings
		}
	}
	t.Fatalf("no %s in %+v", object, s.Clues)
	return nil
}

// Fields by their names in the references of each kind.
func TestClueObjects(t *testing.T) {
	s := parse(t, telltales).Snapshot
	for _, tt := range []struct{ object, name, want string }{
		{"ConfigMap/kube-system/kubeadm-config", "networking.podSubnet", "10.244.0.0/16,fd00:10::/56"},
		{"ConfigMap/kube-system/kubeadm-config", "networking.serviceSubnet", "10.111.0.0/16"},
		{"ConfigMap/kube-flannel/kube-flannel-cfg", "Backend.Type", "ali-vpc"},
		{"ConfigMap/kube-flannel/kube-flannel-cfg", "Backend.DirectRouting", "true"},
		{"ConfigMap/kube-flannel/kube-flannel-cfg", "Network", "10.244.0.0/16"},
		{"ConfigMap/kube-flannel/kube-flannel-cfg", "plugins.delegate.hairpinMode", "true"},
		{"IPPool/acme-pool", "cidr", "10.244.0.0/17"},
		{"IPPool/acme-pool", "natOutgoing", "true"},
		{"IPPool/acme-pool", "vxlanMode", "CrossSubnet"},
		{"IPPool/acme-pool", "allowedUses", "Workload,Tunnel"},
		{"FelixConfiguration/default", "natOutgoingAddress", "192.168.77.99"},
		{"ServiceCIDR/kubernetes", "cidrs", "10.111.0.0/16,fd00:11::/112"},
	} {
		if got := settings(t, s, tt.object)[tt.name]; got != tt.want {
			t.Errorf("%s: %s is %q", tt.object, tt.name, got)
		}
	}
	if n := len(settings(t, s, "ConfigMap/kube-system/kubeadm-config")); n != 2 || len(s.Ignored) > 0 {
		t.Errorf("%d settings of kubeadm, ignored %v", n, s.Ignored)
	}
}

// What somebody else calls an IPPool is not Calico's, what has another type than it
// should is passed over, and kubeadm's ConfigMap is in one namespace.
func TestClueOthers(t *testing.T) {
	s := parse(t, "apiVersion: whereabouts.cni.cncf.io/v1alpha1\nkind: IPPool\nmetadata: {name: a, namespace: b}\nspec: {range: 10.0.0.0/8}\n---\n"+
		"apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: odd}\nspec: {cidr: {a: b}, natOutgoing: [x], allowedUses: Workload}\n---\n"+
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kubeadm-config, namespace: app}\ndata: {ClusterConfiguration: \"networking: {podSubnet: 10.0.0.0/8}\"}\n").Snapshot
	if len(s.Clues) != 1 || len(s.Clues[0].Settings) != 0 || len(s.Ignored) != 2 {
		t.Errorf("clues %+v, ignored %v", s.Clues, s.Ignored)
	}
}

// A snapshot holds the fields that are read and no others, and disguises ranges as
// it disguises the addresses within them.
func TestClueSnapshot(t *testing.T) {
	name := filepath.Join(t.TempDir(), "in.yaml")
	if err := os.WriteFile(name, []byte(telltales), 0o600); err != nil {
		t.Fatal(err)
	}
	was, text := taken(t, "", name)
	is, err := Parse("", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if w, i := essence(t, was.Snapshot), essence(t, is.Snapshot); w != i {
		t.Errorf("was %s\n is %s", w, i)
	}
	for _, no := range []string{"tops3cret", "acme.", "AccessKey", "nodeSelector"} {
		if strings.Contains(text, no) {
			t.Errorf("%s is in the snapshot:\n%s", no, text)
		}
	}
	_, text = taken(t, "key", name)
	for _, no := range []string{"acme", "10.111.", "192.168.77", "fd00:11:"} {
		if strings.Contains(text, no) {
			t.Errorf("%s is in the disguised snapshot:\n%s", no, text)
		}
	}
	in, err := Parse("", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := in.Snapshot
	p := netip.MustParsePrefix(settings(t, s, "ConfigMap/kube-system/kube-proxy")["clusterCIDR"])
	if p.Bits() != 16 || p != p.Masked() || !p.Contains(s.Nodes[0].PodCIDRs[0].Addr()) {
		t.Errorf("kube-proxy's range %v does not hold %v", p, s.Nodes[0].PodCIDRs)
	}
	d := cluster.Detect(s)
	if len(d.ServiceCIDRs) != 2 || d.ServiceCIDRs[0].Bits() != 16 || settings(t, s, "ServiceCIDR/kubernetes")["cidrs"] == settings(t, was.Snapshot, "ServiceCIDR/kubernetes")["cidrs"] {
		t.Errorf("the Services' ranges are %v", d.ServiceCIDRs)
	}
	if own := netip.MustParsePrefix(s.Nodes[0].Annotations["projectcalico.org/IPv4Address"]); own.Addr() != s.Nodes[0].InternalIPs[0] || own.Bits() != 24 {
		t.Errorf("the node's subnet is %v, its address %v", own, s.Nodes[0].InternalIPs)
	}
}

// A FelixConfiguration of one node stays one ("node.<nodename>"), of the same node, and
// what it sets is said to be not modelled.
func TestDisguiseFelixOfNode(t *testing.T) {
	name := filepath.Join(t.TempDir(), "in.yaml")
	text := "apiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata: {name: node.edge7}\nspec: {bpfEnabled: true}\n---\n" +
		"apiVersion: v1\nkind: Node\nmetadata: {name: edge7}\n"
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, text = taken(t, "key", name)
	in, err := Parse("", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := in.Snapshot
	if strings.Contains(text, "edge7") || s.Clues[0].Object.Name != "node."+s.Nodes[0].Name {
		t.Errorf("%s", text)
	}
	if why := cluster.Detect(s).Why; len(why) != 1 || why[0].Code != flow.CodeDetectedUnmodelled {
		t.Errorf("%v", why)
	}
}
