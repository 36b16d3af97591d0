package manifest

import (
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// defaultCallPort is the API's: "If specified, the port on the service that
// hosting webhook. Default to 443" (ServiceReference.port).
const defaultCallPort = 443

// callback reads whom the API server is told to call; nil for an object that
// makes it call nobody. Mistakes in these objects are not ours: what is not as
// expected is passed over.
func (v value) callback(t typeMeta) *cluster.Callback {
	var calls []value
	optional := map[int]bool{}
	switch t.group + "/" + t.kind {
	case "admissionregistration.k8s.io/ValidatingWebhookConfiguration", "admissionregistration.k8s.io/MutatingWebhookConfiguration":
		for _, w := range v.items("webhooks") {
			optional[len(calls)] = w.inside("failurePolicy").text() == "Ignore"
			calls = append(calls, w.inside("clientConfig", "service"))
		}
	case "apiregistration.k8s.io/APIService":
		calls = append(calls, v.inside("spec", "service"))
	case "apiextensions.k8s.io/CustomResourceDefinition":
		calls = append(calls, v.inside("spec", "conversion", "webhook", "clientConfig", "service"),
			v.inside("spec", "conversion", "webhookClientConfig", "service"))
	default:
		return nil
	}
	c := &cluster.Callback{Object: v.d.object}
	for i, s := range calls {
		name, ns := clean(s.inside("name").text()), clean(s.inside("namespace").text())
		if !isDNSLabel(name) || !isDNSLabel(ns) {
			continue
		}
		port := uint16(defaultCallPort)
		if n, err := strconv.ParseUint(s.inside("port").text(), 10, 16); err == nil && n > 0 {
			port = uint16(n)
		}
		c.Calls = append(c.Calls, cluster.Call{Namespace: ns, Service: name, Port: port, Position: s.pos(), Optional: optional[i]})
	}
	if len(c.Calls) == 0 {
		return nil
	}
	c.Meta = cluster.Meta{Name: c.Object.Name, Position: v.pos()}
	notes := v.inside("metadata", "annotations")
	if notes.n != nil && notes.n.kind == isMap {
		for i := range notes.n.keys {
			if k := notes.n.keys[i].name; keptAnnotation(k) {
				if c.Annotations == nil {
					c.Annotations = map[string]string{}
				}
				c.Annotations[clean(k)] = clean(value{d: v.d, n: &notes.n.kids[i], parent: notes.n}.text())
			}
		}
	}
	return c
}

// inside is at for objects that are not checked: what is no mapping has no
// fields.
func (v value) inside(path ...string) value {
	for _, name := range path {
		if v.n == nil || v.n.kind != isMap {
			return value{d: v.d, parent: v.parent, name: name}
		}
		v = value{d: v.d, n: v.n.child(name), parent: v.n, name: name}
	}
	return v
}

// items is list for objects that are not checked.
func (v value) items(name string) []value {
	l := v.inside(name)
	if l.n == nil || l.n.kind != isList {
		return nil
	}
	var out []value
	for i := range l.n.kids {
		out = append(out, value{d: v.d, n: &l.n.kids[i], parent: l.n})
	}
	return out
}

// called is a Callback with its type, as the list of what is not used names it.
type called struct {
	*cluster.Callback
	kind, version string
}

// keepCallback takes the first object of a name. It stays listed as not used,
// since no answer about packets rests on it.
func (b *Builder) keepCallback(d decoded, c *called) {
	if !b.left[d.object] {
		b.left[d.object] = true
		b.callbacks = append(b.callbacks, c.Callback)
		b.ignored = append(b.ignored, &cluster.Ignored{Object: d.object, Position: d.pos, Reason: flow.Because(flow.CodeIgnoredKind, c.kind, c.version)})
	}
}
