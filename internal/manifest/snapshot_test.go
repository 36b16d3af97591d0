package manifest

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// taken is a snapshot of the files, and what they say.
func taken(t *testing.T, key string, paths ...string) (*Input, string) {
	t.Helper()
	b := NewBuilder(Options{})
	if err := b.AddPaths(paths, Options{}); err != nil {
		t.Fatal(err)
	}
	in, err := b.Input()
	if err != nil {
		t.Fatal(err)
	}
	var d *Disguise
	if key != "" {
		d = NewDisguise([]byte(key))
	}
	var out bytes.Buffer
	if err := b.WriteSnapshot(&out, in, d); err != nil {
		t.Fatal(err)
	}
	return in, out.String()
}

// essence is a Snapshot without where it was read, what was not used, and what
// agents are told apart by.
func essence(t *testing.T, s *cluster.Snapshot) string {
	t.Helper()
	c := *s
	c.Ignored = nil
	c.Notes = slices.DeleteFunc(slices.Clone(c.Notes), func(r flow.Reason) bool { return r.Code == flow.CodeEndpointsConverted })
	text, err := json.Marshal(plainData(&c))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// inputs are the inputs of the repository.
func inputs(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, glob := range []string{"../../examples/shared-vip", "../../examples/upgrade/*", "testdata/*.yaml", "testdata/*.json"} {
		more, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, more...)
	}
	if len(all) < 3 {
		t.Fatalf("inputs: %q", all)
	}
	return all
}

// TestSnapshot: what a snapshot is read as is what it was taken of.
func TestSnapshot(t *testing.T) {
	for _, path := range inputs(t) {
		t.Run(path, func(t *testing.T) {
			if _, err := Load([]string{path}, Options{}); err != nil {
				t.Skip("an input that is refused")
			}
			was, text := taken(t, "", path)
			is, err := Parse("", []byte(text), Options{})
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if w, i := essence(t, was.Snapshot), essence(t, is.Snapshot); w != i {
				t.Errorf("was %s\n is %s", w, i)
			}
		})
	}
}

const private = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Node
  metadata: {name: host-alpha.acme.example, labels: {acme.example/rack: rack-seven, node-role.kubernetes.io/acme-edge: "", kubernetes.io/os: linux}, annotations: {flannel.alpha.coreos.com/backend-type: vxlan, flannel.alpha.coreos.com/backend-data: '{"VtepMAC":"aa"}', secret.example/x: tops3cret}}
  spec: {podCIDRs: [10.244.7.0/24]}
  status: {addresses: [{type: InternalIP, address: 192.168.77.13}], nodeInfo: {kubeletVersion: v1.37.2}}
- apiVersion: v1
  kind: Namespace
  metadata: {name: acme-payments}
- apiVersion: v1
  kind: Pod
  metadata: {name: payments-db-0, namespace: acme-payments, labels: {app: payments-db, customer: bigbank}}
  spec:
    nodeName: host-alpha.acme.example
    containers: [{name: db, image: registry.acme.example/db, env: [{name: PASSWORD, value: hunter22}], args: [--password=hunter22], ports: [{containerPort: 5432}]}]
  status: {phase: Running, podIP: 10.244.7.19, conditions: [{type: Ready, status: "True"}]}
- apiVersion: v1
  kind: Secret
  metadata: {name: db-secret, namespace: acme-payments}
  data: {password: aHVudGVyMjI=}
- apiVersion: v1
  kind: Service
  metadata: {name: payments-api, namespace: acme-payments, annotations: {metallb.io/loadBalancerIPs: 203.0.113.77}}
  spec: {type: LoadBalancer, clusterIP: 10.96.3.4, selector: {app: payments-db}, ports: [{port: 5432}], loadBalancerSourceRanges: [198.51.100.0/24]}
  status: {loadBalancer: {ingress: [{ip: 203.0.113.77}]}}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: only-bigbank, namespace: acme-payments, managedFields: [{manager: jane-laptop, time: "2026-01-01T00:00:00Z"}]}
  spec: {podSelector: {matchLabels: {customer: bigbank}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: acme-payments}}}, {ipBlock: {cidr: 192.168.77.0/24, except: [192.168.77.128/25]}}]}]}
