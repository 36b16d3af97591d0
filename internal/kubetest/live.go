package kubetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// Live is a Server whose objects change, and can be watched.
type Live struct {
	*Server
	// Bookmarks is how often a watch gets one; 0 is never.
	Bookmarks time.Duration

	mu      sync.Mutex
	version int
	objects map[string]map[string]json.RawMessage // resource, namespace/name
	log     []change
	oldest  int // versions before are gone
	changed chan struct{}
	drop    chan struct{}
	fault   func(w http.ResponseWriter, r *http.Request) bool
	sent    map[int]time.Time
}

// change is one entry of the log.
type change struct {
	version  int
	resource string
	verb     string // ADDED, MODIFIED, DELETED
	object   json.RawMessage
}

// NewLive serves the objects of files.
func NewLive(t testing.TB, files ...string) *Live {
	t.Helper()
	l := &Live{Server: New(t, files...), objects: map[string]map[string]json.RawMessage{}, changed: make(chan struct{}), drop: make(chan struct{}), sent: map[int]time.Time{}}
	for resource, all := range l.lists {
		l.objects[resource] = map[string]json.RawMessage{}
		for _, o := range all {
			l.version++
			namespace, name := nameOf(o)
			l.objects[resource][namespace+"/"+name] = versioned(o, l.version)
		}
	}
	l.Server.Intercept = l.intercept
	return l
}

// versioned is the object with a resourceVersion.
func versioned(o json.RawMessage, version int) json.RawMessage {
	var doc map[string]any
	_ = json.Unmarshal(o, &doc) // written by ourselves
	meta, _ := doc["metadata"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		doc["metadata"] = meta
	}
	meta["resourceVersion"] = strconv.Itoa(version)
	out, _ := json.Marshal(doc)
	return out
}

// Apply creates or replaces objects, and returns the version of the last of them.
func (l *Live) Apply(t testing.TB, text string) int {
	t.Helper()
	dec := yaml.NewDecoder(strings.NewReader(text))
	for {
		var doc map[string]any
		switch err := dec.Decode(&doc); {
		case errors.Is(err, io.EOF):
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.version
		case err != nil:
			t.Fatal(err)
		}
		l.ApplyObject(t, doc)
	}
}

// ApplyObject creates or replaces one object, or those of a List.
func (l *Live) ApplyObject(t testing.TB, doc map[string]any) {
	t.Helper()
	if items, ok := doc["items"].([]any); ok {
		for _, i := range items {
			if m, ok := i.(map[string]any); ok {
				l.ApplyObject(t, m)
			}
		}
		return
	}
	typ := l.typed(doc)
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	l.put(typ, text)
}

func (l *Live) typed(doc map[string]any) Type {
	version, _ := doc["apiVersion"].(string)
	kind, _ := doc["kind"].(string)
	group, v, ok := strings.Cut(version, "/")
	if !ok {
		group, v = "", version
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.typeOf(group, v, kind, doc)
}

func (l *Live) put(t Type, text json.RawMessage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.objects[t.String()]
	if all == nil {
		all = map[string]json.RawMessage{}
		l.objects[t.String()] = all
	}
	namespace, name := nameOf(text)
	verb := "ADDED"
	if _, ok := all[namespace+"/"+name]; ok {
		verb = "MODIFIED"
	}
	all[namespace+"/"+name] = l.tell(t, verb, text)
}

// tell puts an entry into the log. The lock is held.
func (l *Live) tell(t Type, verb string, text json.RawMessage) json.RawMessage {
	l.version++
	text = versioned(text, l.version)
	l.log = append(l.log, change{l.version, t.String(), verb, typedObject(t, text)})
	l.sent[l.version] = time.Now()
	close(l.changed)
	l.changed = make(chan struct{})
	return text
}

// typedObject is the object with its type, as it stands in a watch.
func typedObject(t Type, text json.RawMessage) json.RawMessage {
	head, _ := json.Marshal(map[string]string{"kind": t.Kind, "apiVersion": groupVersion(t)}) // plain data
	var doc map[string]json.RawMessage
	_ = json.Unmarshal(text, &doc)
	delete(doc, "kind")
	delete(doc, "apiVersion")
	rest, _ := json.Marshal(doc)
	return json.RawMessage(string(head[:len(head)-1]) + "," + string(rest[1:]))
}

// Delete takes an object away.
func (l *Live) Delete(resource, namespace, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	o, ok := l.objects[resource][namespace+"/"+name]
	at := slices.IndexFunc(l.types, func(t Type) bool { return t.String() == resource })
	if !ok || at < 0 {
		return false
	}
	delete(l.objects[resource], namespace+"/"+name)
	l.tell(l.types[at], "DELETED", o)
	return true
}

// Object is an object as it stands, nil for none.
func (l *Live) Object(resource, namespace, name string) map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	var doc map[string]any
	_ = json.Unmarshal(l.objects[resource][namespace+"/"+name], &doc)
	return doc
}

