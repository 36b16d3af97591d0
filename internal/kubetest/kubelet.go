package kubetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

// Kubelet is what a Live lacks to run pods: they start when they are created, and
// commands in them are really run, by a function. It stands before the Live's own
// Fail. Its fields may be set until the first request.
type Kubelet struct {
	*Live
	// Run runs a command in a container and returns its exit code, or an error that
	// the runtime would give. nil runs it on this machine, as it is.
	Run func(c Command) (int, error)
	// Start tells how a container of an image becomes; "" runs, else it is the reason
	// for which it waits ("ImagePullBackOff").
	Start func(image string) string
	// Admit may refuse a pod: the server's message, "" admits it.
	Admit func(pod map[string]any) string
	// Older answers instead of a WebSocket, as API servers before 1.30 speak SPDY. It is
	// asked to upgrade, and returns the streams of the command and what is to be done
	// with its Status; ok is false where it has answered with an error.
	Older func(w http.ResponseWriter, r *http.Request) (in io.Reader, out, errs io.Writer, done func(status []byte), ok bool)

	mu   sync.Mutex
	runs []Command
	bad  []error
}

// Command is one that was run.
type Command struct {
	Namespace, Pod, Container string
	Args                      []string
	Stdin                     io.Reader
	Stdout, Stderr            io.Writer
}

// NewKubelet lets pods of a Live run.
func NewKubelet(l *Live) *Kubelet {
	k := &Kubelet{Live: l}
	l.Fail(k.serve)
	return k
}

// Runs are the commands so far.
func (k *Kubelet) Runs() []Command {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]Command{}, k.runs...)
}

// Check fails the test for what went wrong on the kubelet's side.
func (k *Kubelet) Check(t testing.TB) {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, err := range k.bad {
		t.Error(err)
	}
}

func (k *Kubelet) wrong(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.bad = append(k.bad, err)
}

// serve answers what changes pods and runs commands in them.
func (k *Kubelet) serve(w http.ResponseWriter, r *http.Request) bool {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if len(parts) < 5 || parts[2] != "namespaces" || parts[4] != "pods" {
		if selector := r.URL.Query().Get("labelSelector"); selector != "" {
			k.selected(w, "", selector)
			return true
		}
		return false
	}
	namespace := parts[3]
	sub, verb := "", map[string]string{"POST": "create", "DELETE": "delete", "PATCH": "patch", "GET": "get"}[r.Method]
	if len(parts) > 6 {
		sub = "/" + parts[6]
	}
	if !k.allowed(verb, "pods"+sub, namespace) {
		Refuse(w, http.StatusForbidden, "Forbidden", fmt.Sprintf("pods%s is forbidden: User %q cannot %s resource %q in API group %q in the namespace %q", sub, "test", verb, "pods"+sub, "", namespace), "")
		return true
	}
	switch {
	case sub == "/exec":
		k.exec(w, r, namespace, parts[5])
	case sub == "/ephemeralcontainers" && verb == "patch":
		k.ephemeral(w, r, namespace, parts[5])
	case len(parts) == 5 && verb == "create":
		k.create(w, r, namespace)
	case len(parts) == 6 && verb == "delete":
		k.delete(w, r, namespace, parts[5])
	case len(parts) == 5 && r.URL.Query().Get("labelSelector") != "":
		k.selected(w, namespace, r.URL.Query().Get("labelSelector"))
	default:
		return false
	}
	return true
}

func (k *Kubelet) decode(w http.ResponseWriter, r *http.Request) (map[string]any, bool) {
	var doc map[string]any
	if err := json.NewDecoder(r.Body).Decode(&doc); err != nil {
		Refuse(w, http.StatusBadRequest, "BadRequest", err.Error(), "")
		return nil, false
	}
	return doc, true
}

