package check

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
)

// Code names what was found. Codes are stable: they stand in annotations,
// baselines, JSON and SARIF, and are the anchors of docs/lint.md.
type Code string

// The codes. This file is the only list of them; what each says, in every
// language, stands in internal/report.
const (
	// Policies: ports.
	PortIsServicePort Code = "policy-port-matches-only-service-port"
	PortIsNodePort    Code = "policy-port-is-nodeport"
	NameUnknown       Code = "named-port-unknown"
	NameTowardBlock   Code = "named-port-toward-block"
	// Policies: what a policy says and does.
	TypesIgnoreRules Code = "policy-types-ignore-rules"
	EmptyList        Code = "empty-list-is-everything"
	NameContradicts  Code = "name-contradicts-effect"
	BlockIsEmpty     Code = "block-is-empty"
	RuleShadowed     Code = "rule-shadowed"
	Duplicate        Code = "policy-duplicate"
	WithoutEffect    Code = "policy-without-effect"
	OneFamily        Code = "one-family-only"
	InternetOpens    Code = "internet-block-opens-cluster"
	NotEnforced      Code = "policies-not-enforced"
	// Policies: whom selectors mean.
	MatchesNothing   Code = "selector-matches-nothing"
	SelectsNobody    Code = "policy-selects-nobody"
	NeedsNamespace   Code = "podselector-without-namespaceselector"
	HoldsPodLabels   Code = "namespaceselector-holds-pod-labels"
	MeantAnd         Code = "peers-probably-meant-and"
	NeverSNAT        Code = "selector-never-matches-snat-source"
	PeerHost         Code = "peer-uses-host-network"
	OnlyHostSubjects Code = "policy-selects-only-host-network"
	HostSubjects     Code = "host-network-not-isolated"
	// Policies: the way there.
	DNSBlocked     Code = "dns-blocked"
	DNSMissed      Code = "dns-rule-misses-dns"
	NodeLocalDNS   Code = "node-local-dns-blocked"
	ClientBlock    Code = "client-block-lost-by-snat"
	NodeBlockOpens Code = "node-cidr-allow-opens-service-to-all"
	NodeBlockMiss  Code = "node-cidr-allow-misses-source"
	BlockIsService Code = "egress-block-is-service-address"
	ClosedBalancer Code = "load-balancer-closed-by-policy"
	ClosedNodePort Code = "node-port-closed-by-policy"
	WebhookBlocked Code = "webhook-blocked"
	SamePortNeeded Code = "enforcer-needs-equal-ports"
	// Services.
	SelectsNothing   Code = "service-selects-nothing"
	TargetUnknown    Code = "target-port-name-unknown"
	NobodyListens    Code = "service-port-nobody-listens"
	NotDeclared      Code = "service-port-not-declared"
	PodLacksPort     Code = "selected-pod-lacks-port"
	MixesPorts       Code = "shared-selector-mixes-ports"
	ForeignPods      Code = "service-selects-foreign-pods"
	InternalLocal    Code = "internal-local-without-endpoint"
	ExternalLocal    Code = "external-local-drops"
	NodePortTwice    Code = "nodeport-taken-twice"
	HeadlessPort     Code = "headless-port-not-translated"
	RangesLeaveOpen  Code = "source-ranges-leave-others-open"
	RangesOnOne      Code = "source-ranges-on-one-sharer"
	WebhookNoService Code = "webhook-service-missing"
	// Load balancer addresses.
	UnknownAnnotation  Code = "unknown-annotation"
	SharingPolicies    Code = "sharing-policies-differ"
	SharingSelectors   Code = "sharing-selectors-differ"
	SharingPorts       Code = "sharing-ports-overlap"
	SharingKeyMissing  Code = "sharing-key-missing"
	SharingNamespaces  Code = "sharing-key-in-several-namespaces"
	SharingNoSelector  Code = "sharing-local-without-selector"
	LosesAddress       Code = "load-balancer-loses-address"
	RequestRefused     Code = "load-balancer-request-refused"
	BalancerPending    Code = "load-balancer-pending"
	NotAnnounced       Code = "load-balancer-not-announced"
	PoolNotAnnounced   Code = "pool-not-announced"
	PoolsOverlap       Code = "pools-overlap"
	NoNodeForBalancers Code = "no-node-for-load-balancers"
	// The input and its notes.
	ObjectRefused   Code = "object-refused"
	DocumentSkipped Code = "document-skipped"
	UnknownField    Code = "unknown-field"
	HostBits        Code = "cidr-host-bits"
	IgnoreInvalid   Code = "ignore-invalid"
)

// Rule is one line of the table: how much a code matters, which kind it is
// about, and which kinds the input must hold so that it can be looked for.
type Rule struct {
	Code     Code
	Severity Severity
	About    string
	Needs    []string
}

