// Package draw makes pictures of a map.
//
//	atlas.Map ─┬─► SVG      a matrix of groups, and a graph in layers
//	           ├─► HTML     one page with both, that filters and points
//	           └─► DOT, Mermaid   the graph, for others to lay out
//
// It places and colours what the Map holds and counts nothing. Names come from the
// input: each format has its one function that escapes, and everything goes
// through it. What a colour says, a pattern or a word says, too.
package draw
