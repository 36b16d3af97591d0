package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/kubetest"
	"github.com/portolan-net/portolan/internal/manifest"
)

const example = "../../examples/shared-vip/cluster.yaml"

// open is a client of the server that does not wait.
func open(t testing.TB, s *kubetest.Server) *Client {
	t.Helper()
	c, err := Open(Flags{Kubeconfig: s.Kubeconfig(t)})
	if err != nil {
		t.Fatal(err)
	}
	c.waits = func(int) time.Duration { return time.Millisecond }
	return c
}

func read(t testing.TB, s *kubetest.Server) (*cluster.Snapshot, *Reading) {
	t.Helper()
	r, err := open(t, s).Read(context.Background(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	in, err := r.Input()
	if err != nil {
		t.Fatal(err)
	}
	return in.Snapshot, r
}

// fromFile is the same objects read from their dump, without the lines, and in the
// order of the lists.
func fromFile(t *testing.T, name string) *cluster.Snapshot {
	t.Helper()
	in, err := manifest.Load([]string{name}, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return in.Snapshot
}

// nowhere takes every position out of a value.
func nowhere(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			nowhere(v.Elem())
		}
	case reflect.Struct:
		if p, ok := v.Addr().Interface().(*flow.Position); ok {
			*p = flow.Position{}
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				nowhere(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			nowhere(v.Index(i))
		}
	default:
	}
}

func same(t *testing.T, got, want *cluster.Snapshot) {
	t.Helper()
	nowhere(reflect.ValueOf(got))
	nowhere(reflect.ValueOf(want))
	g, err := json.MarshalIndent(got, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	w, err := json.MarshalIndent(want, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if string(g) != string(w) {
		t.Errorf("of the cluster:\n%s\nof the dump:\n%s", g, w)
	}
}

// TestRead: what is read of a cluster is its dump, in whatever chunks it comes, and
// with the discovery of old servers too.
func TestRead(t *testing.T) {
	for _, chunk := range []int{0, 1, 2} {
		for _, older := range []bool{false, true} {
			t.Run(fmt.Sprintf("chunk %d, older %v", chunk, older), func(t *testing.T) {
				s := kubetest.New(t, example)
				s.Chunk, s.Older = chunk, older
				got, r := read(t, s)
				if len(r.Unread)+len(r.Notes) > 0 {
					t.Errorf("unread %v, notes %v", r.Unread, r.Notes)
				}
				same(t, got, fromFile(t, example))
			})
		}
	}
}

// TestNeverAsked: Secrets are never read, nor ConfigMaps but by their names, nor
// Endpoints beside EndpointSlices.
func TestNeverAsked(t *testing.T) {
	s := kubetest.New(t, example)
	read(t, s)
	for _, a := range s.Asked() {
		if strings.Contains(a, "secrets") || strings.HasSuffix(a, "/configmaps") || strings.HasSuffix(a, "/endpoints") || !strings.HasPrefix(a, "GET ") {
			t.Errorf("asked %s", a)
		}
	}
	if !slices.Contains(s.Asked(), "GET /api/v1/namespaces/kube-system/configmaps/kube-proxy") {
		t.Errorf("kube-proxy's ConfigMap was not asked for: %q", s.Asked())
	}
}

// TestEndpoints are read where no EndpointSlices are served.
func TestEndpoints(t *testing.T) {
	s := kubetest.New(t, example)
	s.Remove("endpointslices.discovery.k8s.io")
	read(t, s)
	if !slices.Contains(s.Asked(), "GET /api/v1/endpoints") {
		t.Errorf("asked %q", s.Asked())
	}
}

// TestConfig: the ConfigMap of an agent is read where the agent runs.
func TestConfig(t *testing.T) {
	s := kubetest.New(t, example)
	s.Add(t, `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: cilium, namespace: net}
spec:
  selector: {matchLabels: {k8s-app: cilium}}
  template:
    metadata: {labels: {k8s-app: cilium}}
    spec: {hostNetwork: true, containers: [{name: a, image: quay.io/cilium/cilium:v1.18}]}
status: {desiredNumberScheduled: 3}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: net}
data: {kube-proxy-replacement: "true", routing-mode: native, secret: x}
`)
	got, _ := read(t, s)
	d := cluster.Detect(got)
	if d.Policy != "cilium" || d.Proxy != "cilium" || d.PodNetwork != cluster.PodNetworkRouted {
		t.Errorf("detected %+v", d)
	}
}

// TestExpired: a list that expires on the way goes on where the server offers it,
// and says so; without an offer it begins anew.
func TestExpired(t *testing.T) {
	s := kubetest.New(t, example)
	s.Chunk = 1
	s.Expire("pods")
	got, r := read(t, s)
	if len(r.Notes) != 1 || r.Notes[0].Code != flow.CodeLiveMoments || r.Notes[0].Args[0] != "pods" {
		t.Errorf("notes %v", r.Notes)
	}
	got.Notes = nil
	same(t, got, fromFile(t, example))

	s = kubetest.New(t, example)
	s.Chunk = 1
	var once atomic.Bool
	s.Intercept = func(w http.ResponseWriter, q *http.Request) bool {
		if q.URL.Path != "/api/v1/pods" || q.URL.Query().Get("continue") != "2" || once.Swap(true) {
			return false
		}
		kubetest.Refuse(w, http.StatusGone, "Expired", "too old", "")
		return true
	}
	got, r = read(t, s)
	if len(r.Notes) != 0 || !once.Load() {
		t.Errorf("notes %v, expired %v", r.Notes, once.Load())
	}
	same(t, got, fromFile(t, example))
}

// TestHiccups: what passes is tried again, and leaves no trace.
func TestHiccups(t *testing.T) {
	for name, fail := range map[string]func(http.ResponseWriter){
		"busy": func(w http.ResponseWriter) { kubetest.Refuse(w, http.StatusTooManyRequests, "TooManyRequests", "", "") },
		"internal": func(w http.ResponseWriter) {
			kubetest.Refuse(w, http.StatusInternalServerError, "InternalError", "etcd", "")
		},
		"gateway": func(w http.ResponseWriter) { http.Error(w, "<html>bad gateway</html>", http.StatusBadGateway) },
		"cut short": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"kind":"PodList",`)) // the client notices
		},
		"closed": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			s := kubetest.New(t, example)
			var failures atomic.Int32
			s.Intercept = func(w http.ResponseWriter, q *http.Request) bool {
				if q.URL.Path != "/api/v1/pods" || failures.Add(1) > 2 {
					return false
				}
				fail(w)
				return true
			}
			got, r := read(t, s)
			if failures.Load() < 3 || len(r.Unread) > 0 {
				t.Errorf("asked %d times, unread %v", failures.Load(), r.Unread)
			}
			same(t, got, fromFile(t, example))
		})
	}
}

// TestOutage: a list that fails for good is absent as a whole; the others stand.
func TestOutage(t *testing.T) {
	for name, fail := range map[string]func(http.ResponseWriter, *http.Request){
		"forbidden": func(w http.ResponseWriter, _ *http.Request) {
			kubetest.Refuse(w, http.StatusForbidden, "Forbidden", "pods is forbidden", "")
		},
		"broken":   func(w http.ResponseWriter, _ *http.Request) { kubetest.Refuse(w, 500, "InternalError", "etcd", "") },
		"not JSON": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, // the client notices
		"hangs":    func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			s := kubetest.New(t, example)
			s.Chunk = 2
			s.Intercept = func(w http.ResponseWriter, q *http.Request) bool {
				if !strings.HasSuffix(q.URL.Path, "/pods") || q.URL.Path == "/api/v1/pods" && q.URL.Query().Get("continue") == "" {
					return false // the first chunk is good
				}
				fail(w, q)
				return true
			}
			c := open(t, s)
			if name == "hangs" {
				c.http.Timeout = 200 * time.Millisecond
			}
			r, err := c.Read(context.Background(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			in, err := r.Input()
			if err != nil {
				t.Fatal(err)
			}
			x := in.Snapshot
			if len(x.Pods) != 0 || !slices.Contains(x.Absent, "Pod") || len(x.Nodes) != 3 {
				t.Errorf("%d pods, %d nodes, absent %q", len(x.Pods), len(x.Nodes), x.Absent)
			}
			if len(r.Unread) != 1 || r.Unread[0].Verb+" "+r.Unread[0].Resource != "list pods" || r.Unread[0].Forbidden != (name == "forbidden") {
				t.Errorf("unread %+v", r.Unread)
			}
		})
	}
}

// TestUnreadPolicies: policies that may not be read, of any engine, may decide.
func TestUnreadPolicies(t *testing.T) {
	s := kubetest.New(t, example)
	s.Add(t, `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: a, namespace: test}
`)
	s.Serve(kubetest.Type{Group: "security.istio.io", Version: "v1", Kind: "AuthorizationPolicy", Resource: "authorizationpolicies", Namespaced: true})
	s.Forbid("list", "ciliumnetworkpolicies.cilium.io")
	s.Forbid("list", "authorizationpolicies.security.istio.io")
	s.Forbid("list", "networkpolicies.networking.k8s.io")
	got, _ := read(t, s)
	want := []cluster.Foreign{
		{Object: flow.Object{Kind: "CiliumNetworkPolicy", Name: "*"}, Engine: "Cilium", Unread: true},
		{Object: flow.Object{Kind: "NetworkPolicy", Name: "*"}, Engine: "Kubernetes", Unread: true},
		{Object: flow.Object{Kind: "AuthorizationPolicy", Name: "*"}, Engine: "Istio", DenyOnly: true, Unread: true},
	}
	if !reflect.DeepEqual(got.Foreign, want) {
		t.Errorf("foreign %+v", got.Foreign)
	}
}

// TestOdd: an object that we do not understand costs its namespace the certainty,
// and no more.
func TestOdd(t *testing.T) {
	s := kubetest.New(t, example)
	s.Add(t, `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: future, namespace: monitoring}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: everywhere}}]}]}
