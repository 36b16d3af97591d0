package flow

// What the reader of a live cluster says. The English sentence of each stands above
// it; %[n]s are the Reason's Args.
const (
	// CodeLiveForbidden says: who asks may not %[1]s %[2]s: what rests on it is not known (portolan auth)
	CodeLiveForbidden Code = "live-forbidden"
	// CodeLiveFailed says: to %[1]s %[2]s failed: %[3]s; what rests on it is not known
	CodeLiveFailed Code = "live-failed"
	// CodeLiveOdd says: %[1]s of the cluster was not understood: %[2]s
	CodeLiveOdd Code = "live-odd"
	// CodeLiveMoments says: the list of %[1]s expired while it was read, and went on with a later moment: objects that changed meanwhile may be missing or stale
	CodeLiveMoments Code = "live-moments"
	// CodeLiveStale says: the API server of %[1]s does not answer: objects of its kinds are not known
	CodeLiveStale Code = "live-stale"
	// CodeUnreadPolicy says: %[1]s may decide about %[2]s, and could not be read
	CodeUnreadPolicy Code = "unread-policy"

	// CodeLiveNarrow says: who asks may %[1]s %[2]s in %[3]s alone: what rests on those of other namespaces is not known (portolan auth)
	CodeLiveNarrow Code = "live-narrow"

	// What is lost without a right.

	// CodeLossNode says: without it every answer from outside is UNKNOWN
	CodeLossNode Code = "loss-node"
	// CodeLossPod says: without it pods cannot be asked about, and policies cannot be judged
	CodeLossPod Code = "loss-pod"
	// CodeLossNamespace says: without it rules that select namespaces by label are UNKNOWN
	CodeLossNamespace Code = "loss-namespace"
	// CodeLossService says: without it Services cannot be asked about, and whether an address is one's is UNKNOWN
	CodeLossService Code = "loss-service"
	// CodeLossSlice says: without it endpoints are derived from selectors and pods
	CodeLossSlice Code = "loss-slice"
	// CodeLossPolicy says: without it whatever policies may deny is UNKNOWN
	CodeLossPolicy Code = "loss-policy"
	// CodeLossMetalLB says: without it who announces a load balancer's address, and why there is none, is UNKNOWN
	CodeLossMetalLB Code = "loss-metallb"
	// CodeLossCallback says: without it calls of the API server (webhooks) are not told about
	CodeLossCallback Code = "loss-callback"
	// CodeLossConfig says: without it the dataplane's settings are assumed
	CodeLossConfig Code = "loss-config"
	// CodeLossAgent says: without it the dataplane is harder to recognise
	CodeLossAgent Code = "loss-agent"
	// CodeLossOwner says: without it pods are named without their workload
	CodeLossOwner Code = "loss-owner"
)
