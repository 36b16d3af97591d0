package explain_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/scenario"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

const (
	scenarios = "../testdata/scenarios"
	labs      = scenarios + "/labs"
)

// scene compiles the cluster of a scenario, with settings of the dataplane
// ("podNetwork vxlan").
func scene(t *testing.T, name string, settings ...string) *model.Model {
	t.Helper()
	s, err := scenario.Read(scenarios + "/" + name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	var b scenario.Block
	for _, set := range settings {
		k, v, _ := strings.Cut(set, " ")
		b.Settings = append(b.Settings, scenario.Setting{Key: k, Values: []string{v}})
	}
	asked, err := s.Under(&b, labs)
	if err != nil {
		t.Fatal(err)
	}
	return compiled(t, &asked[0].Snapshot)
}

func compiled(t *testing.T, s *cluster.Snapshot) *model.Model {
	t.Helper()
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lab is two nodes, a client outside and what the test adds.
func lab(t *testing.T, objects ...string) *model.Model {
	t.Helper()
	const base = `
{apiVersion: v1, kind: Node, metadata: {name: n1}, spec: {podCIDRs: [10.244.1.0/24]}, status: {addresses: [{type: InternalIP, address: 10.0.0.11}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: n2}, spec: {podCIDRs: [10.244.2.0/24]}, status: {addresses: [{type: InternalIP, address: 10.0.0.12}]}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: app, labels: {kubernetes.io/metadata.name: app}}}
---
{apiVersion: portolan.dev/v1alpha1, kind: Fabric, metadata: {name: f}, spec: {clients: [{name: c, addresses: [203.0.113.10]}]}}
`
	in, err := manifest.Parse("lab.yaml", []byte(strings.Join(append([]string{base}, objects...), "\n---\n")), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return compiled(t, in.Snapshot)
}

func pod(name, node, ip, labels, ports string) string {
	return "{apiVersion: v1, kind: Pod, metadata: {namespace: app, name: " + name + ", labels: {" + labels + "}}, " +
		"spec: {nodeName: " + node + ", containers: [{name: c, ports: [" + ports + "]}]}, " +
		"status: {phase: Running, conditions: [{type: Ready, status: 'True'}], podIPs: [{ip: " + ip + "}]}}"
}

func svc(spec, status string) string {
	return "{apiVersion: v1, kind: Service, metadata: {namespace: app, name: web}, spec: {clusterIP: 10.96.0.10, clusterIPs: [10.96.0.10], " +
		spec + "}, status: {" + status + "}}"
}

func netpol(name, spec string) string {
	return "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {namespace: app, name: " + name + "}, spec: {" + spec + "}}"
}

func repaired(t *testing.T, m *model.Model, from, to string) *explain.Fix {
	t.Helper()
	f, err := explain.Repair(m, path.Question{From: from, To: to, Namespace: "app"})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func codesOf(rs []flow.Reason) []flow.Code {
	var out []flow.Code
	for _, r := range rs {
		out = append(out, r.Code)
	}
	return out
}

// near returns the near miss of that code, or nil.
func near(f *explain.Fix, code flow.Code) *explain.NearMiss {
	for i := range f.NearMisses {
		if f.NearMisses[i].What.Code == code {
			return &f.NearMisses[i]
		}
	}
	return nil
}

// onlyPolicy demands a proved fix of one policy and returns it.
func onlyPolicy(t *testing.T, f *explain.Fix) *cluster.NetworkPolicy {
	t.Helper()
	if f.Outcome != explain.FixPolicy || len(f.Policies) != 1 || !f.Holds() {
		t.Fatalf("%v with %d policies, proved %v (%v, %+v)", f.Outcome, len(f.Policies), f.Holds(), f.Why, f.Proof)
	}
	return f.Policies[0]
}

// The incident (case A01): "Fix: allow-ssh {podSelector: app=ssh, ingress:
// [{ports: [2222]}]} (port = targetPort, not 22). Wrong fixes: port 22;
// namespaceSelector {}; Local alone; ipBlock of the client under Cluster."
func TestRepairOfTheSeed(t *testing.T) {
	f := repaired(t, scene(t, "a01-seed"), "external", "198.51.100.17:22")
	p := onlyPolicy(t, f)
	if p.Name != "allow-ssh" || p.Namespace != "app" || p.PodSelector.String() != "app=ssh" {
		t.Errorf("policy %s/%s for %s", p.Namespace, p.Name, &p.PodSelector)
	}
	if !p.IsolatesIngress || p.IsolatesEgress || len(p.Ingress) != 1 || len(p.Ingress[0].Peers) != 0 {
		t.Errorf("rules %+v, want one ingress rule without from", p.Ingress)
	}
	if ports := p.Ingress[0].Ports; len(ports) != 1 || ports[0].Words() != "2222" || ports[0].Protocol != flow.TCP {
		t.Errorf("ports %+v, want 2222/TCP: policy sees the target port", ports)
	}
	if f.Before.Verdict != flow.NotReachable || f.After.Verdict != flow.Reachable || f.After.Reached != 3 || f.After.Paths != 3 {
		t.Errorf("before %+v, after %+v", f.Before, f.After)
	}
	for _, code := range []flow.Code{flow.CodeNearServicePort, flow.CodeNearNodePort, flow.CodeNearAnyNamespace, flow.CodeNearKubeProxy, flow.CodeNearLocal} {
		if n := near(f, code); n == nil || n.After.Verdict != flow.NotReachable || len(n.Why) == 0 {
			t.Errorf("near miss %s: %+v, want UNREACHABLE and a reason", code, n)
		}
	}
	// Through the pod's own node policy sees the client, through the two others
	// these.
	if n := near(f, flow.CodeNearClient); n == nil || n.After.Verdict != flow.Depends || n.After.Reached != 1 {
		t.Errorf("the clients' block alone: %+v, want 1 of 3", n)
	}
	if n := near(f, flow.CodeNearNodes); n == nil || n.After.Verdict != flow.Depends || n.After.Reached != 2 {
		t.Errorf("the nodes' block, routed: %+v, want 2 of 3", n)
	}
}

// "The node-CIDR fix works on routed pod networks and fails on VXLAN" (measured
// deviations, 10).
func TestNodeBlocksFailOnOverlays(t *testing.T) {
	for _, network := range []string{"vxlan"} {
		f := repaired(t, scene(t, "a01-seed", "podNetwork "+network), "external", "198.51.100.17:22")
		onlyPolicy(t, f)
		n := near(f, flow.CodeNearNodes)
		if n == nil || n.After.Verdict != flow.NotReachable {
			t.Errorf("%s: the nodes' InternalIPs: %+v, want UNREACHABLE", network, n)
		}
		a := f.Alternative("nodes")
		if a == nil || a.After.Verdict != flow.Reachable || !strings.Contains(a.What.Args[0], "10.244.1.0/32") {
			t.Errorf("%s: the addresses that nodes really use: %+v, want REACHABLE by 10.244.1.0", network, a)
		}
	}
}

// The tighter ways and their price: Local drops what enters where no endpoint
// is, and a shared address may be lost; the nodes' addresses let everybody in.
func TestAlternativesOfTheSeed(t *testing.T) {
	f := repaired(t, scene(t, "a01-seed"), "external", "198.51.100.17:22")
	local := f.Alternative("local")
	if local == nil || local.After.Verdict != flow.Depends || local.After.Reached != 1 || len(local.Edits) != 1 || local.Edits[0].External != cluster.PolicyLocal {
		t.Fatalf("local: %+v", local)
	}
	if got := codesOf(local.Prices); !slices.Contains(got, flow.CodePriceDead) || !slices.Contains(got, flow.CodePriceShared) {
		t.Errorf("price of local: %v", local.Prices)
	}
	nodes := f.Alternative("nodes")
	if nodes == nil || nodes.After.Verdict != flow.Reachable || !slices.Contains(codesOf(nodes.Prices), flow.CodePriceThrough) {
		t.Fatalf("nodes: %+v", nodes)
	}
	if f.Alternative("moon") != nil {
		t.Error("an alternative nobody has heard of")
	}
}

// Where the fix is a policy, its shape by case: the direction, whom it selects,
// which peers, which ports.
func TestRepairByPolicy(t *testing.T) {
	for _, c := range []struct {
		name, scene, from, to             string
		policy, selector, namespace, peer string
		port                              string
		egress                            bool
	}{
		// "SELECTOR_NEVER_MATCHES_SNAT_SOURCE ... allow by targetPort with no from"
		{"a NodePort", "a03-kube-proxy-selector", "external/c", "node/n1:30080", "app/allow-web", "app=web", "", "", "8080", false},
		{"another namespace keeps its identity", "a09-both-sides-and-host-network", "pod/cli/pod", "pod/app/srv:80", "app/allow-srv", "app=srv", "kubernetes.io/metadata.name=cli", "app=cli", "80", false},
		// "Fix diff: 80 -> 8080"
		{"egress by the Service port", "e01-service-port-in-policy", "pod/app/backend", "svc/app/db1:80", "app/allow-backend-to-db1", "app=backend", "", "app=db1", "8080", true},
		// numbers differ from pod to pod: the name
		{"a named port", "e06-named-target-port", "pod/app/cli", "svc/app/web", "app/allow-cli-to-web", "app=cli", "", "app=web", "http", true},
	} {
		p := onlyPolicy(t, repaired(t, scene(t, c.scene), c.from, c.to))
		rules := p.Ingress
		if c.egress {
			rules = p.Egress
		}
		if p.Namespace+"/"+p.Name != c.policy || p.PodSelector.String() != c.selector || p.IsolatesEgress != c.egress || p.IsolatesIngress == c.egress {
			t.Errorf("%s: policy %s/%s for %s, egress %v", c.name, p.Namespace, p.Name, &p.PodSelector, p.IsolatesEgress)
		}
		if len(rules) != 1 || len(rules[0].Ports) != 1 || rules[0].Ports[0].Words() != c.port {
			t.Fatalf("%s: rules %+v, want port %s", c.name, rules, c.port)
		}
		namespace, peer := "", ""
		for _, x := range rules[0].Peers {
			if x.NamespaceSelector != nil {
				namespace = x.NamespaceSelector.String()
			}
			if x.PodSelector != nil {
				peer = x.PodSelector.String()
			}
		}
		if namespace != c.namespace || peer != c.peer {
			t.Errorf("%s: peers in %q, %q, want %q, %q", c.name, namespace, peer, c.namespace, c.peer)
		}
	}
}

// A Service's address in an egress ipBlock never matches: the packet is judged
// after DNAT (case F03).
func TestServiceAddressIsANearMiss(t *testing.T) {
	f := repaired(t, scene(t, "e01-service-port-in-policy"), "pod/app/backend", "svc/app/db1:80")
	if n := near(f, flow.CodeNearServiceBlock); n == nil || n.After.Verdict != flow.NotReachable {
		t.Errorf("the cluster IP as ipBlock: %+v", n)
	}
}

// Both ends deny: two policies, and one of them alone is not enough (case A09:
// "both egress and ingress sides need allowing").
func TestRepairBothSides(t *testing.T) {
	m := lab(t,
		pod("cli", "n1", "10.244.1.10", "app: cli, pod-template-hash: abc", ""), pod("web", "n2", "10.244.2.10", "app: web", "{containerPort: 8080}"),
		svc("selector: {app: web}, ports: [{port: 80, targetPort: 8080}]", ""),
		netpol("deny", "podSelector: {}, policyTypes: [Ingress, Egress]"))
	f := repaired(t, m, "pod/app/cli", "svc/app/web")
	if f.Outcome != explain.FixPolicy || !f.Holds() || len(f.Policies) != 2 {
		t.Fatalf("%v, proved %v, %d policies: %+v", f.Outcome, f.Holds(), len(f.Policies), f.Proof)
	}
	if p := f.Policies[0]; !p.IsolatesEgress || p.PodSelector.String() != "app=cli" {
		t.Errorf("egress first, by a label that outlives a rollout: %s", &p.PodSelector)
	}
	if p := f.Policies[1]; !p.IsolatesIngress || p.Name != "allow-web" || len(p.Ingress[0].Peers) != 1 || p.Ingress[0].Peers[0].PodSelector.String() != "app=cli" {
		t.Errorf("ingress %+v", p)
	}
	if n := near(f, flow.CodeNearOneSide); n == nil || n.After.Verdict != flow.NotReachable {
		t.Errorf("one side alone: %+v", n)
	}
}

// The Service selects pods that nothing isolates: the policy must not isolate
// them, so it takes the isolating policy's labels beside; without such a label
// there is no fix.
func TestRepairIsolatesNobody(t *testing.T) {
	objects := []string{
		pod("old", "n1", "10.244.1.10", "app: web, track: old", "{containerPort: 8080}"), pod("new", "n2", "10.244.2.10", "app: web, track: new", "{containerPort: 8080}"),
		svc("type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]", ""),
		netpol("deny", "podSelector: {matchLabels: {track: new}}, ingress: []"),
	}
	p := onlyPolicy(t, repaired(t, lab(t, objects...), "external", "node/n1:30080"))
	if p.PodSelector.String() != "app=web,track=new" {
		t.Errorf("selector %s: old would be isolated", &p.PodSelector)
	}
}

// A name that is taken gets a number.
func TestRepairNames(t *testing.T) {
	m := lab(t, pod("web", "n2", "10.244.2.10", "app: web", "{containerPort: 80}"),
		svc("type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]", ""),
		netpol("allow-web", "podSelector: {}, ingress: []"))
	if p := onlyPolicy(t, repaired(t, m, "external", "node/n1:30080")); p.Name != "allow-web-2" {
		t.Errorf("named %s, which is taken", p.Name)
	}
}

// Labels cannot tell the pod from another workload: the change would open more
// than was asked, and does not hold.
func TestRepairThatOpensMoreDoesNotHold(t *testing.T) {
	m := lab(t, pod("a", "n1", "10.244.1.10", "", "{containerPort: 80}"), pod("b", "n2", "10.244.2.10", "", "{containerPort: 80}"),
		netpol("deny", "podSelector: {}, ingress: []"))
	f := repaired(t, m, "node/n2", "pod/app/a:80")
	if f.Holds() || f.Proof == nil || !slices.Contains(codesOf(f.Proof.Others), flow.CodeFixAlsoOpens) {
		t.Errorf("held: %v, %+v", f.Holds(), f.Proof)
	}
}

const ingress = "loadBalancer: {ingress: [{ip: 198.51.100.17}]}"

// What no policy repairs, and the edit that does.
func TestRepairByEdit(t *testing.T) {
	web := pod("web", "n2", "10.244.2.10", "app: api-service", "{containerPort: 8080}")
	for _, c := range []struct {
		name    string
		objects []string
		check   func(*explain.Edit) bool
		code    flow.Code
	}{
		// case H04: "api-svc vs api-service"
		{
			"a renamed label",
			[]string{web, svc("type: LoadBalancer, selector: {app: api-svc}, ports: [{port: 80, targetPort: 8080}]", ingress)},
			func(e *explain.Edit) bool { return e.Selector["app"] == "api-service" && len(e.Selector) == 1 }, flow.CodeFixReselect,
		},
		{
			"another key",
			[]string{web, svc("type: LoadBalancer, selector: {name: api-service}, ports: [{port: 80, targetPort: 8080}]", ingress)},
			func(e *explain.Edit) bool {
				return e.Selector["app"] == "api-service" && slices.Equal(e.Removed(), []string{"name"})
			}, flow.CodeFixReselect,
		},
		{
			"a wrong target port",
			[]string{web, svc("type: LoadBalancer, selector: {app: api-service}, ports: [{port: 80}]", ingress)},
			func(e *explain.Edit) bool { return e.Port.Port == 80 && e.TargetPort.Number == 8080 }, flow.CodeFixRetarget,
		},
		{
			"a target port name nobody has",
			[]string{web, svc("type: LoadBalancer, selector: {app: api-service}, ports: [{port: 80, targetPort: http}]", ingress)},
			func(e *explain.Edit) bool { return e.TargetPort.Number == 8080 }, flow.CodeFixRetarget,
		},
		{
			"Local",
			[]string{web, svc("type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: api-service}, ports: [{port: 80, targetPort: 8080}]", ingress)},
			func(e *explain.Edit) bool { return e.External == cluster.PolicyCluster }, flow.CodeFixExternalCluster,
		},
		{
			"source ranges",
			[]string{web, svc("type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.0/24], selector: {app: api-service}, ports: [{port: 80, targetPort: 8080}]", ingress)},
			func(e *explain.Edit) bool {
				return len(e.SourceRanges) == 2 && e.SourceRanges[1].String() == "203.0.113.10/32"
			}, flow.CodeFixRanges,
		},
	} {
		f := repaired(t, lab(t, c.objects...), "external", "svc/app/web")
		if f.Outcome != explain.FixEdit || !f.Holds() || len(f.Edits) != 1 || !c.check(&f.Edits[0]) || !slices.Contains(codesOf(f.Why), c.code) {
			t.Errorf("%s: %v, proved %v, why %v, edits %+v", c.name, f.Outcome, f.Holds(), f.Why, f.Edits)
		}
	}
}

// Several faults one behind the other: the selector, the target port, then the
// policy.
func TestRepairSeveralFaults(t *testing.T) {
	m := lab(t, pod("web", "n2", "10.244.2.10", "app: frontend", "{containerPort: 8080}"),
		svc("type: LoadBalancer, selector: {app: fronted}, ports: [{port: 80}]", ingress), netpol("deny", "podSelector: {}, ingress: []"))
	f := repaired(t, m, "external", "svc/app/web")
	if f.Outcome != explain.FixEdit || !f.Holds() || len(f.Edits) != 1 || f.Edits[0].Selector == nil || f.Edits[0].Port == nil || len(f.Policies) != 1 {
		t.Fatalf("%v, proved %v: %v", f.Outcome, f.Holds(), f.Why)
	}
	if got := f.Policies[0].Ingress[0].Ports[0].Words(); got != "8080" {
		t.Errorf("policy for port %s", got)
	}
}

// Where no object helps, words do.
func TestRepairInWords(t *testing.T) {
	web := pod("web", "n2", "10.244.2.10", "app: web", "{containerPort: 8080}, {containerPort: 9090}")
	empty := "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {namespace: app, name: x, labels: {kubernetes.io/service-name: web}}, addressType: IPv4, endpoints: [], ports: []}"
	balancer := "type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]"
	for _, c := range []struct {
		name, from, to string
		objects        []string
		code           flow.Code
	}{
		{"pending", "external", "svc/app/web@vip", []string{web, svc(balancer, "")}, flow.CodeFixPending},
		{"which workload is meant", "external", "svc/app/web", []string{web, svc(strings.Replace(balancer, "app: web", "app: db", 1), ingress)}, flow.CodeFixNearest},
		{"which port is meant", "external", "svc/app/web", []string{web, svc(strings.Replace(balancer, "8080", "80", 1), ingress)}, flow.CodeFixTargets},
		{"not ready", "external", "svc/app/web", []string{strings.Replace(web, "'True'", "'False'", 1), svc(balancer, ingress)}, flow.CodeFixNotReady},
		{"no selector", "external", "svc/app/web", []string{web, svc("type: LoadBalancer, ports: [{port: 80}]", ingress), empty}, flow.CodeFixNoSelector},
		{"a port of a pod", "node/n1", "pod/app/web:22", []string{web}, flow.CodeFixAskPort},
	} {
		f := repaired(t, lab(t, c.objects...), c.from, c.to)
		if f.Outcome != explain.FixWords || len(f.Policies)+len(f.Edits) != 0 || f.Holds() || !slices.Contains(codesOf(f.Why), c.code) {
			t.Errorf("%s: %v, why %v", c.name, f.Outcome, f.Why)
		}
	}
}

// Nothing to repair, and nothing that can be proved.
func TestRepairNeedlessAndUnknown(t *testing.T) {
	if f := repaired(t, scene(t, "a01-seed"), "external", "198.51.100.17:80"); f.Outcome != explain.FixNeedless || len(f.Policies) != 0 {
		t.Errorf("http works: %v", f.Outcome)
	}
	foreign := "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: x, namespace: app}, spec: {endpointSelector: {}}}"
	m := lab(t, pod("web", "n2", "10.244.2.10", "app: web", ""), svc("type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]", ingress), foreign)
	if f := repaired(t, m, "external", "svc/app/web"); f.Outcome != explain.FixUnknown || !slices.Contains(codesOf(f.Why), flow.CodeForeignPolicy) {
		t.Errorf("a policy that is not modelled: %v, %v", f.Outcome, f.Why)
	}
	if _, err := explain.Repair(m, path.Question{From: "moon", To: "svc/app/web"}); err == nil {
		t.Error("the moon is no place")
	}
}

// A repair leaves the Model it starts from as it is.
func TestRepairChangesNothing(t *testing.T) {
	m := lab(t, pod("web", "n2", "10.244.2.10", "app: frontend", "{containerPort: 8080}"),
		svc("type: LoadBalancer, selector: {app: fronted}, ports: [{port: 80}]", ingress), netpol("deny", "podSelector: {}, ingress: []"))
	first := repaired(t, m, "external", "svc/app/web")
	again := repaired(t, m, "external", "svc/app/web")
	if len(m.Snapshot.NetworkPolicies) != 1 || m.Snapshot.Services[0].Selector["app"] != "fronted" || first.Outcome != again.Outcome {
		t.Errorf("the snapshot holds %d policies and selects %v", len(m.Snapshot.NetworkPolicies), m.Snapshot.Services[0].Selector)
	}
}

// Every question of every scenario that is not REACHABLE: a fix that claims to
// hold does, path by path, and says what it opens; what does not work says why.
func TestRepairOfEveryScenario(t *testing.T) {
	files, err := scenario.Find(scenarios)
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	count := map[explain.FixOutcome]int{}
	for _, file := range files {
		s, err := scenario.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range s.Blocks {
			asked, err := s.Under(&s.Blocks[i], labs)
			if err != nil {
				t.Fatal(err)
			}
			for j := range asked {
				m, err := model.Compile(&asked[j].Snapshot)
				if err != nil {
					continue // the scenario is about that
				}
				for k := range s.Blocks[i].Questions {
					q := &s.Blocks[i].Questions[k]
					f, err := explain.Repair(m, path.Question{From: q.From, To: q.To, Via: q.Via})
					if err != nil {
						continue
					}
					count[f.Outcome]++
					checkFix(t, q.Position.String()+" "+asked[j].Name, m, f)
				}
			}
		}
	}
	for _, o := range []explain.FixOutcome{explain.FixNeedless, explain.FixPolicy, explain.FixEdit, explain.FixWords, explain.FixUnknown} {
		if count[o] == 0 {
			t.Errorf("no scenario has the outcome %v", o)
		}
	}
}

// checkFix holds a fix to what it says of itself.
func checkFix(t *testing.T, at string, m *model.Model, f *explain.Fix) {
	t.Helper()
	proposes := f.Outcome == explain.FixPolicy || f.Outcome == explain.FixEdit
	if proposes != (len(f.Policies)+len(f.Edits) > 0) || proposes != (f.Proof != nil) {
		t.Errorf("%s: %v with %d policies, %d edits, proof %+v", at, f.Outcome, len(f.Policies), len(f.Edits), f.Proof)
	}
	if f.Outcome == explain.FixWords && len(f.Why) == 0 {
		t.Errorf("%s: no words", at)
	}
	if f.Holds() && len(f.Edits) == 0 {
		s := *m.Snapshot
		s.NetworkPolicies = slices.Clone(s.NetworkPolicies)
		for _, p := range f.Policies {
			s.NetworkPolicies = append(s.NetworkPolicies, *p)
		}
		a, err := path.Walk(compiled(t, &s), f.Question)
		if err != nil || a.Verdict != flow.Reachable {
			t.Errorf("%s: repaired it is %v, %v", at, a, err)
		}
		if len(f.Proof.Opens) == 0 {
			t.Errorf("%s: opens nothing", at)
		}
	}
	for _, n := range f.NearMisses {
		if !n.Works() && len(n.Why) == 0 {
			t.Errorf("%s: near miss %v without a reason", at, n.What)
		}
	}
}