func (k *Kubelet) create(w http.ResponseWriter, r *http.Request, namespace string) {
	doc, ok := k.decode(w, r)
	if !ok {
		return
	}
	if k.Admit != nil {
		if why := k.Admit(doc); why != "" {
			Refuse(w, http.StatusForbidden, "Forbidden", why, "")
			return
		}
	}
	meta := inner(doc, "metadata")
	name, _ := meta["name"].(string)
	if k.Object("pods", namespace, name) != nil {
		Refuse(w, http.StatusConflict, "AlreadyExists", "pods "+name+" already exists", "")
		return
	}
	meta["namespace"], meta["uid"] = namespace, "uid-"+name
	doc["status"] = map[string]any{"phase": "Running", "containerStatuses": k.states(inner(doc, "spec")["containers"])}
	doc["kind"], doc["apiVersion"] = "Pod", "v1"
	k.put(Type{"", "v1", "Pod", "pods", true}, must(doc))
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(doc) // the client notices
}

// states are how containers are, once they were started.
func (k *Kubelet) states(containers any) []any {
	var out []any
	all, _ := containers.([]any)
	for _, c := range all {
		m, _ := c.(map[string]any)
		state := map[string]any{"running": map[string]any{}}
		if k.Start != nil {
			if why := k.Start(fmt.Sprint(m["image"])); why != "" {
				state = map[string]any{"waiting": map[string]any{"reason": why, "message": "of " + fmt.Sprint(m["image"])}}
			}
		}
		out = append(out, map[string]any{"name": m["name"], "state": state})
	}
	return out
}

// inner is an object within another; one that is missing is put there.
func inner(doc map[string]any, name string) map[string]any {
	m, ok := doc[name].(map[string]any)
	if !ok {
		m = map[string]any{}
		doc[name] = m
	}
	return m
}

func must(doc map[string]any) json.RawMessage {
	text, _ := json.Marshal(doc) // came from JSON
	return text
}

func (k *Kubelet) ephemeral(w http.ResponseWriter, r *http.Request, namespace, name string) {
	patch, ok := k.decode(w, r)
	if !ok {
		return
	}
	pod := k.Object("pods", namespace, name)
	if pod == nil {
		Refuse(w, http.StatusNotFound, "NotFound", "pods "+name+" not found", "")
		return
	}
	added := inner(patch, "spec")["ephemeralContainers"]
	inner(pod, "spec")["ephemeralContainers"] = added
	inner(pod, "status")["ephemeralContainerStatuses"] = k.states(added)
	k.put(Type{"", "v1", "Pod", "pods", true}, must(pod))
	_ = json.NewEncoder(w).Encode(pod) // the client notices
}

func (k *Kubelet) delete(w http.ResponseWriter, r *http.Request, namespace, name string) {
	doc, ok := k.decode(w, r)
	if !ok {
		return
	}
	pod := k.Object("pods", namespace, name)
	if pod == nil {
		Refuse(w, http.StatusNotFound, "NotFound", "pods "+name+" not found", "")
		return
	}
	want := inner(doc, "preconditions")
	if have := inner(pod, "metadata")["uid"]; want["uid"] != have {
		Refuse(w, http.StatusConflict, "Conflict", fmt.Sprintf("the UID in the precondition (%v) does not match the UID in record (%v)", want["uid"], have), "")
		return
	}
	k.Delete("pods", namespace, name)
	_ = json.NewEncoder(w).Encode(pod) // the client notices
}

// selected lists pods by labels: key=value and key.
func (k *Kubelet) selected(w http.ResponseWriter, namespace, selector string) {
	items := []any{}
	for _, key := range k.Keys("pods") {
		ns, name, _ := strings.Cut(key, "/")
		pod := k.Object("pods", ns, name)
		labels := inner(inner(pod, "metadata"), "labels")
		fits := namespace == "" || namespace == ns
		for _, s := range strings.Split(selector, ",") {
			at, value, valued := strings.Cut(s, "=")
			got, ok := labels[at]
			fits = fits && ok && (!valued || got == value)
		}
		if fits {
			items = append(items, pod)
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "PodList", "apiVersion": "v1", "items": items}) // the client notices
}

