// Package path walks a packet through a Model and writes down every step.
//
//	client.go   where it starts: outside, a process, a pod
//	router.go   which node is next
//	node.go     prerouting ─► forward / input ─► postrouting, one function per hook
//	pod.go      is anybody listening
//	reply.go    does the answer get back
//
// The walk branches wherever reality chooses: the router's next hop, the
// proxy's endpoint, one of two Services that claim an address. So an answer is
// a set of Traces. What each hook does is read from the Model's tables; this
// package only follows.
package path
