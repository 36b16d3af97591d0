package kubeexec

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/portolan-net/portolan/internal/kube"
	"github.com/portolan-net/portolan/internal/prober"
)

// maxAnswer bounds one answer of the API server.
const maxAnswer = 64 << 20

// Client changes pods of one cluster. It is a prober.Hand.
type Client struct {
	config *rest.Config
	http   *http.Client
	base   *url.URL
}

// New is a Client of the cluster that is read.
func New(c *kube.Client) (*Client, error) {
	h, err := rest.HTTPClientFor(c.Config)
	if err != nil {
		return nil, err
	}
	base, _, err := rest.DefaultServerUrlFor(c.Config)
	if err != nil {
		return nil, err
	}
	return &Client{config: c.Config, http: h, base: base}, nil
}

// call is one request. It is done once: what changes something is not repeated.
type call struct {
	verb, resource          string // for the Refusal: "create", "pods/exec"
	namespace               string
	method, path, mediaType string
	query                   url.Values
	body                    any
}

func (c *Client) do(ctx context.Context, k call, into any) error {
	var body io.Reader
	if k.body != nil {
		text, err := json.Marshal(k.body)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, k.method, c.url(k.path, k.query), body)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if k.mediaType != "" {
		req.Header.Set("Content-Type", k.mediaType)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return k.refused(0, "", err.Error())
	}
	defer func() { _ = res.Body.Close() }() // only read from
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return k.refused(0, "", err.Error())
	}
	if res.StatusCode/100 != 2 {
		return k.status(res.StatusCode, data)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return k.refused(res.StatusCode, "", "the answer is no JSON: "+err.Error())
	}
	return nil
}

func (c *Client) url(path string, query url.Values) string {
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	u.RawQuery = query.Encode()
	return u.String()
}

// status reads a metav1.Status, or makes do with what there is.
func (k *call) status(code int, data []byte) error {
	var s struct{ Kind, Reason, Message string }
	if json.Unmarshal(data, &s) != nil || s.Kind != "Status" {
		s.Reason, s.Message = "", http.StatusText(code)
	}
	return k.refused(code, s.Reason, s.Message)
}

func (k *call) refused(code int, reason, message string) error {
	return &prober.Refusal{Verb: k.verb, Resource: k.resource, Namespace: k.namespace, Code: code, Reason: reason, Message: message}
}

func pods(namespace string) string {
	if namespace == "" {
		return "/api/v1/pods"
	}
	return "/api/v1/namespaces/" + url.PathEscape(namespace) + "/pods"
}

func pod(namespace, name string) (string, error) {
	if namespace == "" || name == "" || strings.ContainsAny(namespace+name, "/%?#") || name == "." || name == ".." || namespace == "." || namespace == ".." {
		return "", fmt.Errorf("%q is no name of a pod", namespace+"/"+name)
	}
	return pods(namespace) + "/" + name, nil
}
