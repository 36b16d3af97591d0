package flow

// The sentences of lint: one for each way a finding of package check is put.
// Findings also use sentences of other packages, where those say it.
const (
	CodeLintNoPodNear         Code = "lint-no-pod-near"         // selector, namespace, pod, its labels
	CodeLintOtherNamespace    Code = "lint-other-namespace"     // selector, namespace, namespace of the pods
	CodeLintMeantAnd          Code = "lint-meant-and"           // namespace selector, pod selector, namespace, pods
	CodeLintNamespaceByName   Code = "lint-namespace-by-name"   // selector, namespace
	CodeLintHoldsPodLabels    Code = "lint-holds-pod-labels"    // selector, pod, namespace
	CodeLintNamespaceNear     Code = "lint-namespace-near"      // selector, namespace
	CodeLintNoNamespace       Code = "lint-no-namespace"        // selector
	CodeLintNeverSNAT         Code = "lint-never-snat"          // pods
	CodeLintNameDenies        Code = "lint-name-denies"         // name, directions
	CodeLintNameNotAll        Code = "lint-name-not-all"        // name
	CodeLintNameAllows        Code = "lint-name-allows"         // name
	CodeLintBlockEmpty        Code = "lint-block-empty"         // cidr
	CodeLintOneFamily         Code = "lint-one-family"          // family, other family
	CodeLintInternet          Code = "lint-internet"            // cidr
	CodeLintShadowed          Code = "lint-shadowed"            // rule, other rule
	CodeLintDuplicate         Code = "lint-duplicate"           // other policy
	CodeLintWithoutEffect     Code = "lint-without-effect"      // direction, other policy
	CodeLintNameUnknown       Code = "lint-port-name-unknown"   // port name, protocol, pods, names they have
	CodeLintNodePort          Code = "lint-node-port"           // port, service, target port
	CodeLintDNSBlocked        Code = "lint-dns-blocked"         // pod, policy
	CodeLintDNSBlockedFor     Code = "lint-dns-blocked-for"     // policy, namespace
	CodeLintDNSMissed         Code = "lint-dns-missed"          // pod, DNS pod, port
	CodeLintNodeLocalDNS      Code = "lint-node-local-dns"      // pod, address
	CodeLintClientBlock       Code = "lint-client-block"        // cidr, service, port
	CodeLintNodeBlockOpens    Code = "lint-node-block-opens"    // cidr, service, port
	CodeLintNodeBlockMiss     Code = "lint-node-block-miss"     // cidr, service, node, address
	CodeLintServiceBlock      Code = "lint-service-block"       // address, service, port, endpoint
	CodeLintClosed            Code = "lint-closed"              // service, port, pod, target port, policies
	CodeLintNodePortClosed    Code = "lint-node-port-closed"    // service, port, pod, target port, policies
	CodeLintEqualPorts        Code = "lint-equal-ports"         // enforcer, service, port, target port
	CodeLintNodePortTwice     Code = "lint-node-port-twice"     // port, protocol, service
	CodeLintHeadless          Code = "lint-headless"            // service, port, target port
	CodeLintNobodyListens     Code = "lint-nobody-listens"      // service, port, target port, pods, ports they declare
	CodeLintLacksPort         Code = "lint-lacks-port"          // service, port, target port, pods without, pods with
	CodeLintForeignJob        Code = "lint-foreign-job"         // service, workload, workload
	CodeLintForeignPods       Code = "lint-foreign-pods"        // service, workload, workload, label, values
	CodeLintInternalLocal     Code = "lint-internal-local"      // service, nodes
	CodeLintExternalLocal     Code = "lint-external-local"      // service, nodes
	CodeLintRangesOpen        Code = "lint-ranges-open"         // service, ports and addresses
	CodeLintRangesOnOne       Code = "lint-ranges-on-one"       // service, other service
	CodeLintSharingNoSelector Code = "lint-sharing-no-selector" // service
	CodeLintKeyAcross         Code = "lint-key-across"          // key, namespaces
	CodeLintPoolNotAnnounced  Code = "lint-pool-not-announced"  // pool
	CodeLintNoNode            Code = "lint-no-node"             // nodes
	CodeLintWebhook           Code = "lint-webhook"             // service, port, pod, target port, policies
	CodeLintNoService         Code = "lint-no-service"          // service
	CodeLintNoServicePort     Code = "lint-no-service-port"     // service, port
	CodeLintNotRead           Code = "lint-not-read"            // why
	CodeLintIgnoreUnknown     Code = "lint-ignore-unknown"      // annotation, word, code that was meant
	CodeLintIgnoreNoReason    Code = "lint-ignore-no-reason"    // annotation, code
)
