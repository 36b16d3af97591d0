package flow

// What probing says. The English sentence of each stands above it; %[n]s are the
// Reason's Args.
const (
	// CodeProbeOutside says: this machine asks, from %[1]s; behind a NAT the cluster sees another address
	CodeProbeOutside Code = "probe-outside"
	// CodeProbeNoSource says: this machine has no route to %[1]s, so its own address there is not known
	CodeProbeNoSource Code = "probe-no-source"
	// CodeProbeNotClient says: this machine has no address of %[1]s: its packets (from %[2]s) may fare otherwise
	CodeProbeNotClient Code = "probe-not-client"
	// CodeProbeVia says: the packet goes where the router sends it, which need not be %[1]s
	CodeProbeVia Code = "probe-via"
	// CodeProbeStands says: %[1]s asks for all of %[2]s
	CodeProbeStands Code = "probe-stands"
	// CodeProbeEphemeral says: an ephemeral container cannot be removed: it ends by itself, and its entry stays in %[1]s as long as the pod
	CodeProbeEphemeral Code = "probe-ephemeral"
	// CodeProbeStandIn says: a pod with the labels of %[1]s stands for it: it has another address, is never ready, and no workload adopts it
	CodeProbeStandIn Code = "probe-stand-in"
	// CodeProbeLabel says: the label %[1]s is %[2]s there, and not %[3]s
	CodeProbeLabel Code = "probe-label"
	// CodeProbeUnready says: %[1]s sends to pods that are not ready, too, so it may send to the stand-in while that lives
	CodeProbeUnready Code = "probe-unready"
	// CodeProbeHost says: a pod in the network of node %[1]s: PodSecurity's levels baseline and restricted refuse it
	CodeProbeHost Code = "probe-host"
	// CodeProbeSilence says: silence over UDP may be a drop, a loss, or a server that does not answer: it is no verdict
	CodeProbeSilence Code = "probe-silence"
	// CodeProbeFewer says: %[1]s questions were left out: --most is %[2]s connections
	CodeProbeFewer Code = "probe-fewer"

	// What became of a question.

	// CodeProbeUnpredicted says: %[1]s was seen, and not predicted
	CodeProbeUnpredicted Code = "probe-unpredicted"
	// CodeProbeOtherServer says: %[1]s answered, which is not among the endpoints predicted
	CodeProbeOtherServer Code = "probe-other-server"
	// CodeProbeOtherPeer says: the server saw %[1]s as the source; predicted was %[2]s
	CodeProbeOtherPeer Code = "probe-other-peer"
	// CodeProbeOtherSource says: the connection left from %[1]s, which is not an address that %[2]s has in the input (%[3]s)
	CodeProbeOtherSource Code = "probe-other-source"
	// CodeProbeUnseen says: %[1]s was predicted for some paths, and did not show in %[2]s connections
	CodeProbeUnseen Code = "probe-unseen"
	// CodeProbeMissed says: %[1]s was predicted as an endpoint, and did not answer in %[2]s connections
	CodeProbeMissed Code = "probe-missed"
	// CodeProbeUnknown says: the prediction is UNKNOWN, so nothing can be compared
	CodeProbeUnknown Code = "probe-unknown"
	// CodeProbeFailed says: it could not be found out: %[1]s
	CodeProbeFailed Code = "probe-failed"
	// CodeProbeNoTool says: no container of %[1]s has a tool that can connect; --image IMAGE brings one (busybox, say)
	CodeProbeNoTool Code = "probe-no-tool"
	// CodeProbeNoToolIn says: the image %[1]s has no tool that can connect (looked for: %[2]s)
	CodeProbeNoToolIn Code = "probe-no-tool-in"
	// CodeProbeSecurity says: PodSecurity of namespace %[1]s refuses the pod: %[2]s; -n another namespace (for node/NAME), or a pod that has a tool
	CodeProbeSecurity Code = "probe-security"
	// CodeProbeForbidden says: %[1]s; portolan auth --for probe prints the role that probing needs
	CodeProbeForbidden Code = "probe-forbidden"
	// CodeProbeStopped says: stopped before it was done
	CodeProbeStopped Code = "probe-stopped"
	// CodeProbeLeft says: %[1]s could not be deleted (%[2]s): portolan probe --clean -n %[3]s
	CodeProbeLeft Code = "probe-left"

	// What asked and direct together say.

	// CodeProbeBothWork says: the Service's address and the pods behind it answer
	CodeProbeBothWork Code = "probe-both-work"
	// CodeProbeWay says: the pods answer directly, the address in question does not: what fails is on the way to them (proxy, announcement, routing, the source it rewrites), not in the pods
	CodeProbeWay Code = "probe-way"
	// CodeProbeEnd says: the pods do not answer directly either: what fails is at their end (policy, a process that does not listen, the pod network), not in the Service
	CodeProbeEnd Code = "probe-end"
	// CodeProbeOnlyService says: only the Service's address answers: what judges at the pods sees another source there
	CodeProbeOnlyService Code = "probe-only-service"

	// CodeLossProbeExec says: without it no command can be run in a container
	CodeLossProbeExec Code = "loss-probe-exec"
	// CodeLossProbePod says: without it no pod can be asked from that has no tool, and no node
	CodeLossProbePod Code = "loss-probe-pod"
	// CodeLossProbeEphemeral says: without it no ephemeral container can be added
	CodeLossProbeEphemeral Code = "loss-probe-ephemeral"
	// CodeLossProbeRead says: without it nobody knows how the pod is
	CodeLossProbeRead Code = "loss-probe-read"
)
