// Package policy compiles NetworkPolicies into tables and judges one packet at
// one pod.
//
//	            pod ──► class (same namespace, same labels)
//	                      │
//	       ┌──────────────┴──────────────┐
//	ingress group                  egress group        the policies that isolate the class
//	       │                             │
//	  rules: peers × ports          rules: peers × ports
//	       │
//	  Judge: admitted by rule r / not isolated / denied, nobody admits
//
// NetworkPolicy only ever adds permissions: "Network policies do not conflict;
// they are additive" (concepts/services-networking/network-policies). So a
// packet passes a direction if no policy isolates the pod in it, or if any rule
// of any isolating policy admits it. Why the others did not is worked out only
// when someone asks (Explain).
package policy
