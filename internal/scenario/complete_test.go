package scenario_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/scenario"
)

// occurring runs every scenario on the walk and collects what occurs.
func occurring(t *testing.T) (fates map[flow.Fate]bool, actions map[flow.Action]bool, codes map[flow.Code]bool) {
	t.Helper()
	fates, actions, codes = map[flow.Fate]bool{}, map[flow.Action]bool{}, map[flow.Code]bool{}
	for _, s := range scenarios(t) {
		_, err := scenario.Run(s, scenario.Walk{}, labs, func(_ *scenario.Question, a *scenario.Answer) {
			for _, f := range a.Fates {
				fates[f] = true
			}
			x := a.Explained
			for _, step := range x.Steps {
				actions[step] = true
			}
			for _, c := range slices.Concat(x.Assumes, x.Deviates, x.Says, x.Misses) {
				codes[c] = true
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
	return fates, actions, codes
}

// TestComplete: every fate, every action and every code that the walk can say
// occurs in some scenario.
func TestComplete(t *testing.T) {
	fates, actions, codes := occurring(t)
	for _, f := range flow.Fates() {
		if !fates[f] {
			t.Errorf("no scenario ends in %v", f)
		}
	}
	for _, a := range flow.Actions() {
		if !actions[a] {
			t.Errorf("no scenario has a step %v", a)
		}
	}
	for name, code := range sayable(t) {
		if why := unsaid[code]; codes[code] == (why != "") {
			t.Errorf("code %s (%s): said by some scenario: %v; exempt because: %q", code, name, codes[code], why)
		}
	}
}

// unsaid are the codes that no scenario can say, and why.
var unsaid = map[flow.Code]string{
	flow.CodeShareCluster:   "explain says it of Services that have their address",
	flow.CodeShareSelector:  "explain says it of Services that have their address",
	flow.CodeRequestChanged: "explain says it of Services that have their address",
}

// TestCodesExist: a code that a scenario expects is one of package flow.
func TestCodesExist(t *testing.T) {
	known := map[flow.Code]bool{}
	for _, c := range declared(t) {
		known[c] = true
	}
	for _, s := range scenarios(t) {
		for _, b := range s.Blocks {
			for _, q := range b.Questions {
				for _, c := range slices.Concat(q.Assumes, q.Deviates, q.Says, q.Misses) {
					if !known[c] {
						t.Errorf("%s: package flow has no code %s", q.Position, c)
					}
				}
			}
		}
	}
}

// declared reads the codes of flow/codes.go by name.
func declared(t *testing.T) map[string]flow.Code {
	t.Helper()
	var text []byte
	for _, name := range []string{"codes.go", "codes_lb.go", "codes_profile.go"} {
		more, err := os.ReadFile("../../flow/" + name)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, more...)
	}
	codes := map[string]flow.Code{}
	for _, m := range regexp.MustCompile(`(Code\w+)\s+Code = "([a-z-]+)"`).FindAllStringSubmatch(string(text), -1) {
		codes[m[1]] = flow.Code(m[2])
	}
	if len(codes) < 50 {
		t.Fatalf("read %d codes of flow/codes.go", len(codes))
	}
	return codes
}

// sayable are the declared codes that the packages under the walk mention.
func sayable(t *testing.T) map[string]flow.Code {
	t.Helper()
	all, out := declared(t), map[string]flow.Code{}
	for _, pkg := range []string{"announce", "cluster", "lbip", "model", "path", "policy", "service"} {
		files, err := filepath.Glob("../../" + pkg + "/*.go")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			tree, err := parser.ParseFile(token.NewFileSet(), f, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if code, is := all[s.Sel.Name]; is {
						out[s.Sel.Name] = code
					}
				}
				return true
			})
		}
	}
	return out
}

