// Package flow holds the words of a trip: what a packet is to one machine, what
// a machine did with it, and how the trip ended.
//
//	Trace ──┬─ Hop (client)  ── Step Step
//	        ├─ Hop (router)  ── Step
//	        ├─ Hop (node)    ── Step Step Step …   one Step per decision, in hook order
//	        └─ Hop (pod)     ── Step
//	        Fate: why it ended        Seen: what the client notices
//
// Nothing here decides anything. Package model decides, package path walks and
// writes these words down, package explain and the reports read them. The
// package imports the standard library only and every zero value is the
// cautious one: an unset Fate is Unknown, never Delivered.
package flow
