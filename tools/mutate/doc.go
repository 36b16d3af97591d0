// Command mutate breaks a package in one small way after another and asks the
// tests whether they notice. What they do not notice is a survivor: either the
// change means nothing, which reviewed/ says with a reason, or a test is
// missing.
//
//	sources ──► every mutation, each behind a switch     (plan.go, kinds_*.go)
//	               │
//	               ▼   go test -c -overlay: once for all, the tree is not touched
//	        test programs ──► which test meets which mutant, and how long it takes
//	               │
//	               ▼   one process per mutant and test, the quickest test first
//	        killed / survived ──► reviewed/ ──► table, exit 0 or 1
//
// A mutant is known by its file, function, kind and text, so that a line more
// elsewhere does not make it another one.
//
//	go run -C tools ./mutate [-run REGEXP] [-shard K/N] [-j 2] PACKAGE...
//
// The named mutants (named.go) are mistakes that people make about the API; each
// is a build of its own, since some are in other packages.
package main