// Severity by one rule (see Severity): does the input itself show that it fails
// or is lost, does it work otherwise than it reads, or is it just worth knowing?
var table = []Rule{
	{PortIsServicePort, Error, "NetworkPolicy", []string{"Pod", "Service"}},
	{PortIsNodePort, Warning, "NetworkPolicy", []string{"Pod", "Service"}},
	{NameUnknown, Warning, "NetworkPolicy", []string{"Pod"}},
	{NameTowardBlock, Warning, "NetworkPolicy", nil},

	{TypesIgnoreRules, Warning, "NetworkPolicy", nil},
	{EmptyList, Warning, "NetworkPolicy", nil},
	{NameContradicts, Warning, "NetworkPolicy", nil},
	{BlockIsEmpty, Warning, "NetworkPolicy", nil},
	{RuleShadowed, Info, "NetworkPolicy", nil},
	{Duplicate, Info, "NetworkPolicy", nil},
	{WithoutEffect, Warning, "NetworkPolicy", nil},
	{OneFamily, Warning, "NetworkPolicy", []string{"Pod"}},
	{InternetOpens, Warning, "NetworkPolicy", nil},
	{NotEnforced, Warning, "NetworkPolicy", nil},

	{MatchesNothing, Warning, "NetworkPolicy", []string{"Pod"}},
	{SelectsNobody, Info, "NetworkPolicy", []string{"Pod"}},
	{NeedsNamespace, Warning, "NetworkPolicy", []string{"Pod"}},
	{HoldsPodLabels, Warning, "NetworkPolicy", []string{"Pod"}},
	{MeantAnd, Warning, "NetworkPolicy", nil},
	{NeverSNAT, Warning, "NetworkPolicy", []string{"Pod"}},
	{PeerHost, Warning, "NetworkPolicy", []string{"Pod"}},
	{OnlyHostSubjects, Warning, "NetworkPolicy", []string{"Pod"}},
	{HostSubjects, Info, "NetworkPolicy", []string{"Pod"}},

	{DNSBlocked, Warning, "NetworkPolicy", nil},
	{DNSMissed, Error, "NetworkPolicy", []string{"Pod", "Service"}},
	{NodeLocalDNS, Warning, "NetworkPolicy", []string{"Pod"}},
	{ClientBlock, Warning, "NetworkPolicy", []string{"Pod", "Service"}},
	{NodeBlockOpens, Warning, "NetworkPolicy", []string{"Node", "Pod", "Service"}},
	{NodeBlockMiss, Warning, "NetworkPolicy", []string{"Node", "Pod", "Service"}},
	{BlockIsService, Error, "NetworkPolicy", []string{"Pod", "Service"}},
	{ClosedBalancer, Error, "NetworkPolicy", []string{"Pod", "Service"}},
	{ClosedNodePort, Warning, "NetworkPolicy", []string{"Pod", "Service"}},
	{WebhookBlocked, Error, "NetworkPolicy", []string{"Pod", "Service"}},
	{SamePortNeeded, Error, "NetworkPolicy", []string{"Pod", "Service"}},

	{SelectsNothing, Error, "Service", []string{"Pod"}},
	{TargetUnknown, Error, "Service", []string{"Pod"}},
	{NobodyListens, Warning, "Service", []string{"Pod"}},
	{NotDeclared, Info, "Service", []string{"Pod"}},
	{PodLacksPort, Warning, "Service", []string{"Pod"}},
	{MixesPorts, Warning, "Service", []string{"Pod"}},
	{ForeignPods, Warning, "Service", []string{"Pod"}},
	{InternalLocal, Warning, "Service", []string{"Node", "EndpointSlice"}},
	{ExternalLocal, Warning, "Service", []string{"Node", "EndpointSlice"}},
	{NodePortTwice, Error, "Service", nil},
	{HeadlessPort, Info, "Service", nil},
	{RangesLeaveOpen, Info, "Service", nil},
	{RangesOnOne, Info, "Service", nil},
	{WebhookNoService, Error, "Webhook", []string{"Service"}},

	{UnknownAnnotation, Warning, "Service", nil},
	{SharingPolicies, Error, "Service", nil},
	{SharingSelectors, Error, "Service", nil},
	{SharingPorts, Error, "Service", nil},
	{SharingKeyMissing, Error, "Service", nil},
	{SharingNamespaces, Info, "Service", nil},
	{SharingNoSelector, Warning, "Service", nil},
	{LosesAddress, Error, "IPAddressPool", []string{"IPAddressPool"}},
	{RequestRefused, Error, "LoadBalancer", nil},
	{BalancerPending, Error, "IPAddressPool", []string{"IPAddressPool"}},
	{NotAnnounced, Error, "IPAddressPool", []string{"Node", "IPAddressPool"}},
	{PoolNotAnnounced, Error, "IPAddressPool", nil},
	{PoolsOverlap, Error, "IPAddressPool", nil},
	{NoNodeForBalancers, Error, "LoadBalancer", []string{"Node"}},

	{ObjectRefused, Error, "", nil},
	{DocumentSkipped, Info, "", nil},
	{UnknownField, Warning, "", nil},
	{HostBits, Warning, "", nil},
	{IgnoreInvalid, Warning, "", nil},
}

// Rules is the table, in the order of docs/lint.md.
func Rules() []Rule { return slices.Clone(table) }

// SeverityOf is the severity of a code, Nothing for one that is none.
func SeverityOf(c Code) Severity {
	for i := range table {
		if table[i].Code == c {
			return table[i].Severity
		}
	}
	return Nothing
}

// ParseCode reads a code as people write it: in any case, with '-' or '_'.
func ParseCode(word string) (Code, bool) {
	c := Code(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(word)), "_", "-"))
	return c, SeverityOf(c) != Nothing
}

// NearCode is the code that a word most likely meant, "" when none is near.
func NearCode(word string) Code {
	c, _ := ParseCode(word)
	best, bound := Code(""), max(3, len(c)/4)
	for i := range table {
		if d := cluster.Distance(string(c), string(table[i].Code)); d < bound {
			best, bound = table[i].Code, d
		}
	}
	return best
}

// Anchor is the code's place in docs/lint.md.
func (c Code) Anchor() string { return "docs/lint.md#" + string(c) }
