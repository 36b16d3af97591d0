package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/portolan-net/portolan/internal/manifest"
)

// Resource is a list that the API server offers and an answer may rest on.
type Resource struct {
	manifest.Kind
	// Name is the word of the path: "networkpolicies".
	Name string
}

// Path is where the list is; namespace "" is for all of them.
func (r *Resource) Path(namespace string) string {
	p := "/apis/" + r.Group + "/" + r.Version
	if r.Group == "" {
		p = "/api/" + r.Version
	}
	if namespace != "" && r.Namespaced {
		p += "/namespaces/" + namespace
	}
	return p + "/" + r.Name
}

// String is the resource as kubectl writes it: "networkpolicies.networking.k8s.io".
func (r *Resource) String() string {
	if r.Group == "" {
		return r.Name
	}
	return r.Name + "." + r.Group
}

// aggregated asks for all groups in one answer (Kubernetes 1.27 and later).
const aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

// groups is an APIGroupDiscoveryList, or the older APIGroupList.
type groups struct {
	Kind  string
	Items []struct {
		Metadata struct{ Name string }
		Versions []version
	}
	Groups []struct {
		Name             string
		Versions         []struct{ Version string }
		PreferredVersion struct{ Version string }
	}
}

type version struct {
	Version   string
	Freshness string
	Resources []struct {
		Resource     string
		ResponseKind struct{ Group, Version, Kind string }
		Scope        string
		Verbs        []string
	}
}

// Discover asks which of the kinds that are read the API server serves, each in one
// version, sorted by group and name. What an aggregated API server of a group
// would serve, that is not there, is in stale. The error is an *Error.
func (c *Client) Discover(ctx context.Context) (found []Resource, stale []string, err error) {
	d := &discovery{c: c, ctx: ctx}
	for _, root := range []string{"/api", "/apis"} {
		if err := d.root(root); err != nil {
			return nil, nil, c.unreachable(err)
		}
	}
	found = d.chosen()
	if len(found) == 0 {
		return nil, nil, &Error{What: "the API server " + c.base.Host, Why: "it offers none of the kinds that an answer rests on", Hint: "kubectl api-resources; " + HintLocal}
	}
	return found, d.stale, nil
}

type discovery struct {
	c     *Client
	ctx   context.Context
	all   []Resource // in the server's order: the preferred version first
	stale []string
}

// root reads /api or /apis.
func (d *discovery) root(path string) error {
	data, err := d.c.Get(d.ctx, path, nil, aggregated)
	if err != nil {
		return err
	}
	var g groups
	if err := json.Unmarshal(data, &g); err != nil {
		return &StatusError{Message: "its discovery is not JSON: " + err.Error()}
	}
	if g.Kind != "APIGroupDiscoveryList" {
		return d.older(path, &g)
	}
	for _, group := range g.Items {
		for i := range group.Versions {
			d.version(group.Metadata.Name, &group.Versions[i])
		}
	}
	return nil
}

// version keeps what is read of a group's version.
func (d *discovery) version(group string, v *version) {
	if v.Freshness == "Stale" {
		d.stale = append(d.stale, group+"/"+v.Version)
	}
	for _, r := range v.Resources {
		if slices.Contains(r.Verbs, "list") {
			d.add(group, v.Version, r.ResponseKind.Kind, r.Resource, r.Scope == "Namespaced")
		}
	}
}

func (d *discovery) add(group, version, kind, name string, namespaced bool) {
	k, ok := manifest.KindOf(group, version, kind)
	if !ok {
		return
	}
	k.Namespaced = namespaced
	d.all = append(d.all, Resource{Kind: k, Name: name})
}

// older reads the lists of each group's versions, one by one.
func (d *discovery) older(path string, g *groups) error {
	if path == "/api" {
		return d.list("", "v1")
	}
	for _, group := range g.Groups {
		versions := []string{group.PreferredVersion.Version}
		for _, v := range group.Versions {
			if v.Version != versions[0] {
				versions = append(versions, v.Version)
			}
		}
		for _, v := range versions {
			if err := d.list(group.Name, v); err != nil {
				if !hasCode(err, 404, 503) {
					return err
				}
				d.stale = append(d.stale, group.Name+"/"+v)
			}
		}
	}
	return nil
}

// list reads an APIResourceList.
func (d *discovery) list(group, version string) error {
	path := "/apis/" + group + "/" + version
	if group == "" {
		path = "/api/" + version
	}
	data, err := d.c.Get(d.ctx, path, nil, "")
	if err != nil {
		return err
	}
	var l struct {
		Resources []struct {
			Name, Kind string
			Namespaced bool
			Verbs      []string
		}
	}
	if err := json.Unmarshal(data, &l); err != nil {
		return &StatusError{Message: "its discovery is not JSON: " + err.Error()}
	}
	for _, r := range l.Resources {
		if slices.Contains(r.Verbs, "list") {
			d.add(group, version, r.Kind, r.Name, r.Namespaced)
		}
	}
	return nil
}

// chosen takes each kind once: of its groups the current one, of its versions the
// one the server prefers.
func (d *discovery) chosen() []Resource {
	var out []Resource
	for _, r := range d.all {
		same := func(o Resource) bool { return o.Kind.Kind == r.Kind.Kind && (o.Group == r.Group || sameObjects(o, r)) }
		switch i := slices.IndexFunc(out, same); {
		case i < 0:
			out = append(out, r)
		case out[i].Group != r.Group && better(r.Group, out[i].Group):
			out[i] = r
		}
	}
	slices.SortFunc(out, func(a, b Resource) int { return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name)) })
	return out
}

// sameObjects: the group extensions served what has groups of its own today, and
// Calico's API server shows the objects of its custom resources once more.
func sameObjects(a, b Resource) bool {
	if a.Foreign || b.Foreign {
		return a.Foreign && b.Foreign && a.Engine == b.Engine && a.Engine == "Calico"
	}
	return true
}

func better(group, than string) bool {
	return than == "extensions" || than == "projectcalico.org" && group == "crd.projectcalico.org"
}
