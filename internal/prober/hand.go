package prober

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Hand is who can do something in a cluster. Errors of the API server are *Refusals.
type Hand interface {
	Pod(ctx context.Context, namespace, name string) (Pod, error)
	Marked(ctx context.Context, namespace, selector string) ([]Pod, error)
	Create(ctx context.Context, namespace string, object any) error
	AddEphemeral(ctx context.Context, namespace, pod string, container any) error
	// Delete deletes the pod of this uid and no other; one that is gone is no error.
	Delete(ctx context.Context, namespace, name, uid string) error
	// Exec runs a command until it ends, or ctx does. A command that does not exist
	// ends with 126 to 128.
	Exec(ctx context.Context, namespace, pod, container string, command []string, stdin string) (Output, error)
}

// Pod is what of a pod in the cluster counts for a probe.
type Pod struct {
	Namespace, Name, UID string
	Labels               map[string]string
	Node                 string
	HostNetwork          bool
	Phase                string
	Why                  string // of the phase
	Deleting             bool
	Created              time.Time
	Containers           []string
	States               []ContainerState // of those that were started, ephemeral ones too
}

// ContainerState is how a container is.
type ContainerState struct {
	Name           string
	Running, Ended bool
	Waiting        string // "ImagePullBackOff"
	Why            string
}

// state is that of a container; zero where nothing is known of it.
func (p *Pod) state(container string) ContainerState {
	for _, s := range p.States {
		if s.Name == container {
			return s
		}
	}
	return ContainerState{}
}

// Output is what a command left behind.
type Output struct {
	Stdout, Stderr string
	Exit           int
}

// Refusal is what the API server did not do.
type Refusal struct {
	Verb, Resource, Namespace string
	Code                      int // of HTTP, 0 where nobody answered
	Reason, Message           string
}

// Error names the verb and the resource.
func (e *Refusal) Error() string {
	why := cmp.Or(e.Message, e.Reason, http.StatusText(e.Code), strconv.Itoa(e.Code))
	where := ""
	if e.Namespace != "" {
		where = " in namespace " + e.Namespace
	}
	if e.Code == http.StatusForbidden && !e.Security() {
		return "who asks may not " + e.Verb + " " + e.Resource + where + ": " + why
	}
	return e.Verb + " " + e.Resource + where + ": " + why
}

// Security reports whether PodSecurity refused the pod, and not who asks.
func (e *Refusal) Security() bool {
	return e.Code == http.StatusForbidden && strings.Contains(e.Message, "violates PodSecurity")
}

// NotFound reports whether what was asked for does not exist.
func NotFound(err error) bool { return hasCode(err, http.StatusNotFound) }

// Forbidden reports whether who asks lacks a right.
func Forbidden(err error) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == http.StatusForbidden && !r.Security()
}

func hasCode(err error, code int) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == code
}
