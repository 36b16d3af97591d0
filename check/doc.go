// Package check compares a cluster with what someone expects of it, and looks for
// what does not do what it is there for.
//
//	Expectation ──► Walk ──► Result: the prediction, and the fields that differ
//
//	objects ──► rules_*.go ──► asked of the tables: Judge, Trip, Share, NextHops, Walk
//	               │
//	               ▼
//	            Findings ──► annotations, baseline ──► what is left, the worst first
//
// It judges nothing itself. docs/lint.md, which is made from lint_codes.go and the
// report's words, lists what a Finding may be; docs/decisions/012 says what it may
// not.
package check
