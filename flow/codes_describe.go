package flow

// What is remarked about a policy, or a pod's policies, put into words. None
// finds fault: each says a rule of the API that is easily read otherwise.
const (
	CodeDescribeAddsUp        Code = "describe-adds-up"
	CodeDescribeAlsoIsolate   Code = "describe-also-isolate"   // policies
	CodeDescribeOwnNamespace  Code = "describe-own-namespace"  // namespace
	CodeDescribeOr            Code = "describe-or"             // rule
	CodeDescribeAnd           Code = "describe-and"            // peer
	CodeDescribeAllNamespaces Code = "describe-all-namespaces" // peer
	CodeDescribeTargetPorts   Code = "describe-target-ports"
	CodeDescribeServicePort   Code = "describe-service-port" // port, service, target port
	CodeDescribeOwnNode       Code = "describe-own-node"
	CodeDescribeReplies       Code = "describe-replies"
	CodeDescribeMasqueraded   Code = "describe-masqueraded"
	CodeDescribeExcept        Code = "describe-except"
	CodeDescribeEmptyList     Code = "describe-empty-list"   // field
	CodeDescribeAllowsAll     Code = "describe-allows-all"   // direction
	CodeDescribeUnusedRules   Code = "describe-unused-rules" // direction, field
	CodeDescribeNoNames       Code = "describe-no-names"
	CodeDescribeBlockNames    Code = "describe-block-names"        // rule, port name
	CodeDescribeHostSubjects  Code = "describe-host-subjects"      // pods
	CodeDescribeHostPeers     Code = "describe-host-peers"         // pods
	CodeDescribeNobody        Code = "describe-selects-nobody"     // namespace
	CodeDescribeNoNamespace   Code = "describe-unknown-namespaces" // namespaces
	CodeDescribeByTheLetter   Code = "describe-by-the-letter"      // profile

	// About one pod.
	CodeDescribePodNode     Code = "describe-pod-node" // node
	CodeDescribePodSelf     Code = "describe-pod-self" // pod
	CodeDescribePodBothEnds Code = "describe-pod-both-ends"
	CodeDescribePodNoName   Code = "describe-pod-no-name"  // rule, port name
	CodeDescribePodHost     Code = "describe-pod-host"     // pod, node
	CodeDescribePodFinished Code = "describe-pod-finished" // pod, phase
	CodeDescribePodForeign  Code = "describe-pod-foreign"  // objects
)