`)
	got, r := read(t, s)
	if len(got.NetworkPolicies) != 2 || len(r.Unread) != 1 {
		t.Errorf("%d policies, unread %v", len(got.NetworkPolicies), r.Unread)
	}
	if len(got.Foreign) != 1 || got.Foreign[0].Namespace != "monitoring" || !got.Foreign[0].Unread {
		t.Errorf("foreign %+v", got.Foreign)
	}
}

// TestHostile: names that could drive a terminal do not get in.
func TestHostile(t *testing.T) {
	s := kubetest.New(t, example)
	s.Add(t, "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: \"\\e]0;x\\a\", namespace: test}\n")
	s.Add(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: \"\\e[2J\", namespace: test}\n")
	got, r := read(t, s)
	text := fmt.Sprintf("%v %v %v", got.Foreign, got.Notes, r.Notes)
	for _, p := range got.Pods {
		text += p.Name
	}
	if strings.ContainsAny(text, "\x1b\a") {
		t.Errorf("%q", text)
	}
}

// TestCredentials: nobody who is not known reads half a cluster.
func TestCredentials(t *testing.T) {
	s := kubetest.New(t, example)
	s.Intercept = func(w http.ResponseWriter, _ *http.Request) bool {
		kubetest.Refuse(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized", "")
		return true
	}
	_, err := open(t, s).Read(context.Background(), Options{})
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(e.Why, "credentials") || !strings.Contains(e.Hint, "--context") {
		t.Errorf("error %v", err)
	}
}

// TestProgress: it is told how far a list is, and how long.
func TestProgress(t *testing.T) {
	s := kubetest.New(t, example)
	s.Chunk = 2
	var told []string
	_, err := open(t, s).Read(context.Background(), Options{Progress: func(resource string, read, of int) {
		if resource == "pods" {
			told = append(told, fmt.Sprintf("%d/%d", read, of))
		}
	}})
	n := len(fromFile(t, example).Pods)
	if err != nil || len(told) != (n+1)/2 || told[0] != fmt.Sprintf("2/%d", n) || told[len(told)-1] != fmt.Sprintf("%d/%d", n, n) {
		t.Errorf("told %q, error %v", told, err)
	}
}

// TestRights: the rights are those that reading uses, and the role is only those.
func TestRights(t *testing.T) {
	s := kubetest.New(t, example)
	s.Forbid("list", "pods")
	c := open(t, s)
	found, _, err := c.Discover(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	rights := Rights(found)
	allowed, err := c.Allowed(context.Background(), rights)
	if err != nil {
		t.Fatal(err)
	}
	var words, missing []string
	for i, r := range rights {
		words = append(words, r.String())
		if !allowed[i] {
			missing = append(missing, r.String())
		}
	}
	if !slices.Equal(missing, []string{"list pods"}) {
		t.Errorf("missing %q", missing)
	}
	used := map[string]bool{}
	s = kubetest.New(t, example)
	read(t, s)
	for _, a := range s.Asked() {
		path := strings.Split(strings.TrimPrefix(a, "GET "), "/")
		switch {
		case strings.Contains(a, "configmaps"):
			used["get configmaps"] = true
		case len(path) == 4 && path[1] == "api":
			used["list "+path[3]] = true
		case len(path) == 5 && path[1] == "apis":
			used["list "+path[4]+"."+path[2]] = true
		}
	}
	if want := keys(used); !slices.Equal(slices.Sorted(slices.Values(words)), want) {
		t.Errorf("rights %q\nused %q", words, want)
	}
	var role strings.Builder
	if err := WriteRole(&role, rights); err != nil {
		t.Fatal(err)
	}
	for _, no := range []string{"secrets", "watch", "create", "*"} {
		if strings.Contains(role.String(), no) {
			t.Errorf("the role says %s:\n%s", no, &role)
		}
	}
}

// TestUnreadMetalLB: half of who announces an address says nothing, so it is told which
// half is missing.
func TestUnreadMetalLB(t *testing.T) {
	for _, forbidden := range []string{"", "bgppeers.metallb.io"} {
		s := kubetest.New(t, example)
		s.Add(t, "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {name: p, namespace: metallb-system}\nspec: {addresses: [198.51.100.0/24]}\n")
		s.Add(t, "apiVersion: metallb.io/v1beta2\nkind: BGPPeer\nmetadata: {name: p, namespace: metallb-system}\nspec: {peerAddress: 192.0.2.9, myASN: 1, peerASN: 2}\n")
		var want []cluster.Unread
		if forbidden != "" {
			s.Forbid("list", forbidden)
			want = []cluster.Unread{{Kind: "BGPPeer", Right: "list bgppeers.metallb.io"}}
		}
		if got, _ := read(t, s); !reflect.DeepEqual(got.Unread, want) || got.Lacks("BGPPeer") != (forbidden != "") {
			t.Errorf("without %q: unread %+v, absent %q", forbidden, got.Unread, got.Absent)
		}
	}
}
