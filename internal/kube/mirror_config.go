package kube

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
)

// readConfigs reads the ConfigMaps of dataplanes by their names. One that does not
// answer stays as it was.
func (m *Mirror) readConfigs(ctx context.Context) {
	var missed []Unread
	for _, ns := range m.agentNamespaces() {
		for _, name := range manifest.ConfigNames() {
			o := flow.Object{Kind: "ConfigMap", Namespace: ns, Name: name}
			p, err := m.readConfig(ctx, o)
			switch {
			case ctx.Err() != nil:
				return
			case err == nil, hasCode(err, http.StatusNotFound):
				m.mu.Lock()
				m.put(&m.configs, keyOf(o), p)
				m.mu.Unlock()
			default:
				missed = append(missed, Unread{
					Verb: "get", Resource: "configmaps/" + name, Forbidden: IsForbidden(err), Why: plain(err),
					Kind: manifest.Kind{Kind: "ConfigMap", Version: "v1", Namespaced: true}, Object: o,
				})
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.EqualFunc(m.missed, missed, func(a, b Unread) bool { return a.Object == b.Object && a.Forbidden == b.Forbidden }) {
		m.missed, m.dirty = missed, true
		m.rouse()
	}
}

func (m *Mirror) readConfig(ctx context.Context, o flow.Object) (*manifest.Part, error) {
	data, err := m.c.Get(ctx, fmt.Sprintf("/api/v1/namespaces/%s/configmaps/%s", o.Namespace, o.Name), nil, "")
	if err != nil {
		return nil, err
	}
	p, err := manifest.ReadPart("", data, manifest.Options{Limits: m.opt.Limits})
	if err != nil {
		return nil, errors.New("not understood: " + err.Error())
	}
	if len(p.Objects()) == 0 {
		return nil, nil
	}
	return p, nil
}

func (m *Mirror) agentNamespaces() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lists []*listing
	for _, f := range m.followers {
		for _, one := range append([]*follower{f}, f.parts...) {
			lists = append(lists, &listing{Resource: f.Resource, parts: one.store.parts})
		}
	}
	return agentNamespaces(lists)
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

func compareResources(a, b *Resource) int {
	return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name))
}
