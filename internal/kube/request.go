package kube

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// tries is how often a request is done before it counts as failed.
const tries = 5

// maxBody bounds one answer: a chunk of 500 objects of the largest size etcd takes.
const maxBody = 1 << 30

// backoff is the pause before a request is done again: 0.2 s, 0.4 s, 0.8 s, ...
func backoff(try int) time.Duration { return 100 * time.Millisecond << try }

// StatusError is an answer of the API server that is not what was asked for.
type StatusError struct {
	Code    int    // of HTTP
	Reason  string // "Forbidden", "Expired", ...
	Message string
	// Continue is a token to go on with behind an expired one.
	Continue string
}

// Error is the server's message.
func (e *StatusError) Error() string {
	if e.Message == "" {
		return strings.TrimSpace(strconv.Itoa(e.Code) + " " + http.StatusText(e.Code))
	}
	return e.Message
}

// IsForbidden reports whether the server knows who asks, and refuses.
func IsForbidden(err error) bool { return hasCode(err, http.StatusForbidden) }

func hasCode(err error, codes ...int) bool {
	var s *StatusError
	if !errors.As(err, &s) {
		return false
	}
	for _, c := range codes {
		if s.Code == c {
			return true
		}
	}
	return false
}

// Get reads a path of the API ("/api/v1/pods"), whole. What may pass (a busy server,
// a broken connection, a body cut short) is tried again. The error is a *StatusError
// or of the connection.
func (c *Client) Get(ctx context.Context, path string, query url.Values, accept string) ([]byte, error) {
	return c.do(ctx, http.MethodGet, path, query, accept, nil)
}

func (c *Client) do(ctx context.Context, method, path string, query url.Values, accept string, body []byte) ([]byte, error) {
	var last error
	for try := range tries {
		if try > 0 {
			if err := pause(ctx, max(c.waits(try), retryAfter(last))); err != nil {
				return nil, last
			}
		}
		data, err := c.once(ctx, method, path, query, accept, body)
		if err == nil || ctx.Err() != nil || !passing(err) {
			return data, err
		}
		last = err
	}
	return nil, last
}

// later is a StatusError that says when to come again.
type later struct {
	*StatusError
	after time.Duration
}

func (e *later) Unwrap() error { return e.StatusError }

func retryAfter(err error) time.Duration {
	var l *later
	if errors.As(err, &l) {
		return l.after
	}
	return 0
}

// passing reports whether a failure may be over soon.
func passing(err error) bool {
	var s *StatusError
	if errors.As(err, &s) {
		return s.Code == http.StatusTooManyRequests || s.Code >= 500 && s.Code != http.StatusNotImplemented
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return false // it took its time already
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		return false // nobody is there
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || dial != nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (c *Client) once(ctx context.Context, method, path string, query url.Values, accept string, body []byte) ([]byte, error) {
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	if accept == "" {
		accept = "application/json"
	}
	req.Header.Set("Accept", accept)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // only read from
	data, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxBody:
		return nil, fmt.Errorf("an answer of more than %d bytes", maxBody)
	case res.StatusCode/100 != 2:
		return nil, statusError(res, data)
	}
	return data, nil
}

// statusError reads a metav1.Status, or makes do with what there is: a proxy in
// between answers in a language of its own.
func statusError(res *http.Response, data []byte) error {
	var s struct {
		Kind, Reason, Message string
		Metadata              struct{ Continue string }
	}
	e := &StatusError{Code: res.StatusCode}
	if json.Unmarshal(data, &s) == nil && s.Kind == "Status" {
		e.Reason, e.Message, e.Continue = s.Reason, s.Message, s.Metadata.Continue
	}
	const longest = 30 * time.Second
	if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && n > 0 {
		return &later{e, min(time.Duration(n)*time.Second, longest)}
	}
	return e
}

// plain is an error without what only a programmer needs.
func plain(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return printable(err.Error())
}

// printable is a text of the server's without what could drive a terminal.
func printable(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)), " ")
}

// unreachable says that no answer came, or none that helps: nobody is there, or
// nobody knows who asks.
func (c *Client) unreachable(err error) *Error {
	e := &Error{What: "the API server " + c.base.Host, Why: plain(err), Hint: "kubectl version; " + HintLocal}
	if c.Context != "" {
		e.What += " of context " + c.Context
	}
	var timeout net.Error
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &cert):
		e.Hint = "--certificate-authority FILE, or --tls-server-name NAME; is it the right server?"
	case hasCode(err, http.StatusUnauthorized):
		e.Why = "it does not accept the credentials (401 Unauthorized)"
		e.Hint = "kubectl auth whoami; log in again, or name another --context"
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Why = "no answer in time"
		e.Hint = "is it the right context, and the VPN up? kubectl version; --request-timeout allows more; " + HintLocal
	}
	return e
}
