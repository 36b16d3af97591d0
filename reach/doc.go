// Package reach joins a Model's tables over the whole cluster: who can reach
// what, by every protocol and port, for all pods, nodes and clients at once.
//
//	Model ──┬─► classes    pods that no selector tells apart
//	        ├─► groups     which policies isolate them ──► segments: ports × peers
//	        ├─► units      classes × address atoms × workloads: what answers are about
//	        └─► trips      one per Service front and kind of source: the legs of a
//	                       packet, with the questions each enforcer would ask
//
//	Pair, Ask      one question: a few look-ups
//	Flows          every pod to every pod: rectangles {from} × {to} × {ports}
//	Service        every front, from outside, from nodes, from pods
//	Replace, Diff  what a change takes and gives, as rectangles again
//
// Nothing is worked out pair by pair. A rectangle is as big as the groups of
// policies let it be; lists are runs of numbers, kept once however many share
// them.
//
// It holds no rule: package policy says what a rule admits, package model what a
// node asks whom, and a question has the answer that path.Walk gives it. Reasons
// are not kept: whoever wants one walks a pair, or asks policy.Explain.
package reach
