// Package diff says what one version of a cluster takes and gives that another
// does not, and which object took or gave it.
//
//	old, new ──► reach.Diff ──► who fares otherwise ──► one witness of each
//	    │                                                    │
//	    └──► objects that differ ──► old with some of them ◄─┘ asked again
//	                                        │
//	                                        ▼
//	               the fewest that take it by themselves: the culprits
//
// A culprit is established by trying: the old version with the change of that
// object alone loses what was lost. Where it takes several together, no fewer of
// them do. With every culprit taken back the new version has again what the old one
// had; otherwise Loss says that there is more.
//
// Versions are tried on the part of the cluster that the witness touches, and only
// where both versions of the part answer as the whole ones do. The package judges
// nothing itself: it asks package reach.
package diff
