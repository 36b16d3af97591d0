// Package report puts answers into words and formats.
//
//	explain.Summary ─┬─► Text   80 columns, the trip hop by hop
//	check.Result     ├─► JSON   versioned, a promise (docs/cli.md)
//	explain.Survey   └─► JUnit  for CI
//
// It decides nothing. Every sentence stands once, in the catalogue
// (words_en.go), under the code that package flow gives it; names from the
// input are stripped of control characters before a terminal sees them.
package report
