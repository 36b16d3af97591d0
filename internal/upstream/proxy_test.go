package upstream

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/manifest"
)

const two = `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: app}
spec: {clusterIPs: [10.96.0.10], ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: mesh, namespace: app, labels: {service.kubernetes.io/service-proxy-name: somebody}}
spec: {clusterIPs: [10.96.0.11], ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: app, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [10.244.1.1], nodeName: n1}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: mesh-1, namespace: app, labels: {kubernetes.io/service-name: mesh}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [10.244.1.1], nodeName: n1}]
---
apiVersion: v1
kind: Service
metadata: {name: web6, namespace: app}
spec: {clusterIPs: ["fd00:96::10"], ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web6-1, namespace: app, labels: {kubernetes.io/service-name: web6}}
addressType: IPv6
ports: [{port: 8080}]
endpoints: [{addresses: ["fd00:1::1"], nodeName: n1}]
`

var one = Config{
	Mode: NFTables, Node: "n1",
	IPs:          []netip.Addr{netip.MustParseAddr("10.0.0.11"), netip.MustParseAddr("fd00:2::11")},
	ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16"), netip.MustParsePrefix("fd00:96::/112")},
}

func objects(t *testing.T, text string) Objects {
	t.Helper()
	in, err := manifest.Parse("test", []byte(text), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Convert(in.Snapshot)
}

// TestProxy connects through the rules of both modes, and through each change.
func TestProxy(t *testing.T) {
	for _, mode := range []Mode{NFTables, IPTables} {
		t.Run(string(mode), func(t *testing.T) {
			namespace(t, "10.0.0.11/32", "fd00:2::11/128", "10.244.1.1/32", "10.244.1.2/32", "fd00:1::1/128")
			say(t, "10.244.1.1:8080")
			say(t, "10.244.1.2:8080")
			say(t, "[fd00:1::1]:8080")
			o := objects(t, two)
			c := one
			c.Mode = mode
			p, err := Start(c, o)
			if err != nil {
				t.Fatal(err)
			}
			defer closed(t, p)
			if p.Cold <= 0 {
				t.Error("the first sync took no time")
			}
			heard(t, "10.96.0.10:80", "10.244.1.1:8080")
			heard(t, "[fd00:96::10]:80", "[fd00:1::1]:8080")
			heard(t, "10.96.0.11:80", "nothing")

			// The endpoint moves.
			web := o.Slices[0].DeepCopy()
			web.Endpoints[0].Addresses = []string{"10.244.1.2"}
			applied(t, p, Change{Set: Objects{Slices: append(o.Slices[:0:0], web)}})
			heard(t, "10.96.0.10:80", "10.244.1.2:8080")

			// The Service moves to another port.
			moved := o.Services[0].DeepCopy()
			moved.Spec.Ports[0].Port = 81
			applied(t, p, Change{Set: Objects{Services: append(o.Services[:0:0], moved)}})
			heard(t, "10.96.0.10:81", "10.244.1.2:8080")

			// Its only endpoint goes, then the Service.
			applied(t, p, Change{Gone: Objects{Slices: append(o.Slices[:0:0], web)}})
			heard(t, "10.96.0.10:81", "refused")
			applied(t, p, Change{Gone: Objects{Services: append(o.Services[:0:0], moved)}})
			heard(t, "[fd00:96::10]:80", "[fd00:1::1]:8080")
			if mode == NFTables {
				if got := nft(t, "", "list", "map", "ip", "kube-proxy", "no-endpoint-services"); strings.Contains(got, "10.96.0.10") {
					t.Errorf("the Service left something behind:\n%s", got)
				}
			}
		})
	}
}

// heard connects once and compares the first word that the server said.
func heard(t *testing.T, to, want string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", to, 300*time.Millisecond)
	got := "nothing"
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		got = "refused"
	case err == nil:
		defer c.Close() //nolint:errcheck // heard
		b, _ := io.ReadAll(c)
		got, _, _ = strings.Cut(string(b), " ")
	}
	if got != want {
		t.Errorf("%s: heard %s (%v), not %s", to, got, err, want)
	}
}

func applied(t *testing.T, p *Proxy, c Change) {
	t.Helper()
	if took, err := p.Apply(c); err != nil || took <= 0 {
		t.Fatalf("took %s: %v", took, err)
	}
}

