package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

func (t *Tables) described(tt *testing.T, name string) *Description {
	tt.Helper()
	for i := range t.snapshot.NetworkPolicies {
		if p := &t.snapshot.NetworkPolicies[i]; p.Name == name {
			return t.Describer().Describe(p)
		}
	}
	tt.Fatalf("no policy %s", name)
	return nil
}

func names(pods []*cluster.Pod) string {
	var out []string
	for _, p := range pods {
		out = append(out, p.Namespace+"/"+p.Name)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func (x *Peer) text() string {
	s := x.Kind.String()
	switch {
	case x.Kind == PeerBlock:
		s += " " + rangesText(x.Ranges)
	case x.All:
		s += " all"
	}
	if len(x.Known) > 0 {
		s += ": " + names(x.Known)
	}
	if len(x.Perhaps) > 0 {
		s += " perhaps " + names(x.Perhaps)
	}
	return s
}

func portsText(ports []Port) string {
	var out []string
	for _, p := range ports {
		s := fmt.Sprintf("%s %d-%d %s", p.Protocol, p.First, p.Last, p.Name)
		for _, n := range p.Numbers {
			s += fmt.Sprintf(" %d(%s)", n.Number, names(n.Pods))
		}
		out = append(out, strings.TrimSpace(s))
	}
	return strings.Join(out, ", ")
}

func codes(rs []flow.Reason) []flow.Code {
	var out []flow.Code
	for _, r := range rs {
		out = append(out, r.Code)
	}
	return out
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

// The documentation's three statements about test-network-policy.
func TestDescribeDocumented(t *testing.T) {
	d := read(t, letter(), pods, documented).described(t, "test-network-policy")
	wantText(t, "1. isolates role=db pods in the default namespace", d.Subjects.text(), "pods: default/db default/db2")
	if !d.Sides[0].Isolates || !d.Sides[1].Isolates {
		t.Error("not for both ingress and egress")
	}
	in := d.Sides[0].Rules
	if len(in) != 1 || len(in[0].Peers) != 3 {
		t.Fatalf("ingress: %+v", in)
	}
	wantText(t, "2. the ranges", in[0].Peers[0].text(), "ipBlock 172.17.0.0-172.17.0.255 172.17.2.0-172.17.255.255")
	wantText(t, "2. project=myproject", in[0].Peers[1].text(), "namespaces: mine/any mine/web")
	wantText(t, "2. role=frontend", in[0].Peers[2].text(), "pods: default/web")
	wantText(t, "2. on 6379/tcp", portsText(in[0].Ports), "TCP 6379-6379")
	wantText(t, "2. the field", in[0].Peers[2].Origin.Field, "spec.ingress[0].from[2]")
	out := d.Sides[1].Rules
	wantText(t, "3. 10.0.0.0/24", out[0].Peers[0].text(), "ipBlock 10.0.0.0-10.0.0.255")
	wantText(t, "3. on 5978/tcp", portsText(out[0].Ports), "TCP 5978-5978")
	wantText(t, "the hostNetwork pod", names(d.Subjects.Host), "default/host")
}

// Empty and absent, as the API says of each.
func TestDescribeEmptyAndAbsent(t *testing.T) {
	for _, tt := range []struct {
		name, spec string
		want       string // the ingress side
		note       flow.Code
	}{
		{"no rules", "podSelector: {}", "nobody", flow.CodeDescribeAddsUp},
		{"ingress: []", "podSelector: {}, ingress: []", "nobody", flow.CodeDescribeAddsUp},
		{"ingress: [{}]", "podSelector: {}, ingress: [{}]", "everybody all on ", flow.CodeDescribeAllowsAll},
		{"from: []", "podSelector: {}, ingress: [{from: [], ports: [{port: 80}]}]", "everybody all on TCP 80-80", flow.CodeDescribeEmptyList},
		{"ports: []", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {role: frontend}}}], ports: []}]", "pods: default/web on ", flow.CodeDescribeEmptyList},
		{"only a protocol", "podSelector: {}, ingress: [{ports: [{protocol: UDP}]}]", "everybody all on UDP 0-0", flow.CodeDescribeTargetPorts},
		{"namespaceSelector {}", "podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]", "namespaces all on ", flow.CodeDescribeAllNamespaces},
		{"podSelector {}", "podSelector: {}, ingress: [{from: [{podSelector: {}}]}]", "pods: default/db default/db2 default/other default/web on ", flow.CodeDescribeOwnNamespace},
		{"both selectors", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {project: myproject}}, podSelector: {matchLabels: {role: frontend}}}]}]", "namespaces: mine/web on ", flow.CodeDescribeAnd},
		{"two items", "podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {project: myproject}}}, {podSelector: {matchLabels: {role: frontend}}}]}]", "namespaces: mine/any mine/web; pods: default/web on ", flow.CodeDescribeOr},
		{"a name", "podSelector: {matchLabels: {role: db}}, ingress: [{ports: [{port: redis}]}]", "everybody all on TCP 0-0 redis 6379(default/db) 6380(default/db2)", flow.CodeDescribeTargetPorts},
		{"a range", "podSelector: {}, ingress: [{ports: [{port: 8000, endPort: 8090}]}]", "everybody all on TCP 8000-8090", flow.CodeDescribeTargetPorts},
		{"selects nobody", "podSelector: {matchLabels: {role: none}}", "nobody", flow.CodeDescribeNobody},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := read(t, letter(), pods, netpol("p", tt.spec)).described(t, "p")
			wantText(t, "ingress", sideText(&d.Sides[0]), tt.want)
			if !slices.Contains(codes(d.Notes), tt.note) {
				t.Errorf("notes %v lack %s", codes(d.Notes), tt.note)
			}
		})
	}
}

