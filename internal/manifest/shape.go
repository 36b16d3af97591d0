package manifest

import (
	"slices"

	"github.com/portolan-net/portolan/cluster"
)

// shape says which fields of a mapping are read; the shape of a list is that of
// its items. nil keeps everything.
//
// A dump's bytes are nearly all of fields that nobody reads, so those are passed
// over. A shape that forgets a field costs time and never an answer: who asks a
// node for a field that was passed over marks it (node.asked), and the object is
// then read again in full. TestShapes holds that no known input needs that.
type shape struct {
	fields []field
	// rest says which other fields are kept whole; nil for none.
	rest func(string) bool
}

type field struct {
	name  string
	shape *shape
}

// under is the shape of a field, and whether the field is kept.
func under[T ~string | ~[]byte](s *shape, name T) (*shape, bool) {
	if s == nil {
		return nil, true
	}
	for i := range s.fields {
		if s.fields[i].name == string(name) {
			return s.fields[i].shape, true
		}
	}
	return nil, s.rest != nil && s.rest(string(name))
}

// some keeps the named fields whole.
func some(names ...string) *shape {
	s := &shape{}
	for _, n := range names {
		s.fields = append(s.fields, field{n, nil})
	}
	return s
}

// and adds a field that has a shape itself.
func (s *shape) and(name string, sub *shape) *shape {
	s.fields = append(s.fields, field{name, sub})
	return s
}

func everything(string) bool { return true }

// metaShape is what meta, objectName and controller read.
func metaShape() *shape {
	return some("name", "namespace", "generateName", "labels", "creationTimestamp", "deletionTimestamp").
		and("annotations", &shape{rest: keptAnnotation}).
		and("managedFields", some("manager", "subresource", "time")).
		and("ownerReferences", some("controller", "kind", "name"))
}

// object is the shape of an object with these parts.
func object(meta *shape) *shape { return some("apiVersion", "kind", "items").and("metadata", meta) }

// strictly is the shape of an object whose fields are all checked: only what is
// under managedFields is nobody's business.
func strictly() *shape {
	s := object(metaShape())
	s.rest = everything
	s.fields[len(s.fields)-1].shape.rest = everything
	return s
}

func podSpecShape() *shape {
	return some("nodeName", "hostNetwork").
		and("containers", some("args", "command", "image", "ports")).
		and("initContainers", some("ports", "restartPolicy"))
}

func workloadShape() *shape {
	pod := (&shape{}).and("metadata", some("labels")).and("spec", podSpecShape())
	return object(metaShape()).and("status", nil).and("spec", some("replicas", "parallelism").and("template", pod).
		and("jobTemplate", (&shape{}).and("spec", some("parallelism").and("template", pod))))
}

// shapes are those of the modelled kinds.
var shapes = map[string]*shape{
	"Node": object(metaShape()).and("spec", some("podCIDR", "podCIDRs")).and("status", some("addresses").
		and("conditions", some("status", "type")).and("nodeInfo", some("kubeletVersion"))),
	"Namespace": object(metaShape()),
	"Pod": object(metaShape()).and("spec", podSpecShape()).and("status",
		some("hostIP", "hostIPs", "phase", "podIP", "podIPs").and("conditions", some("status", "type"))),
	"Service": strictly(),
	"Endpoints": object(metaShape()).and("subsets", some("ports").
		and("addresses", addressShape()).and("notReadyAddresses", addressShape())),
	"EndpointSlice": object(metaShape()).and("addressType", nil).and("ports", nil).and("endpoints",
		some("addresses", "conditions", "hints", "nodeName", "topology", "zone").and("targetRef", targetShape())),
	"NetworkPolicy":         strictly(),
	"ReplicationController": workloadShape(),
	"Deployment":            workloadShape(),
	"ReplicaSet":            workloadShape(),
	"DaemonSet":             workloadShape(),
	"StatefulSet":           workloadShape(),
	"Job":                   workloadShape(),
	"CronJob":               workloadShape(),
	"IPAddressPool":         strictly(),
	"BGPAdvertisement":      strictly(),
	"L2Advertisement":       strictly(),
	"BGPPeer":               strictly(),

	cluster.KindIPPool:             clueShape(cluster.KindIPPool),
	cluster.KindFelixConfiguration: clueShape(cluster.KindFelixConfiguration),
	cluster.KindServiceCIDR:        clueShape(cluster.KindServiceCIDR),
}

func addressShape() *shape { return some("ip", "nodeName").and("targetRef", targetShape()) }

func targetShape() *shape { return some("kind", "name", "namespace") }

// otherShape is that of a kind that is not modelled, and callerShapes of those
// among them that make the API server call somebody.
var (
	otherShape   = object(some("name", "namespace"))
	callerShapes = map[string]*shape{
		"ValidatingWebhookConfiguration": callerShape().and("webhooks", calledShape().and("failurePolicy", nil)),
		"MutatingWebhookConfiguration":   callerShape().and("webhooks", calledShape().and("failurePolicy", nil)),
		"APIService":                     callerShape().and("spec", some("service")),
		"CustomResourceDefinition": callerShape().and("spec", (&shape{}).and("conversion", some("webhookClientConfig").
			and("webhook", calledShape()))),
	}
)

func callerShape() *shape {
	return object(some("name", "namespace").and("annotations", &shape{rest: keptAnnotation}))
}

func calledShape() *shape { return (&shape{}).and("clientConfig", some("service")) }

// shapeOf is the shape of an object of type t; nil where the object is small,
// or strange.
func shapeOf(t typeMeta) *shape {
	if t.kind == "" || t.version == "" || t.group == ownGroup {
		return nil
	}
	if m := byKind(modelledKinds, t.kind); m != nil {
		if slices.Contains(m.groups, t.group) {
			return shapes[t.kind]
		}
		return nil
	}
	if s := callerShapes[t.kind]; s != nil {
		return s
	}
	if len(t.kind) > 4 && t.kind[len(t.kind)-4:] == "List" {
		return nil // its items have shapes of their own
	}
	return otherShape
}
