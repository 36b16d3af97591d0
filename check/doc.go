// Package check compares a cluster with what someone expects of it.
//
//	Expectation ──► Walk ──► Result: the prediction, and the fields that differ
//
// It asks package path and judges nothing itself.
package check