// Keys are the names of the objects of a resource, "namespace/name", sorted.
func (l *Live) Keys(resource string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keys(resource, "")
}

func (l *Live) keys(resource, namespace string) []string {
	var all []string
	for k := range l.objects[resource] {
		if namespace == "" || strings.HasPrefix(k, namespace+"/") {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return all
}

// Dump is all objects of all resources, as one List.
func (l *Live) Dump() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	var items []json.RawMessage
	for _, t := range l.types {
		for _, k := range l.keys(t.String(), "") {
			items = append(items, typedObject(t, l.objects[t.String()][k]))
		}
	}
	out, _ := json.Marshal(map[string]any{"kind": "List", "apiVersion": "v1", "items": items}) // plain data
	return out
}

// Drop ends all watches.
func (l *Live) Drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.drop)
	l.drop = make(chan struct{})
}

// Compact forgets what happened so far: who goes on from there is told 410.
func (l *Live) Compact() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log, l.oldest = nil, l.version
}

// Fail lets a function answer instead from now on, nil for nobody.
func (l *Live) Fail(fault func(w http.ResponseWriter, r *http.Request) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fault = fault
}

// Allow takes back what Forbid did.
func (l *Live) Allow(verb, resource string) {
	l.Server.mu.Lock()
	defer l.Server.mu.Unlock()
	delete(l.forbidden, verb+" "+resource)
}

// SentAt is when a version came to be.
func (l *Live) SentAt(version int) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent[version]
}

func (l *Live) intercept(w http.ResponseWriter, r *http.Request) bool {
	l.mu.Lock()
	fault := l.fault
	l.mu.Unlock()
	if fault != nil && fault(w, r) {
		return true
	}
	if root := strings.Trim(r.URL.Path, "/"); root == "api" || root == "apis" {
		l.mu.Lock() // types may come and go
		defer l.mu.Unlock()
		l.discover(w, r, root)
		return true
	}
	t, namespace, name, ok := l.resource(r.URL.Path)
	if !ok || r.Method != http.MethodGet {
		return false
	}
	verb := "list"
	switch {
	case name != "":
		verb = "get"
	case r.URL.Query().Get("watch") != "":
		verb = "watch"
	}
	of := namespace
	if t.Resource == "namespaces" && verb == "get" {
		of = name // as the API server asks about it
	}
	if !l.allowed(verb, t.String(), of) {
		Refuse(w, http.StatusForbidden, "Forbidden", fmt.Sprintf("%s is forbidden: cannot %s", t, verb), "")
		return true
	}
	switch verb {
	case "get":
		l.get(w, r, t, namespace+"/"+name)
	case "list":
		l.serveList(w, r, t, namespace)
	default:
		l.watch(w, r, t, namespace)
	}
	return true
}

// resource takes the path of a resource apart.
func (l *Live) resource(path string) (t Type, namespace, name string, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	group := ""
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		group, parts = parts[1], parts[3:]
	default:
		return t, "", "", false
	}
	if parts[0] == "namespaces" && len(parts) > 2 {
		namespace, parts = parts[1], parts[2:]
	}
	if len(parts) > 1 {
		name = parts[1]
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at := slices.IndexFunc(l.types, func(t Type) bool { return t.Group == group && t.Resource == parts[0] })
	if at < 0 {
		return t, "", "", false
	}
	return l.types[at], namespace, name, true
}

