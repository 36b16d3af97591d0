// Package model puts announce, service and policy together: Compile turns a
// Snapshot into a Model, in which everything a packet's fate depends on is
// decided.
//
//	Snapshot ─┬─► announce: who draws an address
//	          ├─► service:  what an address becomes
//	          ├─► policy:   who may reach whom
//	          └─► Trips:    which list, which source, by where a packet comes from
//	                        Police: which pods' policies a node asks, with what it sees
//	                        Returns: whether a reply or an error gets back
//
// A Model is immutable and safe for any number of readers; a change makes a new
// one. Package path walks it, and holds no rule of its own.
package model
