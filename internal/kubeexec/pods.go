package kubeexec

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/portolan-net/portolan/internal/prober"
)

// podDoc is what of a Pod counts here.
type podDoc struct {
	Metadata struct {
		Namespace, Name, UID string
		Labels               map[string]string
		CreationTimestamp    time.Time
		DeletionTimestamp    *time.Time
	}
	Spec struct {
		NodeName    string
		HostNetwork bool
		Containers  []struct{ Name string }
	}
	Status struct {
		Phase, Reason, Message     string
		ContainerStatuses          []containerDoc
		EphemeralContainerStatuses []containerDoc
	}
}

type containerDoc struct {
	Name  string
	State struct {
		Running    *struct{}
		Waiting    *struct{ Reason, Message string }
		Terminated *struct{ Reason, Message string }
	}
}

func (d *podDoc) pod() prober.Pod {
	p := prober.Pod{
		Namespace: d.Metadata.Namespace, Name: d.Metadata.Name, UID: d.Metadata.UID, Labels: d.Metadata.Labels,
		Created: d.Metadata.CreationTimestamp, Deleting: d.Metadata.DeletionTimestamp != nil,
		Node: d.Spec.NodeName, HostNetwork: d.Spec.HostNetwork,
		Phase: d.Status.Phase, Why: join(d.Status.Reason, d.Status.Message),
	}
	for _, c := range d.Spec.Containers {
		p.Containers = append(p.Containers, c.Name)
	}
	for _, c := range append(d.Status.ContainerStatuses, d.Status.EphemeralContainerStatuses...) {
		s := prober.ContainerState{Name: c.Name, Running: c.State.Running != nil}
		if w := c.State.Waiting; w != nil {
			s.Waiting, s.Why = w.Reason, join(w.Reason, w.Message)
		}
		if t := c.State.Terminated; t != nil {
			s.Ended, s.Why = true, join(t.Reason, t.Message)
		}
		p.States = append(p.States, s)
	}
	return p
}

func join(reason, message string) string {
	if reason == "" || message == "" {
		return reason + message
	}
	return reason + ": " + message
}

// Pod reads one pod.
func (c *Client) Pod(ctx context.Context, namespace, name string) (prober.Pod, error) {
	path, err := pod(namespace, name)
	if err != nil {
		return prober.Pod{}, err
	}
	var d podDoc
	err = c.do(ctx, call{verb: "get", resource: "pods", namespace: namespace, method: http.MethodGet, path: path}, &d)
	return d.pod(), err
}

// Marked lists the pods with a label, of all namespaces where none is named.
func (c *Client) Marked(ctx context.Context, namespace, selector string) ([]prober.Pod, error) {
	var list struct{ Items []podDoc }
	err := c.do(ctx, call{
		verb: "list", resource: "pods", namespace: namespace, method: http.MethodGet,
		path: pods(namespace), query: url.Values{"labelSelector": {selector}},
	}, &list)
	var out []prober.Pod
	for i := range list.Items {
		out = append(out, list.Items[i].pod())
	}
	return out, err
}

// Create creates a pod.
func (c *Client) Create(ctx context.Context, namespace string, object any) error {
	return c.do(ctx, call{
		verb: "create", resource: "pods", namespace: namespace, method: http.MethodPost,
		path: pods(namespace), mediaType: "application/json", body: object,
	}, nil)
}

// AddEphemeral adds an ephemeral container to a pod.
func (c *Client) AddEphemeral(ctx context.Context, namespace, name string, container any) error {
	path, err := pod(namespace, name)
	if err != nil {
		return err
	}
	return c.do(ctx, call{
		verb: "patch", resource: "pods/ephemeralcontainers", namespace: namespace, method: http.MethodPatch,
		path: path + "/ephemeralcontainers", mediaType: "application/strategic-merge-patch+json",
		body: map[string]any{"spec": map[string]any{"ephemeralContainers": []any{container}}},
	}, nil)
}

// Delete deletes the pod of this uid, and no other of its name. One that is gone is
// no error.
func (c *Client) Delete(ctx context.Context, namespace, name, uid string) error {
	path, err := pod(namespace, name)
	if err != nil {
		return err
	}
	err = c.do(ctx, call{
		verb: "delete", resource: "pods", namespace: namespace, method: http.MethodDelete, path: path, mediaType: "application/json",
		body: map[string]any{
			"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 1,
			"preconditions": map[string]string{"uid": uid},
		},
	}, nil)
	if prober.NotFound(err) {
		return nil
	}
	return err
}
