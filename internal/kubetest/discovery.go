package kubetest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// discover serves /api and /apis.
func (s *Server) discover(w http.ResponseWriter, r *http.Request, root string) {
	groups := map[string][]Type{}
	var names []string
	for _, t := range s.types {
		if (t.Group == "") != (root == "api") {
			continue
		}
		if !slices.Contains(names, t.Group) {
			names = append(names, t.Group)
		}
		groups[t.Group] = append(groups[t.Group], t)
	}
	if s.Older || !strings.Contains(r.Header.Get("Accept"), "APIGroupDiscoveryList") {
		var list []any
		for _, n := range names {
			v := map[string]any{"groupVersion": n + "/" + groups[n][0].Version, "version": groups[n][0].Version}
			list = append(list, map[string]any{"name": n, "versions": []any{v}, "preferredVersion": v})
		}
		reply(w, r, map[string]any{"kind": "APIGroupList", "apiVersion": "v1", "groups": list})
		return
	}
	var items []any
	for _, n := range names {
		var resources []any
		for _, t := range groups[n] {
			scope := "Cluster"
			if t.Namespaced {
				scope = "Namespaced"
			}
			resources = append(resources, map[string]any{
				"resource": t.Resource, "scope": scope, "verbs": []string{"get", "list", "watch"},
				"responseKind": map[string]any{"group": t.Group, "version": t.Version, "kind": t.Kind},
			})
		}
		items = append(items, map[string]any{
			"metadata": map[string]any{"name": n},
			"versions": []any{map[string]any{"version": groups[n][0].Version, "freshness": "Current", "resources": resources}},
		})
	}
	reply(w, r, map[string]any{"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": items})
}

// resources serves the APIResourceList of a group.
func (s *Server) resources(w http.ResponseWriter, group string) {
	var list []any
	for _, t := range s.types {
		if t.Group == group {
			list = append(list, map[string]any{"name": t.Resource, "kind": t.Kind, "namespaced": t.Namespaced, "verbs": []string{"get", "list"}})
		}
	}
	if list == nil {
		Refuse(w, http.StatusNotFound, "NotFound", "the server could not find the requested resource", "")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "APIResourceList", "resources": list}) // the client notices
}

// review answers a SelfSubjectAccessReview by what is forbidden.
func (s *Server) review(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Spec struct {
			ResourceAttributes struct{ Verb, Group, Resource, Subresource, Namespace string }
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		Refuse(w, http.StatusBadRequest, "BadRequest", err.Error(), "")
		return
	}
	a := body.Spec.ResourceAttributes
	name := Type{Group: a.Group, Resource: a.Resource}.String()
	if a.Subresource != "" {
		name += "/" + a.Subresource
	}
	reply(w, r, map[string]any{"kind": "SelfSubjectAccessReview", "status": map[string]any{"allowed": s.allowed(a.Verb, name, a.Namespace)}})
}
