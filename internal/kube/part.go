package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
)

// part reads a chunk. Where an object is not understood (an API server newer than
// we are may take what we do not know) the others are read without it.
func (r *reader) part(l *listing, data []byte) ([]*manifest.Part, []Unread, error) {
	opt := manifest.Options{Limits: r.opt.Limits}
	p, err := manifest.ReadPart("", data, opt)
	if err == nil {
		return []*manifest.Part{p}, nil, nil
	}
	var list struct {
		Kind, APIVersion string
		Items            []json.RawMessage
	}
	if json.Unmarshal(data, &list) != nil {
		return nil, nil, err
	}
	var parts []*manifest.Part
	var bad []Unread
	for _, item := range list.Items {
		one, err := json.Marshal(map[string]any{"kind": list.Kind, "apiVersion": list.APIVersion, "items": []json.RawMessage{item}})
		if err != nil {
			return nil, nil, err
		}
		p, err := manifest.ReadPart("", one, opt)
		if err == nil {
			parts = append(parts, p)
			continue
		}
		bad = append(bad, Unread{Verb: "list", Resource: l.String(), Why: err.Error(), Kind: l.Kind, Object: nameOf(l.Kind.Kind, item)})
	}
	return parts, bad, nil
}

func nameOf(kind string, item []byte) flow.Object {
	var o struct {
		Metadata struct{ Namespace, Name string }
	}
	if json.Unmarshal(item, &o) != nil || o.Metadata.Name == "" {
		o.Metadata.Name = "?"
	}
	return flow.Object{Kind: kind, Namespace: printable(o.Metadata.Namespace), Name: printable(o.Metadata.Name)}
}

// configs reads the ConfigMaps of dataplanes: never all, and none with another name.
func (r *reader) configs(ctx context.Context, lists []*listing, out *Reading) {
	for _, ns := range agentNamespaces(lists) {
		for _, name := range manifest.ConfigNames() {
			err := r.config(ctx, ns, name, out)
			if err == nil || hasCode(err, http.StatusNotFound) {
				continue
			}
			out.Unread = append(out.Unread, Unread{
				Verb: "get", Resource: "configmaps/" + name, Forbidden: IsForbidden(err), Why: plain(err), Kind: manifest.Kind{Kind: "ConfigMap", Version: "v1", Namespaced: true},
				Object: flow.Object{Kind: "ConfigMap", Namespace: ns, Name: name},
			})
		}
	}
}

func (r *reader) config(ctx context.Context, ns, name string, out *Reading) error {
	data, err := r.c.Get(ctx, fmt.Sprintf("/api/v1/namespaces/%s/configmaps/%s", ns, name), nil, "")
	if err != nil {
		return err
	}
	p, err := manifest.ReadPart("", data, manifest.Options{Limits: r.opt.Limits})
	if err != nil {
		return errors.New("not understood: " + err.Error())
	}
	return out.Builder.AddPart(p)
}

// agentNamespaces are kube-system and where else agents run.
func agentNamespaces(lists []*listing) []string {
	all := []string{"kube-system"}
	for _, l := range lists {
		if l.Kind.Kind != "DaemonSet" {
			continue
		}
		for _, p := range l.parts {
			for ns := range p.Agents() {
				if !slices.Contains(all, ns) {
					all = append(all, ns)
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// unreadNotes says in every answer what was not read: what is refused alike in one
// sentence.
func unreadNotes(unread []Unread) []flow.Reason {
	var out []flow.Reason
	alike := map[string]int{} // places in out, by verb and namespaces
	for _, u := range unread {
		switch {
		case u.Forbidden:
			where := strings.Join(u.Except, ", ")
			key := u.Verb + "\x00" + where
			if i, again := alike[key]; again {
				out[i].Args[1] += ", " + u.Resource
				continue
			}
			alike[key] = len(out)
			if where != "" {
				out = append(out, flow.Because(flow.CodeLiveNarrow, u.Verb, u.Resource, few(u.Except)))
			} else {
				out = append(out, flow.Because(flow.CodeLiveForbidden, u.Verb, u.Resource, u.Why))
			}
		case u.Verb == "list" && !u.Object.IsZero():
			out = append(out, flow.Because(flow.CodeLiveOdd, u.Object.String(), u.Why))
		default:
			out = append(out, flow.Because(flow.CodeLiveFailed, u.Verb, u.Resource, u.Why))
		}
	}
	return out
}