func (l *Live) get(w http.ResponseWriter, r *http.Request, t Type, key string) {
	l.mu.Lock()
	o, ok := l.objects[t.String()][key]
	l.mu.Unlock()
	if !ok {
		Refuse(w, http.StatusNotFound, "NotFound", fmt.Sprintf("%s %q not found", t, key), "")
		return
	}
	reply(w, r, typedObject(t, o))
}

// serveList serves a chunk of what is there now: of another moment than the chunk
// before, if something changed between.
func (l *Live) serveList(w http.ResponseWriter, r *http.Request, t Type, namespace string) {
	token := r.URL.Query().Get("continue")
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	l.mu.Lock()
	if token != "" && token != strconv.Itoa(l.version)+"-"+token[strings.Index(token, "-")+1:] {
		l.mu.Unlock()
		Refuse(w, http.StatusGone, "Expired", "The provided continue parameter is too old", "")
		return
	}
	keys := l.keys(t.String(), namespace)
	from, _ := strconv.Atoi(token[strings.Index(token, "-")+1:])
	meta := map[string]any{"resourceVersion": strconv.Itoa(l.version)}
	to := len(keys)
	if l.Chunk > 0 && limit > 0 {
		limit = l.Chunk
	}
	if limit > 0 && from+limit < to {
		to = from + limit
		meta["continue"], meta["remainingItemCount"] = fmt.Sprintf("%d-%d", l.version, to), len(keys)-to
	}
	items := []json.RawMessage{}
	for _, k := range keys[min(from, len(keys)):to] {
		items = append(items, l.objects[t.String()][k])
	}
	l.mu.Unlock()
	head, _ := json.Marshal(map[string]any{"kind": t.Kind + "List", "apiVersion": groupVersion(t), "metadata": meta}) // plain data
	list, _ := json.Marshal(items)
	reply(w, r, json.RawMessage(fmt.Sprintf(`%s,"items":%s}`, head[:len(head)-1], list)))
}

// watch serves a watch until the client goes, or Drop; namespace "" is for all.
func (l *Live) watch(w http.ResponseWriter, r *http.Request, t Type, namespace string) {
	from, err := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	l.mu.Lock()
	gone := err != nil || from < l.oldest
	l.mu.Unlock()
	if gone {
		Refuse(w, http.StatusGone, "Expired", "too old resource version", "")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	rc := http.NewResponseController(w)
	_ = rc.Flush() // the client notices
	var tick <-chan time.Time
	if l.Bookmarks > 0 {
		ticker := time.NewTicker(l.Bookmarks)
		defer ticker.Stop()
		tick = ticker.C
	}
	enc := json.NewEncoder(w)
	for {
		l.mu.Lock()
		changed, drop, expired := l.changed, l.drop, from < l.oldest
		var news []change
		for i := len(l.log) - 1; i >= 0 && l.log[i].version > from; i-- {
			if in, _ := nameOf(l.log[i].object); l.log[i].resource == t.String() && (namespace == "" || in == namespace) {
				news = append(news, l.log[i])
			}
		}
		from = l.version
		l.mu.Unlock()
		if expired {
			_ = enc.Encode(map[string]any{"type": "ERROR", "object": map[string]any{"kind": "Status", "code": http.StatusGone, "reason": "Expired", "message": "too old"}})
			return
		}
		slices.Reverse(news)
		for _, c := range news {
			if enc.Encode(map[string]any{"type": c.verb, "object": c.object}) != nil {
				return
			}
		}
		_ = rc.Flush() // the client notices
		select {
		case <-r.Context().Done():
			return
		case <-drop:
			return
		case <-changed:
		case <-tick:
			l.mu.Lock()
			version := l.version
			ahead := version > from
			l.mu.Unlock()
			if ahead {
				continue
			}
			_ = enc.Encode(map[string]any{"type": "BOOKMARK", "object": map[string]any{"kind": t.Kind, "apiVersion": groupVersion(t), "metadata": map[string]any{"resourceVersion": strconv.Itoa(version)}}})
			_ = rc.Flush() // the client notices
		}
	}
}

// Withdraw offers a type no longer.
func (l *Live) Withdraw(resource string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Remove(resource)
}
