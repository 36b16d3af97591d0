// Package kubeexec is the only one that changes something in a cluster: it creates the
// pods of a probe and takes them away, and runs commands in containers.
//
//	prober ──► Client ──► create, delete, patch ──► API server
//	              └─────► exec ── WebSocket v5, else SPDY ──► API server ──► kubelet ──► command
//
// Reading is package kube's. What the API server refuses is a *prober.Refusal, which
// names the verb and the resource.
package kubeexec
