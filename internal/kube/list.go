package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
)

// chunkSize is how many objects are asked for at a time, as kubectl does.
const chunkSize = 500

// ListMeta is the metadata of a list.
type ListMeta struct {
	ResourceVersion    string
	Continue           string
	RemainingItemCount int
}

// Chunk is one answer of a list.
type Chunk struct {
	Data []byte // a typed List, in JSON
	Meta ListMeta
}

// listMeta reads the metadata of a list, which stands in front of its items.
func listMeta(data []byte) (ListMeta, error) {
	var meta ListMeta
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return meta, errors.New("the answer is no list")
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return meta, err
		}
		if name == "metadata" {
			return meta, dec.Decode(&meta)
		}
		var skipped json.RawMessage
		if err := dec.Decode(&skipped); err != nil {
			return meta, err
		}
	}
	return meta, errors.New("the list has no metadata")
}

// list reads a list chunk by chunk. While each works on one the next is fetched.
// begin is called before the first chunk, and again where the list expired on
// the way and was begun anew: what came before does not count then. moments is
// how many moments of the cluster the chunks show: 1, unless it expired and the
// server offered to go on.
func (c *Client) list(ctx context.Context, path string, begin func(), each func(Chunk) error) (moments int, err error) {
	const begun = 3
	for range begun {
		begin()
		moments, err = c.chunks(ctx, path, each)
		if !hasCode(err, http.StatusGone) {
			break
		}
	}
	return moments, err
}

// chunks reads a list once.
func (c *Client) chunks(ctx context.Context, path string, each func(Chunk) error) (moments int, err error) {
	type answer struct {
		chunk Chunk
		gone  string // the token that goes on with another moment
		err   error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	fetch := func(token string) chan answer {
		out := make(chan answer, 1)
		go func() {
			var a answer
			a.chunk, a.err = c.chunk(ctx, path, token)
			var s *StatusError
			if errors.As(a.err, &s) && s.Code == http.StatusGone {
				a.gone = s.Continue
			}
			out <- a
		}()
		return out
	}
	moments = 1
	for next := fetch(""); next != nil; {
		a := <-next
		if a.gone != "" && moments < maxMoments {
			moments++
			next = fetch(a.gone)
			continue
		}
		if a.err != nil {
			return moments, a.err
		}
		next = nil
		if a.chunk.Meta.Continue != "" {
			next = fetch(a.chunk.Meta.Continue)
		}
		if err := each(a.chunk); err != nil {
			return moments, err
		}
	}
	return moments, nil
}

// maxMoments bounds how often a list may expire on the way.
const maxMoments = 10

func (c *Client) chunk(ctx context.Context, path, token string) (Chunk, error) {
	q := url.Values{"limit": {strconv.Itoa(chunkSize)}}
	if token != "" {
		q.Set("continue", token)
	}
	data, err := c.Get(ctx, path, q, "")
	if err != nil {
		return Chunk{}, err
	}
	meta, err := listMeta(data)
	return Chunk{Data: data, Meta: meta}, err
}