// fields are the API fields whose meaning we claim to handle, each with what a
// scenario that uses it must contain.
var fields = map[string]string{
	"Node.spec.podCIDRs":                              "podCIDRs:",
	"Node.status.addresses":                           "InternalIP",
	"Node.status.conditions Ready":                    " notready",
	"Node.status.conditions NetworkUnavailable":       "networkunavailable",
	"Node.metadata.labels exclude":                    "node.kubernetes.io/exclude-from-external-load-balancers",
	"Node.metadata.labels zone":                       "topology.kubernetes.io/zone",
	"Namespace.metadata.labels":                       "kind: Namespace",
	"Pod.spec.hostNetwork":                            "hostNetwork",
	"Pod.metadata.deletionTimestamp":                  " terminating",
	"Pod.status.phase":                                " succeeded",
	"Pod.status.podIPs":                               ",fd00:244:2::10 ",
	"Pod.spec.containers.ports":                       " ports ",
	"Service.spec.type NodePort":                      "type: NodePort",
	"Service.spec.type LoadBalancer":                  "type: LoadBalancer",
	"Service.spec.type ExternalName":                  "type: ExternalName",
	"Service.spec.clusterIP None":                     "clusterIP: None",
	"Service.spec.clusterIPs":                         "clusterIPs: [",
	"Service.spec.ipFamilies":                         "ipFamilies:",
	"Service.spec.externalIPs":                        "externalIPs:",
	"Service.spec.externalTrafficPolicy":              "externalTrafficPolicy: Local",
	"Service.spec.internalTrafficPolicy":              "internalTrafficPolicy: Local",
	"Service.spec.allocateLoadBalancerNodePorts":      "allocateLoadBalancerNodePorts: false",
	"Service.spec.healthCheckNodePort":                "healthCheckNodePort:",
	"Service.spec.loadBalancerSourceRanges":           "loadBalancerSourceRanges:",
	"Service.metadata.annotations source ranges":      "service.beta.kubernetes.io/load-balancer-source-ranges",
	"Service.metadata.labels service-proxy-name":      "service.kubernetes.io/service-proxy-name",
	"Service.spec.publishNotReadyAddresses":           "publishNotReadyAddresses: true",
	"Service.spec.sessionAffinity":                    "sessionAffinity: ClientIP",
	"Service.spec.trafficDistribution PreferClose":    "trafficDistribution: PreferClose",
	"Service.spec.trafficDistribution PreferSameZone": "trafficDistribution: PreferSameZone",
	"Service.spec.trafficDistribution PreferSameNode": "trafficDistribution: PreferSameNode",
	"Service.spec.ports.protocol UDP":                 "protocol: UDP",
	"Service.spec.ports.protocol SCTP":                "protocol: SCTP",
	"Service.spec.ports.targetPort by name":           "targetPort: http",
	"Service.spec.ports.nodePort":                     "nodePort: 30080",
	"Service.status.loadBalancer.ingress.ipMode":      "ipMode: Proxy",
	"Service.status.loadBalancer.ingress.hostname":    "hostname: ",
	"Endpoints.subsets.notReadyAddresses":             "notReadyAddresses:",
	"EndpointSlice.addressType FQDN":                  "addressType: FQDN",
	"EndpointSlice.endpoints.conditions":              "conditions: {ready: false, serving: true, terminating: true}",
	"EndpointSlice.endpoints.hints.forZones":          "forZones:",
	"EndpointSlice.endpoints.hints.forNodes":          "forNodes:",
	"EndpointSlice.endpoints.targetRef":               "targetRef:",
	"NetworkPolicy.spec.podSelector":                  "podSelector: {matchLabels:",
	"NetworkPolicy.spec.policyTypes":                  "policyTypes: [Egress]",
	"NetworkPolicy.spec.ingress empty":                "ingress: []",
	"NetworkPolicy.spec.egress empty":                 "egress: []",
	"NetworkPolicy.spec.ingress.from empty":           "from: []",
	"NetworkPolicy.spec.ingress.from null":            "from: null",
	"NetworkPolicy.spec.ingress.ports empty":          "ports: []",
	"NetworkPolicy.spec.egress.to":                    "to: [{",
	"NetworkPolicy peer namespaceSelector":            "namespaceSelector: {matchLabels:",
	"NetworkPolicy peer namespaceSelector empty":      "namespaceSelector: {}",
	"NetworkPolicy peer ipBlock.cidr":                 "ipBlock: {cidr:",
	"NetworkPolicy peer ipBlock.except":               "except: [",
	"NetworkPolicy ports.endPort":                     "endPort:",
	"NetworkPolicy ports.port by name":                "ports: [{port: http}",
	"NetworkPolicy ports.protocol alone":              "ports: [{protocol: UDP}]",
	"IPAddressPool.spec.addresses by range":           "addresses: [198.51.100.16-198.51.100.17]",
	"IPAddressPool.spec.addresses by CIDR":            "addresses: [198.51.100.16/28]",
	"IPAddressPool.spec.autoAssign":                   "autoAssign: false",
	"IPAddressPool.spec.avoidBuggyIPs":                "avoidBuggyIPs: true",
	"IPAddressPool.spec.serviceAllocation empty":      "serviceAllocation: {}",
	"IPAddressPool serviceAllocation.priority":        "serviceAllocation: {priority:",
	"IPAddressPool serviceAllocation.namespaces":      "namespaces: [blue]",
	"IPAddressPool serviceAllocation.namespaceSels":   "namespaceSelectors: [{",
	"IPAddressPool serviceAllocation.serviceSels":     "serviceSelectors: [{matchLabels: {tier: front}}]}",
	"BGPAdvertisement.spec.ipAddressPools":            "ipAddressPools: [vips]",
	"BGPAdvertisement.spec.nodeSelectors":             "nodeSelectors: [{matchLabels: {rack: a}}]",
	"BGPAdvertisement.spec.peers":                     "peers: [gone]",
	"L2Advertisement.spec.ipAddressPoolSelectors":     "ipAddressPoolSelectors: [{",
	"L2Advertisement.spec.interfaces":                 "interfaces: [eth1]",
	"L2Advertisement.spec.preferredNodeSelectors":     "preferredNodeSelectors: [{weight:",
	"L2Advertisement.spec.serviceSelectors":           "serviceSelectors: [{matchLabels: {announce:",
	"BGPPeer.spec.peerAddress":                        "peerAddress: 192.0.2.2",
	"Service annotations allow-shared-ip":             "metallb.io/allow-shared-ip: k",
	"Service annotations of the old prefix":           "metallb.universe.tf/allow-shared-ip: k",
	"Service annotations loadBalancerIPs":             "metallb.io/loadBalancerIPs: ",
	"Service annotations address-pool":                "metallb.io/address-pool: ",
	"Service.spec.loadBalancerClass":                  "loadBalancerClass: example.com/lb",
	"Service.spec.loadBalancerIP":                     "loadBalancerIP: 198.51.100.17",
	"selector operator In":                            "operator: In,",
	"selector operator NotIn":                         "operator: NotIn,",
	"selector operator Exists":                        "operator: Exists}",
	"selector operator DoesNotExist":                  "operator: DoesNotExist}",
	"Fabric.clients":                                  "clients: [",
	"Fabric.routers.multipath":                        "multipath: false",
	"Fabric.routers.routes bgp":                       "routes: bgp",
	"Fabric.routers.routes l2":                        "routes: l2",
	"Fabric.routers.nodes":                            "nodes: [n2, n1]",
	"Fabric.routers.prefixes":                         "prefixes: [",
	"Fabric.dataplane.podNetwork bridge":              "podNetwork bridge",
	"Fabric.dataplane.podNetwork vxlan":               "podNetwork vxlan",
	"Fabric.dataplane.masqueradeAll":                  "masqueradeAll true",
	"Fabric.dataplane.podEgressMasquerade":            "podEgressMasquerade off-cluster",
	"Fabric.nodes.masquerade":                         "masquerade: {toLocalPods:",
}

// TestFields: every field we claim to handle is in some scenario or lab.
func TestFields(t *testing.T) {
	var text strings.Builder
	files, err := scenario.Find(dir)
	if err != nil {
		t.Fatal(err)
	}
	more, _ := filepath.Glob(labs + "/*.yaml")
	for _, f := range append(files, more...) {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(data)
	}
	for field, sub := range fields {
		if !strings.Contains(text.String(), sub) {
			t.Errorf("no scenario uses %s: %q", field, sub)
		}
	}
}