`

// TestSnapshotHolds: nothing that no answer needs is in a snapshot, and nothing of
// the cluster's names and addresses in a disguised one.
func TestSnapshotHolds(t *testing.T) {
	name := filepath.Join(t.TempDir(), "private.yaml")
	if err := os.WriteFile(name, []byte(private), 0o600); err != nil {
		t.Fatal(err)
	}
	_, text := taken(t, "", name)
	for _, no := range []string{"hunter22", "PASSWORD", "db-secret", "aHVud", "tops3cret", "registry.acme", "Secret"} {
		if strings.Contains(text, no) {
			t.Errorf("%s is in the snapshot:\n%s", no, text)
		}
	}
	in, text := taken(t, "key", name)
	for _, no := range []string{
		"acme", "host-alpha", "payments", "bigbank", "rack", "jane", "only-", "customer", "10.244.7.19", "192.168.77", "203.0.113.77", "198.51.100", "10.96.3.4", "VtepMAC",
	} {
		if strings.Contains(text, no) {
			t.Errorf("%s is in the disguised snapshot:\n%s", no, text)
		}
	}
	out, err := Parse("", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	was, is := in.Snapshot, out.Snapshot
	p, q := was.NetworkPolicies[0], is.NetworkPolicies[0]
	if got := is.Namespaces[0].Labels[labelNamespaceName]; got != is.Pods[0].Namespace || got != q.Ingress[0].Peers[0].NamespaceSelector.MatchLabels[labelNamespaceName] {
		t.Errorf("the namespace is %q, %q", got, is.Pods[0].Namespace)
	}
	if !q.PodSelector.Matches(is.Pods[0].Labels) || !p.PodSelector.Matches(was.Pods[0].Labels) {
		t.Error("the policy selects the pod no longer")
	}
	block := q.Ingress[0].Peers[1].IPBlock
	if !block.CIDR.Contains(is.Nodes[0].InternalIPs[0]) || block.Except[0].Contains(is.Nodes[0].InternalIPs[0]) || !block.CIDR.Contains(block.Except[0].Addr()) {
		t.Errorf("%v does not hold %v", block, is.Nodes[0].InternalIPs)
	}
	if _, again := taken(t, "key", name); again != text {
		t.Error("the same key gives another snapshot")
	}
	if _, other := taken(t, "other", name); other == text {
		t.Error("another key gives the same snapshot")
	}
}

// TestDisguiseAddresses: ranges hold what they held, and special addresses stay.
func TestDisguiseAddresses(t *testing.T) {
	d := NewDisguise([]byte("k"))
	d.rigid = parsePrefixes("10.244.1.0/24", "fd00:1::/64")
	var all []netip.Addr
	for _, s := range []string{
		"10.244.1.0", "10.244.1.1", "10.244.2.1", "10.0.0.1", "192.168.1.7", "203.0.113.9", "203.0.113.10", "8.8.8.8", "172.16.5.4",
		"fd00:1::", "fd00:1::1", "fd00:2::1", "2001:db8::1", "2001:db8:1::1", "2600::1",
	} {
		all = append(all, netip.MustParseAddr(s))
	}
	common := func(a, b netip.Addr) int {
		for n := a.BitLen(); n > 0; n-- {
			if netip.PrefixFrom(a, n).Contains(b) {
				return n
			}
		}
		return 0
	}
	for _, a := range all {
		if a.IsPrivate() != d.addr(a).IsPrivate() || !d.addr(a).IsGlobalUnicast() {
			t.Errorf("%s became %s", a, d.addr(a))
		}
		for _, b := range all {
			if a.Is4() == b.Is4() && common(a, b) != common(d.addr(a), d.addr(b)) {
				t.Errorf("%s and %s became %s and %s", a, b, d.addr(a), d.addr(b))
			}
		}
	}
	if p := d.prefix(d.rigid[0]); d.addr(netip.MustParseAddr("10.244.1.1")) != p.Addr().Next() {
		t.Errorf("the first address of a pod range became %s of %s", d.addr(netip.MustParseAddr("10.244.1.1")), p)
	}
	for _, s := range []string{"127.0.0.1", "169.254.20.10", "0.0.0.0", "::1", "fe80::1", "224.0.0.1", "198.18.0.7"} {
		if a := netip.MustParseAddr(s); d.addr(a) != a {
			t.Errorf("%s became %s", a, d.addr(a))
		}
	}
	if p := netip.MustParsePrefix("0.0.0.0/0"); d.prefix(p) != p {
		t.Errorf("%s became %s", p, d.prefix(p))
	}
	r := cluster.AddressRange{First: netip.MustParseAddr("192.0.2.3"), Last: netip.MustParseAddr("192.0.2.9")}
	if got := cidrs(r); !reflect.DeepEqual(got, parsePrefixes("192.0.2.3/32", "192.0.2.4/30", "192.0.2.8/31")) {
		t.Errorf("%s is made of %v", r, got)
	}
}
