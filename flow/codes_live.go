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
)
