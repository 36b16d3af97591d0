package kubeexec

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"
	"k8s.io/klog/v2"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/portolan-net/portolan/internal/prober"
)

// maxOutput bounds what is kept of a command's output.
const maxOutput = 64 << 10

// notThere is a shell's exit code for a command that does not exist.
const notThere = 127

// Exec runs a command in a container and waits for its end, or ctx's. A command that
// does not exist there ends with 127, as in a shell.
func (c *Client) Exec(ctx context.Context, namespace, name, container string, command []string, stdin string) (prober.Output, error) {
	path, err := pod(namespace, name)
	if err != nil {
		return prober.Output{}, err
	}
	query := url.Values{"container": {container}, "command": command, "stdout": {"true"}, "stderr": {"true"}}
	if stdin != "" {
		query.Set("stdin", "true")
	}
	var first error
	run, err := c.executor(c.url(path+"/exec", query), &first)
	if err != nil {
		return prober.Output{}, err
	}
	var out, errs bounded
	streams := remotecommand.StreamOptions{Stdout: &out, Stderr: &errs}
	if stdin != "" {
		streams.Stdin = strings.NewReader(stdin)
	}
	// The zero Logger says nothing: what counts comes back as an error.
	err = run.StreamWithContext(klog.NewContext(ctx, klog.Logger{}), streams)
	o := prober.Output{Stdout: out.kept.String(), Stderr: errs.kept.String()}
	var ended exec.CodeExitError
	switch {
	case err == nil:
		return o, nil
	case errors.As(err, &ended):
		o.Exit = ended.Code
		return o, nil
	case ctx.Err() != nil:
		return o, ctx.Err()
	case missing(err.Error()):
		o.Exit, o.Stderr = notThere, err.Error()
		return o, nil
	}
	return o, refusedExec(namespace, first, err)
}

// executor speaks WebSocket, and SPDY where the server refuses that: because it does
// not know it, or because who asks may create an exec but not get one. first is then
// what it said to the WebSocket.
func (c *Client) executor(to string, first *error) (remotecommand.Executor, error) {
	config := rest.CopyConfig(c.config)
	config.Timeout = 0 // ctx bounds it
	ws, err := remotecommand.NewWebSocketExecutor(config, http.MethodGet, to)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	spdy, err := remotecommand.NewSPDYExecutor(config, http.MethodPost, u)
	if err != nil {
		return nil, err
	}
	return remotecommand.NewFallbackExecutor(ws, spdy, func(err error) bool {
		var refused *httpstream.UpgradeFailureError
		if errors.As(err, &refused) {
			*first = refused.Cause
			return true
		}
		return httpstream.IsHTTPSProxyError(err)
	})
}

// missing reports whether a runtime says that the command does not exist.
func missing(text string) bool {
	return strings.Contains(text, "executable file not found") ||
		strings.Contains(text, "exec") && strings.Contains(text, "no such file or directory")
}

// refusedExec says what the server said. SPDY tells the message of its answer and not
// the code, which is that of the answer to the WebSocket.
func refusedExec(namespace string, first, err error) error {
	k := call{verb: "create", resource: "pods/exec", namespace: namespace}
	message := strings.TrimPrefix(err.Error(), "unable to upgrade connection: ")
	var s apierrors.APIStatus
	if errors.As(err, &s) {
		return k.refused(int(s.Status().Code), string(s.Status().Reason), s.Status().Message)
	}
	if errors.As(first, &s) {
		return k.refused(int(s.Status().Code), string(s.Status().Reason), message)
	}
	return k.refused(0, "", message)
}

// bounded keeps the beginning of what is written.
type bounded struct{ kept bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	if room := maxOutput - b.kept.Len(); room > 0 {
		b.kept.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
