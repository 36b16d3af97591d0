package kube

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/kubetest"
)

// TestNotes: an Event stands on its Service, is within the API's bounds, and is
// written once.
func TestNotes(t *testing.T) {
	l := kubetest.NewLive(t, example)
	got := make(chan map[string]any, 10)
	l.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		var e map[string]any
		if json.NewDecoder(r.Body).Decode(&e) == nil && r.URL.Path == "/apis/events.k8s.io/v1/namespaces/test/events" {
			got <- e
		}
		w.WriteHeader(http.StatusCreated)
		return true
	})
	n := open(t, l.Server).Notes(t.Context(), func(s string) { t.Error(s) })
	ssh := flow.Object{Kind: "Service", Namespace: "test", Name: "ssh"}
	note := Note{Service: ssh, Reason: "ReachabilityLost", Warning: true, Text: strings.Repeat("界", 500)}
	n.Add(note)
	n.Add(note)
	n.Add(Note{Service: ssh, Reason: "ReachabilityGained", Text: "short"})
	first, second := <-got, <-got
	if text := fmt.Sprint(first["note"]); len(text) > 1024 || !strings.HasPrefix(text, "界") || first["type"] != "Warning" || first["reason"] != "ReachabilityLost" {
		t.Errorf("%v", first)
	}
	if second["note"] != "short" || second["type"] != "Normal" || !strings.Contains(fmt.Sprint(second["regarding"]), "name:ssh") {
		t.Errorf("%v", second)
	}
}

// TestNotesForbidden: who may not write Events is told once, and nothing is tried again.
func TestNotesForbidden(t *testing.T) {
	l := kubetest.NewLive(t, example)
	tried := make(chan bool, 10)
	l.Fail(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		tried <- true
		kubetest.Refuse(w, http.StatusForbidden, "Forbidden", "events is forbidden", "")
		return true
	})
	said := make(chan string, 10)
	n := open(t, l.Server).Notes(t.Context(), func(s string) { said <- s })
	for _, text := range []string{"a", "b", "c"} {
		n.Add(Note{Service: flow.Object{Kind: "Service", Namespace: "test", Name: "ssh"}, Reason: "X", Text: text})
	}
	if s := <-said; !strings.Contains(s, "forbidden") {
		t.Error(s)
	}
	for len(n.queue) > 0 {
		runtime.Gosched()
	}
	if len(tried) != 1 || len(said) != 0 {
		t.Errorf("tried %d times", len(tried))
	}
}

// TestNotesRate: a burst is written, then one now and then.
func TestNotesRate(t *testing.T) {
	told := 0
	n := &Notes{said: func(string) { told++ }, written: map[Note]time.Time{}, tokens: notesBurst, filled: time.Unix(0, 0)}
	take := func(from, count int, at time.Time) (taken int) {
		for i := range count {
			if n.takes(Note{Reason: "X", Text: strings.Repeat("x", from+i)}, at) {
				taken++
			}
		}
		return taken
	}
	now := time.Unix(0, 0)
	if got := take(0, 30, now); got != notesBurst {
		t.Errorf("%d of a burst", got)
	}
	if got := take(100, 30, now.Add(3*notesEvery)); got != 3 {
		t.Errorf("%d later", got)
	}
	if got := take(0, 1, now.Add(3*notesEvery)); got != 0 || told != 1 {
		t.Errorf("again %d, told %d times", got, told)
	}
	if got := take(0, 1, now.Add(notesRepeat)); got != 1 {
		t.Errorf("%d after a while", got)
	}
}
