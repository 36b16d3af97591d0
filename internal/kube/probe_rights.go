package kube

import (
	"io"

	"github.com/portolan-net/portolan/flow"
)

// ProbeRoleName is the name of the ClusterRole for probing.
const ProbeRoleName = "portolan-prober"

// ProbeRights are what probing needs beside what reading needs. An exec is a get where
// it goes over WebSocket, and since Kubernetes 1.35 a create, too; over SPDY it is a
// create.
func ProbeRights() []Right {
	return []Right{
		{Verb: "get", Resource: "pods", Loss: flow.CodeLossProbeRead},
		{Verb: "create", Resource: "pods", Loss: flow.CodeLossProbePod},
		{Verb: "delete", Resource: "pods", Loss: flow.CodeLossProbePod},
		{Verb: "get", Resource: "pods/exec", Loss: flow.CodeLossProbeExec},
		{Verb: "create", Resource: "pods/exec", Loss: flow.CodeLossProbeExec},
		{Verb: "patch", Resource: "pods/ephemeralcontainers", Loss: flow.CodeLossProbeEphemeral},
	}
}

// WriteProbeRole writes the ClusterRole for probing, for kubectl apply -f -.
func WriteProbeRole(w io.Writer) error { return writeRole(w, ProbeRoleName, ProbeRights()) }
