// Package atlas makes maps of a cluster: who can reach what, folded until a person
// can read it.
//
//	reach.Chart ──► Map ─┬─ Groups    workloads, namespaces or classes of pods
//	   │                 ├─ Lines     {from} × {to}: the ports, cells that are alike as one
//	   │                 ├─ Services  each port: from outside, from nodes, from pods
//	   │                 └─ Graph     outside ─► Services ─► pods ─► pods
//	   └─ With: pods that do not exist yet
//
// A Map is all that a picture, a table or a document of it shows: they count
// nothing themselves. Nothing is decided here either; the Chart is asked.
package atlas
