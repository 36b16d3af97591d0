package kubetest

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Server is an API server. Its fields may be set until the first request.
type Server struct {
	URL string
	// Older leaves out aggregated discovery, as before Kubernetes 1.27.
	Older bool
	// Chunk bounds a chunk below what is asked for; 0 does not.
	Chunk int
	// Intercept may answer instead; it reports whether it did.
	Intercept func(w http.ResponseWriter, r *http.Request) bool

	types []Type
	lists map[string][]json.RawMessage // by resource name and group

	mu        sync.Mutex
	forbidden map[string]bool // "list pods"
	within    []string        // namespaces in which nothing is
	expire    map[string]bool // resources whose next continue token is too old
	asked     []string
}

// Type is a resource that is served.
type Type struct {
	Group, Version, Kind, Resource string
	Namespaced                     bool
}

// String is "pods" or "networkpolicies.networking.k8s.io".
func (t Type) String() string {
	if t.Group == "" {
		return t.Resource
	}
	return t.Resource + "." + t.Group
}

// core are the types of every cluster.
var core = []Type{
	{"", "v1", "Node", "nodes", false},
	{"", "v1", "Namespace", "namespaces", false},
	{"", "v1", "Pod", "pods", true},
	{"", "v1", "Service", "services", true},
	{"", "v1", "Endpoints", "endpoints", true},
	{"", "v1", "ConfigMap", "configmaps", true},
	{"", "v1", "Secret", "secrets", true},
	{"", "v1", "ReplicationController", "replicationcontrollers", true},
	{"apps", "v1", "Deployment", "deployments", true},
	{"apps", "v1", "ReplicaSet", "replicasets", true},
	{"apps", "v1", "DaemonSet", "daemonsets", true},
	{"apps", "v1", "StatefulSet", "statefulsets", true},
	{"batch", "v1", "Job", "jobs", true},
	{"batch", "v1", "CronJob", "cronjobs", true},
	{"discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true},
	{"networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true},
	{"networking.k8s.io", "v1", "Ingress", "ingresses", true},
	{"admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false},
	{"admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false},
	{"apiregistration.k8s.io", "v1", "APIService", "apiservices", false},
	{"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", false},
}

// New serves the objects of files: YAML or JSON, Lists opened. What is of a type that
// no cluster has by itself is served as a custom resource; Portolan's own kinds, and
// what has no type, are left out.
func New(t testing.TB, files ...string) *Server {
	t.Helper()
	s := &Server{types: slices.Clone(core), lists: map[string][]json.RawMessage{}, forbidden: map[string]bool{}, expire: map[string]bool{}}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s.Add(t, string(data))
	}
	h := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

// Add serves more objects.
func (s *Server) Add(t testing.TB, text string) {
	t.Helper()
	dec := yaml.NewDecoder(strings.NewReader(text))
	for {
		var doc map[string]any
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			t.Fatal(err)
		}
		s.add(t, doc)
	}
}

func (s *Server) add(t testing.TB, doc map[string]any) {
	t.Helper()
	if items, ok := doc["items"].([]any); ok {
		for _, i := range items {
			if m, ok := i.(map[string]any); ok {
				s.add(t, m)
			}
		}
		return
	}
	version, _ := doc["apiVersion"].(string)
	kind, _ := doc["kind"].(string)
	group, v, ok := strings.Cut(version, "/")
	if !ok {
		group, v = "", version
	}
	if kind == "" || strings.HasPrefix(group, "portolan.dev") {
		return
	}
	typ := s.typeOf(group, v, kind, doc)
	if typ.Namespaced {
		meta, _ := doc["metadata"].(map[string]any)
		if meta != nil && meta["namespace"] == nil {
			meta["namespace"] = "default"
		}
	}
	// Items of a typed list carry no type.
	delete(doc, "apiVersion")
	delete(doc, "kind")
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	s.lists[typ.String()] = append(s.lists[typ.String()], text)
}

func (s *Server) typeOf(group, version, kind string, doc map[string]any) Type {
	for _, t := range s.types {
		if t.Group == group && t.Kind == kind {
			return t
		}
	}
	meta, _ := doc["metadata"].(map[string]any)
	name := strings.ToLower(kind) + "s"
	if base, ok := strings.CutSuffix(strings.ToLower(kind), "y"); ok {
		name = base + "ies"
	}
	t := Type{group, version, kind, name, meta["namespace"] != nil}
	s.types = append(s.types, t)
	return t
}

// Serve offers a type, with or without objects.
func (s *Server) Serve(t Type) { s.types = append(s.types, t) }

// Forbid refuses a verb on a resource: Forbid("list", "pods").
func (s *Server) Forbid(verb, resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forbidden[verb+" "+resource] = true
}

// Permit takes back what Forbid did.
func (s *Server) Permit(verb, resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.forbidden, verb+" "+resource)
}

// Within lets who asks read everything in some namespaces, whatever is forbidden
// elsewhere, as a RoleBinding there does.
func (s *Server) Within(namespaces ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.within = append(s.within, namespaces...)
}

// Without takes back what Within did.
func (s *Server) Without(namespaces ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.within = slices.DeleteFunc(s.within, func(ns string) bool { return slices.Contains(namespaces, ns) })
}

// ForbidAll refuses to read anything of the whole cluster.
func (s *Server) ForbidAll() {
	for _, t := range s.types {
		for _, verb := range []string{"list", "get", "watch"} {
			s.Forbid(verb, t.String())
		}
	}
}

// PermitAll takes back what ForbidAll did.
func (s *Server) PermitAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.forbidden)
}

// Expire makes the next continue token of a resource too old, once.
func (s *Server) Expire(resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire[resource] = true
}

