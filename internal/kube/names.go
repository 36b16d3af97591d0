package kube

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
)

// partial asks for the metadata of objects alone.
const partial = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

// Names are the names of objects of a core resource ("pods"), with their namespace
// in front where they have one: for the completion of shells, so no more than a
// chunk of them, and none where anything goes wrong.
func (c *Client) Names(ctx context.Context, resource string) []string {
	data, err := c.once(ctx, "GET", "/api/v1/"+resource, url.Values{"limit": {strconv.Itoa(chunkSize)}}, partial, nil)
	if err != nil {
		return nil
	}
	var l struct {
		Items []struct {
			Metadata struct{ Namespace, Name string }
		}
	}
	if json.Unmarshal(data, &l) != nil {
		return nil
	}
	var out []string
	for _, i := range l.Items {
		name := printable(i.Metadata.Name)
		if ns := printable(i.Metadata.Namespace); ns != "" {
			name = ns + "/" + name
		}
		out = append(out, name)
	}
	return out
}