func closed(t testing.TB, p *Proxy) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// TestNodes: one process starts kube-proxy in two namespaces, and neither in its
// own.
func TestNodes(t *testing.T) {
	before := nft(t, "", "list", "tables")
	for _, addr := range []string{"10.244.1.1", "10.244.1.2"} {
		t.Run(addr, func(t *testing.T) {
			namespace(t, addr+"/32")
			say(t, addr+":8080")
			o := objects(t, two)
			o.Slices[0].Endpoints[0].Addresses = []string{addr}
			p, err := Start(one, o)
			if err != nil {
				t.Fatal(err)
			}
			defer closed(t, p)
			heard(t, "10.96.0.10:80", addr+":8080")
		})
	}
	if after := nft(t, "", "list", "tables"); after != before {
		t.Errorf("the process's own namespace has new tables:\n%s", after)
	}
}

// TestFaults: what kube-proxy logs as an error is one, at the start and later.
func TestFaults(t *testing.T) {
	namespace(t)
	nft(t, "table ip kube-proxy {\n map service-ips { type ipv4_addr : ipv4_addr; }\n}\n", "-f", "-")
	p, err := Start(one, objects(t, two))
	if err == nil || !strings.Contains(err.Error(), "nftables sync failed") || !strings.Contains(err.Error(), "node n1") {
		t.Errorf("started: %v, error %v", p, err)
	}
	nft(t, "", "delete", "table", "ip", "kube-proxy")
	if p, err = Start(one, objects(t, two)); err != nil {
		t.Fatal(err)
	}
	defer closed(t, p)
	nft(t, "", "delete", "table", "ip", "kube-proxy")
	if _, err := p.Apply(Change{Gone: objects(t, two)}); err == nil {
		t.Error("a table that is gone is no error")
	}
	if _, err := Start(Config{Mode: "ipvs", Node: "n1"}, Objects{}); err == nil || !strings.Contains(err.Error(), "ipvs") {
		t.Errorf("a mode that is not there: %v", err)
	}
}

// leaves is set for the process of TestLeftBehind that ends without a word.
const leaves = "UPSTREAM_LEAVES"

// TestLeftBehind: kube-proxy ends with the process that started it, however that
// ends. Its orphan is this process's, the first of its pid namespace.
func TestLeftBehind(t *testing.T) {
	if os.Getenv(leaves) != "" {
		namespace(t)
		p, err := Start(one, Objects{})
		if err != nil {
			t.Fatal(err)
		}
		os.Stderr.WriteString(strconv.Itoa(p.cmd.Process.Pid) + "\n") //nolint:errcheck // or the test fails
		syscall.Kill(os.Getpid(), syscall.SIGKILL)                    //nolint:errcheck // or the test fails
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestLeftBehind$")
	cmd.Env = append(os.Environ(), leaves+"=1")
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Wait() //nolint:errcheck // it killed itself
	pid, err := strconv.Atoi(strings.TrimSpace(string(said)))
	if err != nil {
		t.Fatalf("no process id: %q", said)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		switch got, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil); {
		case err != nil:
			t.Fatalf("kube-proxy %d: %v", pid, err)
		case got == pid:
			return
		case time.Now().After(end):
			t.Fatalf("kube-proxy %d is still there", pid)
		}
	}
}

// TestConfigure: how the cluster says kube-proxy is started.
func TestConfigure(t *testing.T) {
	in, err := manifest.Parse("test", []byte(`
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {topology.kubernetes.io/zone: east}}
spec: {podCIDRs: [10.244.1.0/24, "fd00:1:0:1::/64"]}
status: {addresses: [{type: InternalIP, address: 10.0.0.11}, {type: InternalIP, address: "fd00:2::11"}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
spec: {podCIDRs: [10.244.2.0/24, "fd00:1:0:2::/64"]}
status: {addresses: [{type: ExternalIP, address: 192.0.2.2}]}
---
apiVersion: portolan.dev/v1alpha1
kind: Fabric
metadata: {name: lab}
spec: {dataplane: {proxy: kube-proxy-iptables, policy: none, masqueradeAll: true, serviceCIDRs: [10.96.0.0/16]}}
`), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	profile, err := cluster.Resolve(in.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Configure(in.Snapshot, profile, "n1")
	if err != nil {
		t.Fatal(err)
	}
	wide := []netip.Prefix{netip.MustParsePrefix("10.244.0.0/22"), netip.MustParsePrefix("fd00:1::/62")}
	if c.Mode != IPTables || c.Zone != "east" || !c.MasqueradeAll || len(c.IPs) != 2 || len(c.ServiceCIDRs) != 1 ||
		!slices.Equal(c.ClusterCIDRs, wide) {
		t.Errorf("got %+v", c)
	}
	if c, err = Configure(in.Snapshot, profile, "n2"); err != nil || c.IPs[0].String() != "192.0.2.2" {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, err = Configure(in.Snapshot, profile, "n3"); err == nil {
		t.Error("a node that is not there has a kube-proxy")
	}
}