// Asked are the requests so far: "GET /api/v1/pods".
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// Kubeconfig writes a kubeconfig for the server and returns its name.
func (s *Server) Kubeconfig(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
contexts:
- {name: test, context: {cluster: test, user: test, namespace: home}}
- {name: other, context: {cluster: test, user: test}}
clusters:
- {name: test, cluster: {server: %q}}
users:
- {name: test, user: {token: secret}}
`, s.URL)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	if s.Intercept != nil && s.Intercept(w, r) {
		return
	}
	switch path := strings.Trim(r.URL.Path, "/"); {
	case path == "api" || path == "apis":
		s.discover(w, r, path)
	case strings.HasSuffix(path, "/selfsubjectaccessreviews"):
		s.review(w, r)
	default:
		s.objects(w, r, strings.Split(path, "/"))
	}
}

// objects serves lists and single objects: [api v1 ...] or [apis GROUP v1 ...].
func (s *Server) objects(w http.ResponseWriter, r *http.Request, path []string) {
	group, rest := "", path[min(2, len(path)):]
	if path[0] == "apis" && len(path) > 2 {
		group, rest = path[1], path[3:]
	}
	if len(rest) == 0 {
		s.resources(w, group)
		return
	}
	namespace := ""
	if rest[0] == "namespaces" && len(rest) > 2 {
		namespace, rest = rest[1], rest[2:]
	}
	at := slices.IndexFunc(s.types, func(t Type) bool { return t.Group == group && t.Resource == rest[0] })
	if at < 0 {
		Refuse(w, http.StatusNotFound, "NotFound", "the server could not find the requested resource", "")
		return
	}
	t := s.types[at]
	verb := "list"
	if len(rest) > 1 {
		verb = "get"
	}
	of := namespace
	if t.Resource == "namespaces" && verb == "get" {
		of = rest[1] // as the API server asks about it
	}
	if !s.allowed(verb, t.String(), of) {
		where := "at the cluster scope"
		if of != "" {
			where = fmt.Sprintf("in the namespace %q", of)
		}
		Refuse(w, http.StatusForbidden, "Forbidden", fmt.Sprintf("%s is forbidden: User %q cannot %s resource %q in API group %q %s", t, "test", verb, t.Resource, t.Group, where), "")
		return
	}
	if verb == "get" {
		s.one(w, r, t, namespace, rest[1])
		return
	}
	s.list(w, r, t, namespace)
}

func (s *Server) allowed(verb, resource, namespace string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.forbidden[verb+" "+resource] || namespace != "" && slices.Contains(s.within, namespace)
}

func (s *Server) named(t Type, namespace string) []json.RawMessage {
	if namespace == "" {
		return s.lists[t.String()]
	}
	var out []json.RawMessage
	for _, o := range s.lists[t.String()] {
		if ns, _ := nameOf(o); ns == namespace {
			out = append(out, o)
		}
	}
	return out
}

func nameOf(o json.RawMessage) (namespace, name string) {
	var m struct {
		Metadata struct{ Namespace, Name string }
	}
	if json.Unmarshal(o, &m) != nil {
		return "", ""
	}
	return m.Metadata.Namespace, m.Metadata.Name
}

func (s *Server) one(w http.ResponseWriter, r *http.Request, t Type, namespace, name string) {
	for _, o := range s.named(t, namespace) {
		if _, n := nameOf(o); n != name {
			continue
		}
		var doc map[string]any
		if json.Unmarshal(o, &doc) == nil {
			doc["kind"], doc["apiVersion"] = t.Kind, groupVersion(t)
			reply(w, r, doc)
			return
		}
	}
	Refuse(w, http.StatusNotFound, "NotFound", fmt.Sprintf("%s %q not found", t, name), "")
}

func groupVersion(t Type) string { return strings.TrimPrefix(t.Group+"/"+t.Version, "/") }

// list serves a chunk. A continue token is the number of the next object.
func (s *Server) list(w http.ResponseWriter, r *http.Request, t Type, namespace string) {
	all := s.named(t, namespace)
	token := r.URL.Query().Get("continue")
	from, _ := strconv.Atoi(token)
	s.mu.Lock()
	expired := token != "" && s.expire[t.String()]
	if expired {
		delete(s.expire, t.String())
	}
	s.mu.Unlock()
	if expired {
		Refuse(w, http.StatusGone, "Expired", "The provided continue parameter is too old", token)
		return
	}
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	if s.Chunk > 0 && limit > 0 {
		limit = s.Chunk
	}
	meta := map[string]any{"resourceVersion": "1"}
	to := len(all)
	if limit > 0 && from+limit < to {
		to = from + limit
		meta["continue"], meta["remainingItemCount"] = strconv.Itoa(to), len(all)-to
	}
	head, _ := json.Marshal(map[string]any{"kind": t.Kind + "List", "apiVersion": groupVersion(t), "metadata": meta}) // plain data
	items, _ := json.Marshal(append([]json.RawMessage{}, all[min(from, len(all)):to]...))
	reply(w, r, json.RawMessage(fmt.Sprintf(`%s,"items":%s}`, head[:len(head)-1], items)))
}

func reply(w http.ResponseWriter, r *http.Request, v any) {
	w.Header().Set("Content-Type", "application/json")
	out := io.Writer(w)
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer func() { _ = z.Close() }() // the client notices
		out = z
	}
	_ = json.NewEncoder(out).Encode(v) // the client notices
}

// Refuse answers with a metav1.Status.
func Refuse(w http.ResponseWriter, code int, reason, message, token string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the client notices
		"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{"continue": token},
		"status": "Failure", "code": code, "reason": reason, "message": message,
	})
}

// Remove offers a type no longer.
func (s *Server) Remove(resource string) {
	s.types = slices.DeleteFunc(s.types, func(t Type) bool { return t.String() == resource })
}
