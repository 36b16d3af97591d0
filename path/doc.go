// Package path walks a packet through a Model and writes down every step.
//
//	client.go   where it starts: outside, a process, a pod
//	target.go   what is asked for
//	walk.go     package walk takes the packet along ─► Traces
//	fold.go     which branches stand for which others
//	scribe.go   what happens, as steps with reasons
//
// The walk branches wherever reality chooses: the router's next hop, the
// proxy's endpoint, one of two Services that claim an address. So an answer is
// a set of Traces. The order of the questions is package walk's, the answers are
// the Model's; this package asks, folds and writes.
package path
