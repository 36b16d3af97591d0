// Package cyclonus holds our judgement of NetworkPolicies against somebody
// else's: the matcher of github.com/mattfenwick/cyclonus, asked about the cases
// that its generator makes. It is a module of its own, so that the product's
// go.mod stays without Cyclonus.
//
//	generated case ──► step by step ─┬─► cluster.Snapshot ──► policy.Judge ─► each direction ─┐
//	 pods x y z / a b c              │                   └──► path.Ask ─────► the connection ─┤
//	 policies, labels, deletions     └─► matcher.Policy ─────► Cyclonus ────► both ───────────┴─► the same,
//	                                                                                   or explained
//
// A difference that differences_test.go does not explain fails the test, and so
// does an explanation that nothing needs. docs/semantics.md, "Second opinions",
// tells them to people.
package cyclonus
