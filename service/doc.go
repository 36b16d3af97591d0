// Package service compiles Services and EndpointSlices into what a proxy would
// do with them: fronts, each with the backends it may choose from.
//
//	Service port ──┬─ ClusterIP:port      ─┐
//	               ├─ LB address:port      ├─► Backends (one list per port and family)
//	               ├─ externalIP:port      │     cluster list: ready, by topology;
//	               └─ NodePort            ─┘                   else serving-terminating
//	                                             local list:   the same, on this node
//
// Which of the two lists a packet gets, and whether its source is masqueraded,
// depends on where it comes from too: that is the Trips table of package model.
package service
