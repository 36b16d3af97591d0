// Package watch says what changes in a cluster mean for those who connect: what was
// lost and gained, which object did it and who wrote that, and which Expectations no
// longer hold.
//
//	Step: Snapshot, Changes, who is stale
//	   │
//	   ├──► diff.After   everything, or some Services ──► Lost, Gained
//	   ├──► path.Ask     one question ──────────────────► Lost, Gained
//	   ├──► check.Assert each Expectation ──────────────► Violated, Restored
//	   └──► what may be over ───────────────────────────► Stale, Fresh
//
// It knows no API server: whoever has Snapshots of one cluster, one after the other,
// can ask it. It judges nothing itself.
package watch
