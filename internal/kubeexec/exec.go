package kubeexec

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/util/exec"
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
	run, err := c.executor(c.url(path+"/exec", query))
	if err != nil {
		return prober.Output{}, err
	}
	var out, errs bounded
	streams := remotecommand.StreamOptions{Stdout: &out, Stderr: &errs}
	if stdin != "" {
		streams.Stdin = strings.NewReader(stdin)
	}
	err = run.StreamWithContext(ctx, streams)
	o := prober.Output{Stdout: out.String(), Stderr: errs.String()}
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
	return o, refusedExec(namespace, err)
}

// executor speaks WebSocket, and SPDY where the server does not know that.
func (c *Client) executor(to string) (remotecommand.Executor, error) {
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
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
}

// missing reports whether a runtime says that the command does not exist.
func missing(text string) bool {
	return strings.Contains(text, "executable file not found") || strings.Contains(text, "no such file or directory")
}

func refusedExec(namespace string, err error) error {
	k := call{verb: "create", resource: "pods/exec", namespace: namespace}
	var s apierrors.APIStatus
	if errors.As(err, &s) {
		return k.refused(int(s.Status().Code), string(s.Status().Reason), s.Status().Message)
	}
	return k.refused(0, "", err.Error())
}

// bounded keeps the beginning of what is written.
type bounded struct{ bytes.Buffer }

var _ io.Writer = &bounded{}

func (b *bounded) Write(p []byte) (int, error) {
	if room := maxOutput - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
