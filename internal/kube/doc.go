// Package kube reads a cluster from its API server, and changes nothing there; what
// watches it may write Events (notes.go).
//
//	kubeconfig, flags ──► Open ──► Client
//	                                 │  discovery: which of the kinds that count are served
//	       pods ── chunk ── chunk ── chunk ──┐   each list in chunks, the next on its way
//	      nodes ── chunk ────────────────────┤   while one is decoded; lists side by side
//	   policies ── chunk ────────────────────┤
//	 ConfigMaps ── by name ──────────────────┘
//	                                 ▼
//	                     manifest.Part, in one order ──► manifest.Builder
//
// An answer of the API server is read by the same code as a dump in a file, so that
// what is said of a cluster is what is said of its dump. What may not be listed, or
// does not answer, is an Unread: the kind is absent, and whoever needs it must say
// that it does not know.
package kube
