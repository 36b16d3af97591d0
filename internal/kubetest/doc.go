// Package kubetest is an API server for tests: it serves the objects of a dump, as
// much of it as a reader asks for, and fails as it is told to.
//
//	dump (YAML, JSON) ──► Server ──► /api, /apis      discovery, aggregated or older
//	                        │        lists            in chunks: limit, continue
//	      Forbid, Expire ───┤        objects          by name
//	      Intercept ────────┘        reviews          SelfSubjectAccessReview
//
// It is no API server: nothing is stored, checked or defaulted.
package kubetest
