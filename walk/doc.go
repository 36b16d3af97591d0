// Package walk takes one packet through the tables of a Model, machine by
// machine and hook by hook, in netfilter's order:
//
//	client ─► router ─┐                      ┌─► pod ─► listen ─► accept ─► reply
//	process ──────────┼─► node: prerouting ──┼─► node (again)
//	pod ──────────────┘   or output          └─► router ─► outside
//	                        │
//	                        ├─ discards its own source
//	                        ├─ captured: ranges ► trip ► choice ► DNAT
//	                        ├─ route: input, or forward ► postrouting
//	                        └─ police: an enforcer looks, where it stands
//
// Where reality may choose, a Guide says which branches are walked; what happens
// on the way is told to a Scribe, who may be absent. Package path writes the
// traces down; package reach walks one packet for many and only counts.
//
// It decides nothing about policies, endpoints or sources: the Model does. What
// is here is the order of the questions.
package walk
