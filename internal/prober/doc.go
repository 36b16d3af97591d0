// Package prober really connects, in a cluster, and holds what happens against what
// package path predicts.
//
//	question ──► path.Ask ──► Plan ──► shown, confirmed
//	                           │  asked:   the address in question
//	                           │  direct:  the pods behind it, past the Service
//	                           ▼
//	   Hand: create ── wait ── exec ── exec ── ... ── delete      whatever happens between
//	                           │
//	                           ▼  connected, refused, timeout, unreachable
//	                         Result ──► as predicted, or which assumption would explain it
//
// The connection is made by a tool that the container has, and what it says is read in
// tool.go. What silence means to UDP nobody can tell, so it is no verdict.
//
// Only what carries the probe's own label and id is ever deleted.
package prober
