package cluster

import "github.com/portolan-net/portolan/flow"

// Callback is an object that makes the API server call Services: a webhook
// configuration, an APIService, a CustomResourceDefinition with a conversion
// webhook. No packet of an answer rests on it.
type Callback struct {
	Meta
	Object flow.Object
	Calls  []Call
}

// Call is one Service that the API server calls.
type Call struct {
	Namespace, Service string
	Port               uint16 // 443 where none was written
	Position           flow.Position
	// Optional: a call that fails is let pass (failurePolicy: Ignore), after its
	// timeout.
	Optional bool
}
