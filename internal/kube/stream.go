package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// event is one line of a watch.
type event struct {
	Type   string // ADDED, MODIFIED, DELETED, BOOKMARK, ERROR
	Object json.RawMessage
}

// firstWord is how long the answer to a request for a watch may take to begin.
const firstWord = 15 * time.Second

var errNoAnswer = errors.New("no answer in time")

// errSilent ends a watch that said nothing for too long: bookmarks come every minute.
var errSilent = errors.New("the watch fell silent")

// stream opens a watch and calls each with its events. opened is called when the
// server has accepted it. The error is nil where the server ended it, as it does after
// the timeout that was asked for.
func (c *Client) stream(ctx context.Context, path string, query url.Values, idle time.Duration, opened func(), each func(*event) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(min(idle, firstWord), func() { cancel(errNoAnswer) })
	defer watchdog.Stop()
	res, err := c.open(ctx, path, query)
	if err != nil {
		return cause(ctx, err)
	}
	defer func() { _ = res.Body.Close() }() // only read from
	if res.StatusCode/100 != 2 {
		data, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		if err != nil {
			return cause(ctx, err)
		}
		return statusError(res, data)
	}
	if !watchdog.Stop() {
		return errNoAnswer
	}
	watchdog = time.AfterFunc(idle, func() { cancel(errSilent) })
	defer watchdog.Stop()
	opened()
	dec := json.NewDecoder(io.LimitReader(res.Body, 1<<62))
	for {
		var e event
		switch err := dec.Decode(&e); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return cause(ctx, err)
		}
		watchdog.Reset(idle)
		if err := each(&e); err != nil {
			return err
		}
	}
}

// open sends the request of a watch. Its answer has no end, so the time that a
// request may take does not count.
func (c *Client) open(ctx context.Context, path string, query url.Values) (*http.Response, error) {
	u := *c.base
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	endless := *c.http
	endless.Timeout = 0
	return endless.Do(req)
}

// cause is why a watch was ended, where we did it.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return c
	}
	return err
}

// failure is the error that an ERROR event carries.
func failure(object []byte) error {
	var s struct {
		Code            int
		Reason, Message string
	}
	if err := json.Unmarshal(object, &s); err != nil {
		return fmt.Errorf("the watch ended with an error that is no Status: %w", err)
	}
	return &StatusError{Code: s.Code, Reason: s.Reason, Message: s.Message}
}
