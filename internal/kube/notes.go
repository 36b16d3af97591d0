package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/portolan-net/portolan/flow"
)

// Note is an Event to write on a Service. Nothing else is ever written to a cluster.
type Note struct {
	Service flow.Object
	Reason  string // a word in CamelCase
	Warning bool
	Text    string
}

// Bounds of what is written: the API server's, and ours. A Note that was written a
// moment ago is not written again; of what comes faster than notesEvery, beyond a
// burst, the rest is dropped and counted.
const (
	noteLength  = 1000
	notesBurst  = 20
	notesEvery  = 2 * time.Second
	notesRepeat = 10 * time.Minute
	notesQueue  = 100
)

// Notes writes Events, one after the other, until its ctx ends.
type Notes struct {
	c     *Client
	queue chan Note
	said  func(string) // of what goes wrong, once each
	host  string
	done  chan struct{}

	written map[Note]time.Time
	tokens  int
	filled  time.Time
	dropped int
}

// Notes begins to write. said is told, in words, when it cannot be done.
func (c *Client) Notes(ctx context.Context, said func(string)) *Notes {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "portolan"
	}
	n := &Notes{c: c, queue: make(chan Note, notesQueue), said: said, host: host, done: make(chan struct{}), written: map[Note]time.Time{}, tokens: notesBurst, filled: time.Now()}
	go n.run(ctx)
	return n
}

// Wait returns when nothing is written any more; ctx has to end first.
func (n *Notes) Wait() { <-n.done }

// Add queues a Note, and drops it where too many wait. It is for one goroutine.
func (n *Notes) Add(note Note) {
	select {
	case n.queue <- note:
	default:
	}
}

func (n *Notes) run(ctx context.Context) {
	defer close(n.done)
	off := false
	for {
		select {
		case <-ctx.Done():
			return
		case note := <-n.queue:
			if off || !n.takes(note, time.Now()) {
				continue
			}
			err := n.write(ctx, note)
			switch {
			case err == nil, ctx.Err() != nil:
			case IsForbidden(err):
				off = true
				n.said("no Events are written: " + plain(err))
			default:
				n.said("an Event was not written: " + plain(err))
			}
		}
	}
}

// takes reports whether the Note is new, and within the rate.
func (n *Notes) takes(note Note, now time.Time) bool {
	for k, at := range n.written {
		if now.Sub(at) >= notesRepeat {
			delete(n.written, k)
		}
	}
	if _, again := n.written[note]; again {
		return false
	}
	if more := int(now.Sub(n.filled) / notesEvery); more > 0 {
		n.tokens = min(n.tokens+more, notesBurst)
		n.filled = n.filled.Add(time.Duration(more) * notesEvery)
	}
	if n.tokens == 0 {
		if n.dropped++; n.dropped == 1 {
			n.said("too many Events at once: some are not written")
		}
		return false
	}
	n.tokens--
	n.written[note] = now
	return true
}

// uid is the Service's. It is listed by its name, for nobody needs to be allowed more
// than lists; "" where it is not there.
func (n *Notes) uid(ctx context.Context, o flow.Object) string {
	data, err := n.c.Get(ctx, "/api/v1/namespaces/"+o.Namespace+"/services", url.Values{"fieldSelector": {"metadata.name=" + o.Name}}, "")
	if err != nil {
		return ""
	}
	var list struct {
		Items []struct {
			Metadata struct{ Name, UID string }
		}
	}
	if json.Unmarshal(data, &list) != nil {
		return ""
	}
	for _, i := range list.Items {
		if i.Metadata.Name == o.Name {
			return i.Metadata.UID
		}
	}
	return ""
}

func (n *Notes) write(ctx context.Context, note Note) error {
	o, now := note.Service, time.Now().UTC()
	regarding := map[string]string{"apiVersion": "v1", "kind": "Service", "namespace": o.Namespace, "name": o.Name}
	if uid := n.uid(ctx, o); uid != "" {
		regarding["uid"] = uid
	}
	kind := "Normal"
	if note.Warning {
		kind = "Warning"
	}
	text := note.Text
	if len(text) > noteLength {
		text = strings.ToValidUTF8(text[:noteLength], "") + "..."
	}
	const longestName = 200
	body, err := json.Marshal(map[string]any{
		"apiVersion": "events.k8s.io/v1", "kind": "Event",
		"metadata":  map[string]string{"namespace": o.Namespace, "name": fmt.Sprintf("%s.%x", o.Name[:min(len(o.Name), longestName)], now.UnixNano())},
		"eventTime": now.Format("2006-01-02T15:04:05.000000Z"), "reportingController": "portolan.dev/watch", "reportingInstance": n.host,
		"action": "Watch", "reason": note.Reason, "regarding": regarding, "note": text, "type": kind,
	})
	if err != nil {
		return err
	}
	_, err = n.c.do(ctx, http.MethodPost, "/apis/events.k8s.io/v1/namespaces/"+o.Namespace+"/events", nil, "", body)
	if hasCode(err, http.StatusConflict) {
		return nil // it was written, and the answer lost
	}
	return err
}