func sideText(s *Side) string {
	if len(s.Rules) == 0 {
		return "nobody"
	}
	var rules []string
	for i := range s.Rules {
		var peers []string
		for j := range s.Rules[i].Peers {
			peers = append(peers, s.Rules[i].Peers[j].text())
		}
		rules = append(rules, strings.Join(peers, "; ")+" on "+portsText(s.Rules[i].Ports))
	}
	return strings.Join(rules, " | ")
}

func TestDescribeNotes(t *testing.T) {
	svc := `{apiVersion: v1, kind: Service, metadata: {name: db, namespace: default}, spec: {selector: {role: db}, clusterIP: 10.96.0.5, ports: [{port: 5432, targetPort: redis}]}}`
	for _, tt := range []struct {
		name, spec string
		has, not   flow.Code
	}{
		{"rules without their policyType", "podSelector: {}, policyTypes: [Ingress], egress: [{}]", flow.CodeDescribeUnusedRules, flow.CodeDescribeNoNames},
		{"egress without DNS", "podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 443}]}]", flow.CodeDescribeNoNames, flow.CodeDescribeOwnNode},
		{"egress with DNS", "podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}]}]", flow.CodeDescribeReplies, flow.CodeDescribeNoNames},
		{"DNS over TCP alone", "podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 53}]}]", flow.CodeDescribeNoNames, flow.CodeDescribeOwnNode},
		{"every port", "podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]", flow.CodeDescribeOwnNamespace, flow.CodeDescribeNoNames},
		{"a name toward addresses", "podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: redis}]}]", flow.CodeDescribeBlockNames, flow.CodeDescribeExcept},
		{"the Service's port", "podSelector: {matchLabels: {role: db}}, ingress: [{ports: [{port: 5432}]}]", flow.CodeDescribeServicePort, flow.CodeDescribeUnusedRules},
		{"the target port", "podSelector: {matchLabels: {role: db}}, ingress: [{ports: [{port: 6379}]}]", flow.CodeDescribeTargetPorts, flow.CodeDescribeServicePort},
		{"except", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]", flow.CodeDescribeExcept, flow.CodeDescribeMasqueraded},
		{"selectors", "podSelector: {}, ingress: [{from: [{podSelector: {}}]}]", flow.CodeDescribeMasqueraded, flow.CodeDescribeOr},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := read(t, letter(), pods, svc, netpol("p", tt.spec)).described(t, "p")
			got := codes(d.Notes)
			if !slices.Contains(got, tt.has) || slices.Contains(got, tt.not) {
				t.Errorf("notes %v: want %s, not %s", got, tt.has, tt.not)
			}
		})
	}
}

