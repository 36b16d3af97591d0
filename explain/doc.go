// Package explain turns the traces of an answer into what a person needs: who
// is to blame, how near the rules came, and what a place can and cannot reach.
//
//	Traces ──► groups of equal traces ──► Summary
//	   └─────► Culprits: the policy whose removal alone lets the packet pass, …
package explain