// The channels of v5.channel.k8s.io, each the first byte of a message.
const (
	channelStdin  = 0
	channelStdout = 1
	channelStderr = 2
	channelError  = 3
	channelClose  = 255
)

// exec is a kubelet's end of an exec, over a WebSocket.
func (k *Kubelet) exec(w http.ResponseWriter, r *http.Request, namespace, pod string) {
	q := r.URL.Query()
	if k.Object("pods", namespace, pod) == nil {
		Refuse(w, http.StatusNotFound, "NotFound", "pods "+pod+" not found", "")
		return
	}
	cmd := Command{Namespace: namespace, Pod: pod, Container: q.Get("container"), Args: q["command"]}
	if k.Older != nil && r.Method == http.MethodPost {
		in, out, errs, done, ok := k.Older(w, r)
		if ok {
			cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, errs
			done(k.run(cmd))
		}
		return
	}
	if k.Older != nil || !websocket.IsWebSocketUpgrade(r) {
		Refuse(w, http.StatusBadRequest, "BadRequest", "Upgrade request required", "")
		return
	}
	up := websocket.Upgrader{Subprotocols: []string{"v5.channel.k8s.io"}}
	c, err := up.Upgrade(w, r, nil)
	if err != nil {
		k.wrong(err)
		return
	}
	defer func() { _ = c.Close() }() // the client closes, too
	var lock sync.Mutex
	cmd.Stdout, cmd.Stderr = &channel{c, &lock, channelStdout}, &channel{c, &lock, channelStderr}
	cmd.Stdin = stdin(c, q.Get("stdin") != "")
	_, _ = (&channel{c, &lock, channelError}).Write(k.run(cmd)) // the client notices
	lock.Lock()
	defer lock.Unlock()
	_ = c.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")) // likewise
}

// run runs a command and returns its Status.
func (k *Kubelet) run(cmd Command) []byte {
	k.mu.Lock()
	k.runs = append(k.runs, cmd)
	k.mu.Unlock()
	run := k.Run
	if run == nil {
		run = Here
	}
	status := map[string]any{"kind": "Status", "apiVersion": "v1", "metadata": map[string]any{}, "status": "Success"}
	switch code, err := run(cmd); {
	case err != nil:
		status["status"], status["reason"], status["message"], status["code"] = "Failure", "InternalError", "Internal error occurred: "+err.Error(), 500
	case code != 0:
		status["status"], status["reason"], status["message"] = "Failure", "NonZeroExitCode", fmt.Sprintf("command terminated with non-zero exit code %d", code)
		status["details"] = map[string]any{"causes": []any{map[string]any{"reason": "ExitCode", "message": fmt.Sprint(code)}}}
	}
	return must(status)
}

// stdin is what a client sends; pings are answered while it is read.
func stdin(c *websocket.Conn, wanted bool) io.Reader {
	in, out := io.Pipe()
	go func() {
		defer func() { _ = out.Close() }()
		for {
			_, data, err := c.ReadMessage()
			switch {
			case err != nil:
				return
			case len(data) > 1 && data[0] == channelClose && data[1] == channelStdin:
				_ = out.Close() // and go on reading pings
			case len(data) > 1 && data[0] == channelStdin:
				_, _ = out.Write(data[1:]) // nobody may read it
			}
		}
	}()
	if !wanted {
		return bytes.NewReader(nil)
	}
	return in
}

// channel is one stream out.
type channel struct {
	c    *websocket.Conn
	lock *sync.Mutex
	id   byte
}

func (o *channel) Write(p []byte) (int, error) {
	o.lock.Lock()
	defer o.lock.Unlock()
	return len(p), o.c.WriteMessage(websocket.BinaryMessage, append([]byte{o.id}, p...))
}

// Here runs a command on this machine.
func Here(c Command) (int, error) {
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
	return Ended(cmd.Run())
}

// Ended is the exit code of a command, or the error of one that could not be run.
func Ended(err error) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit):
		return exit.ExitCode(), nil
	}
	return 0, fmt.Errorf("error executing command in container: failed to exec in container: %w", err)
}
