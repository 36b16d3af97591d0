package report

import "github.com/portolan-net/portolan/check"

// englishLintHelp says what each code of lint is, why it matters and what to do.
var englishLintHelp = map[check.Code]LintHelp{
	check.PortIsServicePort: {
		What: "A rule opens a Service's port where the pods listen on another",
		Why:  "policy is judged behind the Service's translation, so it sees the port the pods listen on; the Service's own port never appears there",
		Do:   "write the target port (by number, or by the container port's name) into the rule",
	},
	check.PortIsNodePort: {
		What: "A rule names a node port",
		Why:  "a node port is translated on the first node; policy only ever sees the target port",
		Do:   "write the target port, and take the node port out",
	},
	check.NameUnknown: {
		What: "A rule opens a port name that no pod has",
		Why:  "a name is looked up among the container ports of each pod that serves the rule; where it is missing the rule opens nothing, without a word",
		Do:   "name the container port so, or write the number",
	},
	check.NameTowardBlock: {
		What: "A port name toward an ipBlock opens nothing outside",
		Why:  "names are looked up on the pod that is asked; an address outside the cluster is no pod",
		Do:   "write the port's number",
	},
	check.TypesIgnoreRules: {
		What: "Rules stand in a direction that policyTypes leaves out",
		Why:  "only the directions in policyTypes count; the API server keeps the other rules and nobody reads them",
		Do:   "add the direction to policyTypes, or delete the rules",
	},
	check.EmptyList: {
		What: "An empty list of peers or ports means everything",
		Why:  "from: [] and ports: [] are the same as leaving them out: the rule holds for everybody, or for every port; templates that render to nothing open a policy this way",
		Do:   "leave the list out if everything is meant; delete the rule if nothing is",
	},
	check.NameContradicts: {
		What: "A policy's name says the opposite of what it does",
		Why:  "people switch policies on by their names; an allow-all without rules denies everything, since a policy isolates what it selects and only rules allow",
		Do:   "to allow everything write ingress: [{}] and egress: [{}]; else rename the policy",
	},
	check.BlockIsEmpty: {
		What: "An ipBlock's exceptions take all of it",
		Why:  "an address must be in the range and in no exception; here none is left",
		Do:   "make the exceptions smaller, or delete the item",
	},
	check.RuleShadowed: {
		What: "A rule allows nothing that another of the policy does not",
		Why:  "rules only add up, so the narrower one has no effect; often the wide one was meant to be narrower",
		Do:   "delete the rule, or narrow the wider one",
	},
	check.Duplicate: {
		What: "Two policies of a namespace say the same",
		Why:  "one of them has no effect, and a change of only one will seem to have none",
		Do:   "delete one of the two",
	},
	check.WithoutEffect: {
		What: "A policy restricts pods that another opens to everybody",
		Why:  "policies only add up: what one allows no other takes back, so the restriction is none",
		Do:   "delete or narrow the open policy, or this one",
	},
	check.OneFamily: {
		What: "A rule names every address of one family only",
		Why:  "0.0.0.0/0 holds no IPv6 address and ::/0 no IPv4 one; a dual-stack client uses either, and one of the two fails or hangs",
		Do:   "add the block of the other family, or leave the peers out",
	},
	check.InternetOpens: {
		What: "A block for the internet holds the cluster as well",
		Why:  "0.0.0.0/0 is every address; most enforcers match pods and nodes by it, too (Cilium does not)",
		Do:   "except the pod, node and Service ranges if only the outside is meant",
	},
	check.NotEnforced: {
		What: "Nobody enforces the policies",
		Why:  "the detected pod network has no policy enforcer; NetworkPolicies are stored and do nothing",
		Do:   "install an enforcer, or tell the Fabric which one there is",
	},
	check.MatchesNothing: {
		What: "A selector matches nothing, and something is nearly so",
		Why:  "a selector that matches nothing is no error to the API server; the rule simply never applies",
		Do:   "write the labels as the pods or namespaces have them",
	},
	check.SelectsNobody: {
		What: "A policy selects no pod",
		Why:  "today the policy does nothing; perhaps its pods are scaled to zero, perhaps they are gone",
		Do:   "delete it if its workload is gone",
	},
	check.NeedsNamespace: {
		What: "A podSelector means the policy's own namespace only",
		Why:  "a peer with a podSelector alone never means pods of other namespaces",
		Do:   "add a namespaceSelector to the same item, such as kubernetes.io/metadata.name",
	},
	check.HoldsPodLabels: {
		What: "A namespaceSelector holds the labels of pods",
		Why:  "a namespaceSelector is compared with the labels of Namespace objects, not of the pods in them",
		Do:   "move the labels into a podSelector, and select the namespace by kubernetes.io/metadata.name",
	},
	check.MeantAnd: {
		What: "Two items where one with both selectors was probably meant",
		Why:  "each dash begins an alternative (OR): the namespaceSelector alone admits every pod of those namespaces, which is more than it seems",
		Do:   "put both selectors into one item: one dash, two fields",
	},
	check.NeverSNAT: {
		What: "A selector means pods that forward packets, not those that send them",
		Why:  "kube-proxy and its like are no senders: a packet they translate keeps the client's address or gets the node's, and neither is a pod's",
		Do:   "allow the port without from, or the client's addresses with externalTrafficPolicy Local",
	},
	check.PeerHost: {
		What: "A peer selects only pods that use their node's network",
		Why:  "a hostNetwork pod has its node's address; enforcers take it for the node, and no selector matches it",
		Do:   "use an ipBlock of the nodes, or leave the peers out for this port",
	},
	check.OnlyHostSubjects: {
		What: "A policy selects only pods that use their node's network",
		Why:  "the API leaves undefined what a policy does to hostNetwork pods, and enforcers leave them alone: the policy does nothing",
		Do:   "protect such pods by the host's firewall; delete the policy",
	},
	check.HostSubjects: {
		What: "A policy also selects pods that use their node's network",
		Why:  "enforcers leave hostNetwork pods alone, so these stay open",
		Do:   "protect them by the host's firewall if that matters",
	},
	check.DNSBlocked: {
		What: "Pods may connect to others but not resolve names",
		Why:  "a policy for egress denies all it does not name, DNS included; what the application reports is an unknown host, or a slow timeout",
		Do:   "allow 53/udp and 53/tcp to the DNS pods (namespace kube-system, k8s-app: kube-dns)",
	},
	check.DNSMissed: {
		What: "A rule for DNS does not reach the DNS pods",
		Why:  "DNS pods may listen on another port than 53 (5353 in OpenShift), or have other labels than the rule wants",
		Do:   "open the port on which the DNS pods listen, to the labels they have",
	},
	check.NodeLocalDNS: {
		What: "A rule for DNS does not mean NodeLocal DNSCache",
		Why:  "the cache runs with hostNetwork and answers at 169.254.20.10 and at the DNS Service's address, both on the pod's own node; no podSelector means it",
		Do:   "add ipBlocks for 169.254.20.10/32 and the DNS Service's cluster IP on port 53",
	},
	check.ClientBlock: {
		What: "An ipBlock of clients is lost to SNAT",
		Why:  "with externalTrafficPolicy Cluster clients that enter by a node without the endpoint come as that node; the block admits at most those who happen to enter by the pod's own node",
		Do:   "set externalTrafficPolicy: Local, or allow the port without from and restrict clients by loadBalancerSourceRanges",
	},
	check.NodeBlockOpens: {
		What: "Allowing the nodes' range opens a Service to everybody",
		Why:  "whoever comes through the Service is masqueraded to a node's address, so the range means all of them",
		Do:   "say so by leaving from out, or set externalTrafficPolicy: Local and name the clients",
	},
	check.NodeBlockMiss: {
		What: "Allowing the nodes' range does not admit what they forward",
		Why:  "on a tunnel or bridge a node masquerades with the address of that device, which is in the pod range and not in the nodes'",
		Do:   "allow the port without from, or set externalTrafficPolicy: Local and name the clients",
	},
	check.BlockIsService: {
		What: "An egress ipBlock means a Service of this cluster",
		Why:  "the address is translated to a pod's before policy looks, so the block never matches",
		Do:   "select the pods behind the Service, with the target port; for the API server use its endpoints' addresses and port",
	},
	check.ClosedBalancer: {
		What: "A load balancer leads to pods that admit nobody outside",
		Why:  "clients come with their own address or with that of the node that masqueraded them, and no selector means either; that it works on the pod's own node proves nothing, since a node's own processes are never judged",
		Do:   "portolan fix external svc/NAMESPACE/NAME:PORT prints the smallest policy that opens it; if nobody outside is meant to, make the Service ClusterIP",
	},
	check.ClosedNodePort: {
		What: "A node port leads to pods that admit nobody outside",
		Why:  "who comes through a node port has the client's address or that of the node that masqueraded it, and no selector means either",
		Do:   "allow the target port without from, or make the Service ClusterIP if nobody outside is meant to use it",
	},
	check.WebhookBlocked: {
		What: "The API server cannot reach a webhook",
		Why:  "the API server calls from a control plane node, or from outside the cluster; nothing breaks until the next object is written, then every such request fails or waits for the timeout",
		Do:   "allow the webhook's target port without from",
	},
	check.SamePortNeeded: {
		What: "The enforcer wants Service port and target port to be equal",
		Why:  "it judges egress before the Service's translation, so a rule for the pods' port does not hold for the Service's",
		Do:   "make port and targetPort equal, or open both",
	},
	check.SelectsNothing: {
		What: "A Service selects no pod",
		Why:  "without an endpoint every connection is refused",
		Do:   "make the selector equal to the labels of the pods' template",
	},
	check.TargetUnknown: {
		What: "A Service's target port is a name that its pods lack",
		Why:  "a pod without a container port of that name is no endpoint; without any, connections are refused",
		Do:   "name the container port so, or write the number",
	},
	check.NobodyListens: {
		What: "A Service's target port is declared by none of its pods",
		Why:  "containers need not declare their ports, but these declare others: most often the target port is wrong",
		Do:   "correct targetPort, or declare the port",
	},
	check.NotDeclared: {
		What: "A Service's target port is not among the ports that its pods declare",
		Why:  "containers need not declare their ports, so this may well be right; if it is not, connections are refused",
		Do:   "declare the port, so that the next reader knows, or correct targetPort",
	},
	check.PodLacksPort: {
		What: "Some of a Service's pods lack its port",
		Why:  "the selector is wider than the application: a share of the connections goes to pods that do not listen, or a port has fewer endpoints than it seems",
		Do:   "add a label to the selector that only the right pods have",
	},
	check.MixesPorts: {
		What: "Services that share an address by one selector mix their pods",
		Why:  "MetalLB lets Local Services share an address only if they select the same pods, so people widen selectors; each Service then also sends to the pods of the other",
		Do:   "use externalTrafficPolicy: Cluster with selectors of their own, or two addresses",
	},
	check.ForeignPods: {
		What: "A Service selects pods of different applications",
		Why:  "labels such as app: web are used twice, and each of the two gets a share of the other's connections",
		Do:   "add the label to the selector that tells them apart",
	},
	check.InternalLocal: {
		What: "internalTrafficPolicy Local on nodes without an endpoint",
		Why:  "Local never leaves the node: where no endpoint runs, packets to the cluster IP are dropped in silence",
		Do:   "run the backend on every node (DaemonSet), or use trafficDistribution: PreferSameNode",
	},
	check.ExternalLocal: {
		What: "A router sends clients to nodes without an endpoint",
		Why:  "with externalTrafficPolicy Local a node uses its own endpoints only and drops the rest in silence; static routes do not follow the pods",
		Do:   "announce the address by BGP or layer 2, run an endpoint on each of these nodes, or use Cluster",
	},
	check.NodePortTwice: {
		What: "Two Services want one node port",
		Why:  "a node port belongs to one Service of the cluster; which of the two gets it depends on the order of creation",
		Do:   "give one of them another number, or none",
	},
	check.HeadlessPort: {
		What: "A headless Service does not translate ports",
		Why:  "its name resolves to the pods' addresses, so clients that use the Service's port meet the pod's own ports",
		Do:   "make port equal to targetPort, or let clients use SRV records",
	},
	check.RangesLeaveOpen: {
		What: "Source ranges do not restrict node ports and external IPs",
		Why:  "proxies check loadBalancerSourceRanges for the load balancer's address only",
		Do:   "set allocateLoadBalancerNodePorts: false, or restrict by policy or firewall as well",
	},
	check.RangesOnOne: {
		What: "Of Services on one address only some have source ranges",
		Why:  "ranges belong to a Service's ports, not to the address; kube-proxy's IPVS mode once mixed them up (kubernetes#119791)",
		Do:   "give each sharer its ranges, or an address of its own",
	},
	check.WebhookNoService: {
		What: "The API server is told to call a Service that is not there",
		Why:  "a webhook or an aggregated API without its Service fails each request, or makes it wait",
		Do:   "correct the reference, or delete the registration that was left behind",
	},
	check.UnknownAnnotation: {
		What: "An annotation is nearly one of MetalLB's",
		Why:  "annotations are never checked: a wrong one means nothing to anybody",
		Do:   "write it as MetalLB reads it",
	},
	check.SharingPolicies: {
		What: "Sharers of an address have different traffic policies",
		Why:  "a router sends the whole address; with Local it may only go to nodes with the right pods, so MetalLB refuses the second Service, which stays pending or loses the address",
		Do:   "set externalTrafficPolicy alike, or use two addresses",
	},
	check.SharingSelectors: {
		What: "Local sharers of an address have different selectors",
		Why:  "with Local the address goes to nodes with pods of the Service; two sets of pods would need two sets of nodes",
		Do:   "use externalTrafficPolicy: Cluster, equal selectors, or two addresses",
	},
	check.SharingPorts: {
		What: "Two Services want one port of one address",
		Why:  "a port of an address leads to one Service; MetalLB refuses the second",
		Do:   "change one of the ports, or use two addresses",
	},
	check.SharingKeyMissing: {
		What: "Two Services want one address without a common sharing key",
		Why:  "MetalLB gives an address to one Service unless all of them carry the same key; the second stays pending",
		Do:   "give both the same metallb.io/allow-shared-ip, or ask for different addresses",
	},
	check.SharingNamespaces: {
		What: "A sharing key is used in several namespaces",
		Why:  "whoever may create a Service and knows the key can put ports on the address",
		Do:   "use keys that others do not guess, or keep pools to namespaces by serviceAllocation",
	},
	check.SharingNoSelector: {
		What: "A Local sharer has no selector",
		Why:  "MetalLB compares selectors as text; the empty text is what Cluster Services have, so it may share with them and be sent clients on nodes without its endpoints",
		Do:   "use Cluster, or an address of its own",
	},
	check.LosesAddress: {
		What: "MetalLB takes the address away from a Service",
		Why:  "when the controller looks next, what the Service asks for no longer fits what it has: it gets another address or stays pending",
		Do:   "undo the change that the reason names, or plan for the new address",
	},
	check.RequestRefused: {
		What: "A Service asks for an address that it will not get",
		Why:  "a request that cannot be met is not answered with another address: the Service stays pending",
		Do:   "correct the request, or the pools",
	},
	check.BalancerPending: {
		What: "No pool has an address for a Service",
		Why:  "the Service stays pending until an address is free or a pool suits it",
		Do:   "enlarge or add a pool, or let the Service ask for one",
	},
	check.NotAnnounced: {
		What: "A Service has an address that nobody announces",
		Why:  "the address is given, but no node tells a router or answers for it: from outside there is nothing",
		Do:   "correct the advertisement that the reason names",
	},
	check.PoolNotAnnounced: {
		What: "No advertisement selects a pool",
		Why:  "since MetalLB 0.13 a pool is announced only if an L2Advertisement or BGPAdvertisement selects it",
		Do:   "add an advertisement; one without spec is for every pool",
	},
	check.PoolsOverlap: {
		What: "Two pools hold the same addresses",
		Why:  "MetalLB refuses the whole configuration and keeps running with the last valid one, so later changes have no effect either",
		Do:   "make the ranges disjoint",
	},
	check.NoNodeForBalancers: {
		What: "Load balancers may use none of the nodes",
		Why:  "nodes that are not ready, or labelled exclude-from-external-load-balancers (as control plane nodes often are), announce nothing",
		Do:   "take the label off some node",
	},
	check.ObjectRefused: {
		What: "A file of the folder holds what an API server refuses",
		Why:  "the rest of the file was not looked at, and whoever applies it gets the same error",
		Do:   "correct the object",
	},
	check.DocumentSkipped: {
		What: "A file of the folder is not read as objects",
		Why:  "patches, templates, values files and second versions of an object say nothing of a cluster by themselves; what they would change was not looked at",
		Do:   "lint what is applied: kubectl kustomize DIR | portolan lint -f -, or helm template CHART | portolan lint -f -",
	},
	check.UnknownField: {
		What: "A field that the API does not know",
		Why:  "the API server drops it in silence, or refuses the object, by how it is asked",
		Do:   "correct the spelling or the indentation",
	},
	check.HostBits: {
		What: "A range with bits set behind its mask",
		Why:  "10.0.0.1/24 is read as 10.0.0.0/24; current API servers refuse it",
		Do:   "write the first address of the range, or /32 for one address",
	},
	check.IgnoreInvalid: {
		What: "A note that should take findings out does not",
		Why:  "a suppression needs a known code and a reason, so that somebody can judge later whether it still holds",
		Do:   "write portolan.dev/ignore: CODE reason",
	},
}
