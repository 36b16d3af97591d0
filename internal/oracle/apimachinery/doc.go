// Package apimachinery holds our label selectors and address blocks against
// Kubernetes' own code and the standard library's older one. It is a module of
// its own, so that the product's go.mod stays without Kubernetes.
//
//	random selector ─┬─► cluster.LabelSelector   ─┐
//	                 └─► labels.Selector         ─┴─► same labels matched, same words
//	random block    ─┬─► cluster.IPBlock         ─┐
//	                 └─► net.IPNet               ─┴─► same addresses contained
package apimachinery
