// Package scenario is the language in which rules are proved: one small
// cluster, the questions asked of it, and the answers its sources promise.
//
//	x.txtar ─┬─ header            # title, rule:, source:, engine:, lab:
//	         ├─ -- nodes --       ┐ shorthand, one object a line
//	         ├─ -- pods --        ┘
//	         ├─ -- cluster.yaml --  Services, slices, policies, as for kubectl
//	         ├─ -- fabric.yaml --   instead of the lab's
//	         ├─ -- fix x.yaml --    what somebody tries, right or wrong
//	         └─ -- ask --
//	               [policy kube-router]                     a block: what is asked below, under this dataplane
//	               external/c via n1 -> svc/app/ssh@vip     DEPENDS seen=connected,timeout
//	               [with x.yaml]                            a block: asked with the fix applied
//
//	Parse ──► Scenario ──► Snapshot per block ──► Engine ──► Answer ──► Compare
//
// The parser is strict: what it does not know is an error with file and line,
// since a misspelt expectation that is skipped proves nothing. testdata/scenarios
// holds the scenarios; its README describes the language.
package scenario