func note(rs []flow.Reason, code flow.Code) string {
	for _, r := range rs {
		if r.Code == code {
			return strings.Join(r.Args, "|")
		}
	}
	return "none"
}

// Policies only add up: who isolates the same pods is named, by direction.
func TestDescribeOthers(t *testing.T) {
	set := []string{
		netpol("all", "podSelector: {}"),
		netpol("db", "podSelector: {matchLabels: {role: db}}"),
		netpol("web", "podSelector: {matchLabels: {role: frontend}}"),
		netpol("out", "podSelector: {matchLabels: {role: db}}, policyTypes: [Egress]"),
	}
	known := read(t, letter(), append([]string{pods}, set...)...)
	wantText(t, "db", note(known.described(t, "db").Notes, flow.CodeDescribeAlsoIsolate), "NetworkPolicy/default/all")
	wantText(t, "all", note(known.described(t, "all").Notes, flow.CodeDescribeAlsoIsolate), "NetworkPolicy/default/db, NetworkPolicy/default/web")
	wantText(t, "out", note(known.described(t, "out").Notes, flow.CodeDescribeAlsoIsolate), "none")
	alone := read(t, letter(), set...)
	wantText(t, "db without pods", note(alone.described(t, "db").Notes, flow.CodeDescribeAlsoIsolate), "NetworkPolicy/default/all")
	if got := codes(alone.described(t, "db").Notes); slices.Contains(got, flow.CodeDescribeNobody) {
		t.Errorf("no pod is known, and yet: %v", got)
	}
}

// A namespace whose labels nobody showed may be meant or not.
func TestDescribeUnknownNamespace(t *testing.T) {
	pod := `{apiVersion: v1, kind: Pod, metadata: {namespace: dark, name: p}, spec: {containers: [{name: c}]}, status: {phase: Running, podIPs: [{ip: 10.244.1.1}]}}`
	d := read(t, letter(), pods, pod, documented).described(t, "test-network-policy")
	wantText(t, "peer", d.Sides[0].Rules[0].Peers[1].text(), "namespaces: mine/any mine/web perhaps dark/p")
	wantText(t, "note", note(d.Notes, flow.CodeDescribeNoNamespace), "dark")
}

// What a block holds of the cluster is named; an invented address is not one.
func TestDescribeBlockMembers(t *testing.T) {
	d := read(t, letter(), pods, netpol("p", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.244.0.4/30]}}]}]")).described(t, "p")
	x := &d.Sides[0].Rules[0].Peers[0]
	wantText(t, "pods", names(x.Known), "default/db default/db2 default/web")
	wantText(t, "nodes", strings.Join(x.Nodes, " "), "n1")
	fresh := `{apiVersion: v1, kind: Pod, metadata: {namespace: default, name: new}, spec: {containers: [{name: c}]}}`
	d = read(t, letter(), fresh, netpol("p", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 198.0.0.0/8}}]}]")).described(t, "p")
	wantText(t, "a pod that has not run yet", names(d.Sides[0].Rules[0].Peers[0].Known), "")
}

func TestDescribeProfiles(t *testing.T) {
	for profile, want := range map[*cluster.PolicyProfile]flow.Code{
		{Name: "none"}:                        flow.CodeNotEnforced,
		{Name: "kube-router", Enforces: true}: flow.CodeDescribeByTheLetter,
	} {
		if got := codes(read(t, profile, pods, documented).described(t, "test-network-policy").Notes); !slices.Contains(got, want) {
			t.Errorf("%s: notes %v lack %s", profile.Name, got, want)
		}
	}
}
