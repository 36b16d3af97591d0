// Package lab builds a cluster's network on this machine, out of Linux network
// namespaces, and takes it away again: outside clients, routers, nodes and pods
// with the addresses that the Model says, and the routes that package path
// assumes. Real packets then show what a prediction is worth.
//
//	Enter: user + network + mount + pid namespaces, of which nothing remains
//	┌────────────────────────────────────────────────────────────────────┐
//	│ external/a  external/b     router/r1 router/r2     outside         │
//	│     │           │           │  │  │   │  │  │         │            │
//	│  ═══╧═══════════╧═══ wan ═══╧══│══│═══╧══│══│═════════│══          │
//	│                       out ═════╧══│══════╧══│═════════╧══          │
//	│                                lan╧═════════╧══╤══════════╤═══     │
//	│                                             node/n1    node/n2     │
//	│                                              │    │       │        │
//	│                                           pod/…  pod/…  pod/…      │
//	└────────────────────────────────────────────────────────────────────┘
//
// The segments wan, out and lan are bridges in a namespace of their own. Every
// machine knows its neighbours beforehand, so nobody asks who has an address,
// and nothing but what was asked for is on the wires.
//
// A network namespace is a file descriptor of this process and nothing else. When
// the process ends, however it ends, the kernel takes the namespaces back.
package lab
