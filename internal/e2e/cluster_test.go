package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// patience bounds every wait for a condition, on a machine busy with other work.
const patience = 3 * time.Minute

// users are who the API server knows, and their groups. What each may do is said by
// the roles that the API server makes by itself; nobody may do nothing.
var users = map[string][]string{
	"admin":             {"system:masters"},
	"nobody":            nil,
	"system:kube-proxy": nil,
	"system:serviceaccount:kube-system:endpointslice-controller": {"system:serviceaccounts"},
}

// Cluster is an API server with its etcd and the EndpointSlice controller, on the
// loopback addresses of the tests' network namespace. It ends with the test.
type Cluster struct {
	t      testing.TB
	dir    string            // keys, data, logs, kubeconfigs
	port   int               // the API server's
	etcd   string            // a URL
	tokens map[string]string // of the users
	parts  []*process
	api    *process
	http   http.Client

	Config  *rest.Config // the admin's
	Client  *kubernetes.Clientset
	Dynamic *dynamic.DynamicClient
	mapper  meta.ResettableRESTMapper
}

// start makes a cluster without any object but the API server's own, and waits until
// it is ready. With -short the test is skipped.
func start(t testing.TB) *Cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: no API server")
	}
	dir, err := os.MkdirTemp("", "portolan-e2e-")
	must(t, err)
	c := &Cluster{t: t, dir: dir, tokens: map[string]string{}, port: freePort(t)}
	t.Cleanup(c.stop)
	must(t, writeKeys(dir))
	must(t, c.writeTokens())
	c.http.Transport = &http.Transport{TLSClientConfig: c.tls(), DisableKeepAlives: true}
	c.etcd = fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	c.launch("etcd", filepath.Join(dir, "etcd"), c.etcd, fmt.Sprintf("http://127.0.0.1:%d", freePort(t)))
	c.startAPI()
	c.connect()
	c.launch("endpointslice-controller", c.Kubeconfig("system:serviceaccount:kube-system:endpointslice-controller"))
	return c
}

// must ends the test.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// freePort is a TCP port of the loopback address. Nobody but us is in the namespace.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close() //nolint:errcheck // a listener
	at, err := netip.ParseAddrPort(l.Addr().String())
	must(t, err)
	return int(at.Port())
}

func (c *Cluster) file(name string) string { return filepath.Join(c.dir, name) }

// writeTokens gives every user a token.
func (c *Cluster) writeTokens() error {
	var b strings.Builder
	for _, u := range slices.Sorted(maps.Keys(users)) {
		c.tokens[u] = newToken()
		fmt.Fprintf(&b, "%s,%s,%s,\"%s\"\n", c.tokens[u], u, u, strings.Join(users[u], ","))
	}
	return os.WriteFile(c.file("tokens.csv"), []byte(b.String()), 0o600)
}

func (c *Cluster) tls() *tls.Config {
	c.t.Helper()
	cert, err := os.ReadFile(c.file("tls.crt"))
	must(c.t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// launch starts a part of the cluster that ends with it.
func (c *Cluster) launch(name string, args ...string) *process {
	c.t.Helper()
	p, err := launch(c.dir, name, args...)
	must(c.t, err)
	c.parts = append(c.parts, p)
	return p
}

// startAPI starts the API server and waits until it is ready.
func (c *Cluster) startAPI() {
	c.t.Helper()
	c.api = c.launch("kube-apiserver",
		"--etcd-servers="+c.etcd,
		"--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", c.port),
		// Nobody comes by the Service kubernetes: a loopback address is no endpoint.
		"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
		"--cert-dir="+c.dir, "--tls-cert-file="+c.file("tls.crt"), "--tls-private-key-file="+c.file("tls.key"),
		"--token-auth-file="+c.file("tokens.csv"), "--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+c.file("sa.key"), "--service-account-signing-key-file="+c.file("sa.key"),
		"--service-cluster-ip-range=10.96.0.0/12,fd00:10:96::/108",
		// It waits for ServiceAccounts that a controller makes, which is not here.
		"--disable-admission-plugins=ServiceAccount",
	)
	c.until("kube-apiserver is ready", c.ready)
}

// RestartAPI kills the API server and starts it again on the same data. Whoever
// watched has to come again.
func (c *Cluster) RestartAPI() {
	c.t.Helper()
	c.StopAPI()
	c.startAPI()
}

// StopAPI kills the API server; RestartAPI brings it back.
func (c *Cluster) StopAPI() {
	if c.api != nil {
		c.api.kill()
	}
	c.api = nil
}

// ready says what is missing until the API server and all that it starts with are
// ready.
func (c *Cluster) ready() error {
	req, err := http.NewRequest(http.MethodGet, c.url()+"/readyz?verbose", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.tokens["admin"])
	r, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer r.Body.Close() //nolint:errcheck // read only
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		return err
	}
	if r.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", r.Status, &b)
	}
	return nil
}

func (c *Cluster) url() string { return fmt.Sprintf("https://127.0.0.1:%d", c.port) }

// until waits until a condition is no error any more, and ends the test where a part
// of the cluster ends before, or the condition takes too long.
func (c *Cluster) until(what string, condition func() error) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := condition()
		if err == nil {
			return
		}
		for _, p := range c.parts {
			if p.name != "kube-apiserver" || p == c.api {
				select {
				case <-p.ended:
					c.t.Fatalf("%s ended before: %s", p.name, what)
				default:
				}
			}
		}
		select {
		case <-ctx.Done():
			c.t.Fatalf("not in %v: %s: %v", patience, what, err)
		case <-again.C:
		}
	}
}

// connect makes the admin's clients.
func (c *Cluster) connect() {
	c.t.Helper()
	cert, err := os.ReadFile(c.file("tls.crt"))
	must(c.t, err)
	c.Config = &rest.Config{
		Host: c.url(), BearerToken: c.tokens["admin"], TLSClientConfig: rest.TLSClientConfig{CAData: cert},
		QPS: -1, // no limit of its own
	}
	c.Client, err = kubernetes.NewForConfig(c.Config)
	must(c.t, err)
	c.Dynamic, err = dynamic.NewForConfig(c.Config)
	must(c.t, err)
	d, err := discovery.NewDiscoveryClientForConfig(c.Config)
	must(c.t, err)
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(d))
}

// Kubeconfig is a file with which a user comes to the API server.
func (c *Cluster) Kubeconfig(user string) string {
	c.t.Helper()
	token, ok := c.tokens[user]
	if !ok {
		c.t.Fatalf("no user %s", user)
	}
	return c.writeKubeconfig(user, c.url(), token)
}

func (c *Cluster) writeKubeconfig(name, url, token string) string {
	c.t.Helper()
	file := c.file(strings.ReplaceAll(name, ":", "-") + ".kubeconfig")
	must(c.t, os.WriteFile(file, fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: e2e
clusters:
- name: e2e
  cluster: {server: %q, certificate-authority: %q}
users:
- name: %q
  user: {token: %q}
contexts:
- name: e2e
  context: {cluster: e2e, user: %q}
`, url, c.file("tls.crt"), name, token, name), 0o600))
	return file
}

// stop ends all parts. Of a test that failed, what they said is kept.
func (c *Cluster) stop() {
	for _, p := range slices.Backward(c.parts) {
		p.kill()
	}
	if !c.t.Failed() {
		_ = os.RemoveAll(c.dir) // a temporary directory
		return
	}
	c.t.Logf("logs and data are kept in %s", c.dir)
	for _, p := range c.parts {
		c.t.Log(p.lastWords())
	}
}
