package policy

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

func rowsOf(t *testing.T, tab *Tables) *Rows {
	t.Helper()
	rows, err := tab.Rows()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// "If this field is empty or missing": an empty list of peers or ports is as good
// as none, for the tables, the rows and the clauses.
func TestEmptyOrMissing(t *testing.T) {
	for _, r := range []cluster.PolicyRule{{}, {Peers: []cluster.PolicyPeer{}}, {Ports: []cluster.PolicyPort{}}, {Peers: []cluster.PolicyPeer{}, Ports: []cluster.PolicyPort{}}} {
		s := &cluster.Snapshot{
			Pods:            []cluster.Pod{{Meta: cluster.Meta{Namespace: "a", Name: "p"}, IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}},
			NetworkPolicies: []cluster.NetworkPolicy{{Meta: cluster.Meta{Namespace: "a", Name: "np"}, IsolatesIngress: true, Ingress: []cluster.PolicyRule{r}}},
		}
		tab := Compile(s, cluster.NewIndex(s), letter())
		q := Question{Direction: Ingress, Subject: Party{Pod: &s.Pods[0]}, Peer: Party{Addr: netip.MustParseAddr("192.0.2.1")}, Protocol: flow.UDP, Port: 53}
		if v := tab.Judge(q).Verdict; v != Admitted {
			t.Errorf("%#v: %s", r, v)
		}
		if v := rowsOf(t, tab).judge(q); v != Admitted {
			t.Errorf("%#v: rows say %s", r, v)
		}
		c := Clauses(letter(), &s.NetworkPolicies[0], Ingress, nil)
		if len(c) != 1 || !c[0].Everybody || c[0].Protocol != flow.ProtocolUnknown || c[0].First != 0 || c[0].Last != 65535 {
			t.Errorf("%#v: clauses %+v", r, c)
		}
		if m := tab.Explain(q); len(m) != 1 || m[0].Peers != nil || m[0].Ports != nil {
			t.Errorf("%#v: misses %+v", r, m)
		}
	}
	// A list of rules that is empty admits nobody, whoever has written it.
	for _, rules := range [][]cluster.PolicyRule{nil, {}} {
		np := cluster.NetworkPolicy{IsolatesEgress: true, Egress: rules}
		if c := Clauses(letter(), &np, Egress, nil); len(c) != 0 {
			t.Errorf("%#v: %+v", rules, c)
		}
	}
}

// A named egress port is the number that the other end gives it, also where an
// ipBlock alone says who that is.
func TestRowsNamedEgress(t *testing.T) {
	for _, to := range []string{"{ipBlock: {cidr: 10.244.0.0/30}}", "{podSelector: {matchLabels: {role: db}}}", "{podSelector: {matchLabels: {role: db}}}, {ipBlock: {cidr: 192.0.2.0/24}}"} {
		tab := read(t, letter(), pods, netpol("p", "podSelector: {}, policyTypes: [Egress], egress: [{to: ["+to+"], ports: [{port: redis}]}]"))
		rows := rowsOf(t, tab)
		for peer, port := range map[string]string{"default/db": "6379", "default/db2": "6380"} {
			for _, p := range []string{"6379", "6380", "80"} {
				want := map[bool]Verdict{true: Admitted, false: Denied}[p == port]
				q := tab.question(Egress, "default/web", peer, p)
				if a, b := tab.Judge(q).Verdict, rows.judge(q); a != want || b != want {
					t.Errorf("%s: %s %s: %s, rows say %s, want %s", to, peer, p, a, b, want)
				}
			}
		}
	}
}

// Permissions name their rule, those that nobody can use are left out, and so are
// ports of a protocol that nobody knows.
func TestPermissions(t *testing.T) {
	tab := read(t, letter(), pods, netpol("p", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {no: body}}}]}, {from: [{podSelector: {}}], ports: [{port: 80}]}]"))
	p := &tab.snapshot.NetworkPolicies[0]
	p.Ingress[1].Ports = append(p.Ingress[1].Ports, cluster.PolicyPort{Port: cluster.PortRef{Number: 81}})
	rows, class := rowsOf(t, tab), tab.ClassOf(tab.party("default/db").Pod)
	ps := rows.Permissions(class, Ingress)
	if len(ps) != 1 || ps[0].Origin.Field != "spec.ingress[1]" || ps[0].First != 80 || ps[0].Last != 80 || ps[0].Everything() {
		t.Fatalf("%+v", ps)
	}
	if got := rows.Policies(rows.Group(class, Ingress)); len(got) != 1 || got[0] != p {
		t.Errorf("%v", got)
	}
	if !slices.Equal(ps[0].Classes(), ps[0].Peers.Classes) || len(ps[0].Classes()) == 0 {
		t.Errorf("%v of %v", ps[0].Classes(), ps[0].Peers.Classes)
	}
	if only := (&Permission{Peers: &Peers{Classes: []int32{1, 3, 5}}, Only: []int32{2, 3, 5, 7}}).Classes(); !slices.Equal(only, []int32{3, 5}) {
		t.Errorf("%v", only)
	}
}

// Namespaces in doubt are named once each, in order.
func TestRowsDoubtsInOrder(t *testing.T) {
	tab := read(t, letter(), pods, netpol("p", `podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {project: theirs}}}]}]`))
	for i := range tab.snapshot.Namespaces {
		tab.snapshot.Namespaces[i].Implied = true
	}
	rows := rowsOf(t, tab)
	ps := rows.Permissions(tab.ClassOf(tab.party("default/db").Pod), Ingress)
	var names []string
	for _, r := range rows.Doubts(&ps[0]) {
		names = append(names, r.String())
	}
	want := []string{}
	for _, n := range []string{"default", "mine", "other"} {
		want = append(want, flow.Because(flow.CodeNamespaceUnknown, n).String())
	}
	if !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	class := func(who string) int32 { return int32(tab.ClassOf(tab.party(who).Pod)) }
	p := Permission{Peers: &Peers{Perhaps: []int32{class("other/web"), class("mine/web")}}}
	if got := rows.Doubts(&p); len(got) != 2 || !got[0].Equal(flow.Because(flow.CodeNamespaceUnknown, "mine")) {
		t.Errorf("%v", got)
	}
}

// The identity of a class tells apart directions, policies of one name and what
// a name stands for, and not the order in which a pod lists its ports.
func TestIdentity(t *testing.T) {
	pod := func(name string, ports ...uint16) cluster.Pod {
		p := cluster.Pod{Meta: cluster.Meta{Namespace: "a", Name: name}}
		for _, n := range ports {
			p.Ports = append(p.Ports, cluster.ContainerPort{Name: "http", Port: n, Protocol: flow.TCP})
		}
		return p
	}
	s := &cluster.Snapshot{Pods: []cluster.Pod{pod("ab", 80, 81), pod("ba", 81, 80), pod("a", 80), pod("none")}}
	named := []cluster.PolicyRule{{Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Name: "http"}}}}}
	for range 2 {
		s.NetworkPolicies = append(s.NetworkPolicies, cluster.NetworkPolicy{
			Meta: cluster.Meta{Namespace: "a", Name: "np"}, IsolatesIngress: true, IsolatesEgress: true, Ingress: named, Egress: named,
		})
	}
	tab := Compile(s, cluster.NewIndex(s), letter())
	rows := rowsOf(t, tab)
	id := func(i int, d Direction) string { return rows.Identity(tab.ClassOf(&s.Pods[i]), d) }
	if id(0, Ingress) != id(1, Ingress) || id(0, Ingress) == id(2, Ingress) || id(2, Ingress) == id(3, Ingress) {
		t.Errorf("%q %q %q %q", id(0, Ingress), id(1, Ingress), id(2, Ingress), id(3, Ingress))
	}
	if id(0, Egress) != id(3, Egress) || id(3, Egress) == id(3, Ingress) {
		t.Errorf("egress is told apart by the other end's names: %q %q, ingress %q", id(0, Egress), id(3, Egress), id(3, Ingress))
	}
	single := cluster.Snapshot{Pods: s.Pods, NetworkPolicies: s.NetworkPolicies[:1]}
	if one := rowsOf(t, Compile(&single, cluster.NewIndex(&single), letter())); one.Identity(0, Ingress) == rows.Identity(0, Ingress) {
		t.Error("two policies of one name are one")
	}
}

// Pods are one class if no selector and no port name can tell them apart.
func TestClassKey(t *testing.T) {
	many := cluster.Labels{}
	for i := range 12 {
		many[fmt.Sprint("k", i)] = fmt.Sprint(i)
	}
	port := func(name string, n uint16, proto flow.Protocol) []cluster.ContainerPort {
		return []cluster.ContainerPort{{Name: name, Port: n, Protocol: proto}}
	}
	kinds := []cluster.Pod{
		{Meta: cluster.Meta{Namespace: "a"}},
		{Meta: cluster.Meta{Namespace: "b"}},
		{Meta: cluster.Meta{Namespace: "a", Labels: cluster.Labels{"a": "b"}}},
		{Meta: cluster.Meta{Namespace: "a", Labels: cluster.Labels{"a": "c"}}},
		{Meta: cluster.Meta{Namespace: "a", Labels: cluster.Labels{"a": "b", "c": "d"}}},
		{Meta: cluster.Meta{Namespace: "a", Labels: many}},
		{Meta: cluster.Meta{Namespace: "a"}, Ports: port("http", 80, flow.TCP)},
		{Meta: cluster.Meta{Namespace: "a"}, Ports: port("web", 80, flow.TCP)},
		{Meta: cluster.Meta{Namespace: "a"}, Ports: port("http", 81, flow.TCP)},
		{Meta: cluster.Meta{Namespace: "a"}, Ports: port("http", 80, flow.UDP)},
	}
	keys := map[string]int{}
	for i := range kinds {
		key := classKey(&kinds[i])
		if other, known := keys[key]; known {
			t.Errorf("%+v and %+v are one class", kinds[i], kinds[other])
		}
		keys[key] = i
		for range 20 {
			if classKey(&kinds[i]) != key {
				t.Fatalf("%+v is not of its own class", kinds[i])
			}
		}
	}
	s := &cluster.Snapshot{Pods: kinds}
	for i := range s.Pods {
		s.Pods[i].Name = fmt.Sprint(i)
	}
	tab := Compile(s, cluster.NewIndex(s), letter())
	rows := rowsOf(t, tab)
	for i := range s.Pods {
		if class := tab.ClassOf(&s.Pods[i]); rows.ClassName(class) != classKey(&s.Pods[i]) {
			t.Errorf("class %d is not called as pod %d", class, i)
		}
	}
}

// Selectors are written alike if and only if they demand the same, nothing
// included.
func TestWrittenAs(t *testing.T) {
	expr := func(list ...cluster.Requirement) cluster.LabelSelector {
		return cluster.LabelSelector{MatchExpressions: list}
	}
	in := func(key string, values ...string) cluster.Requirement {
		return cluster.Requirement{Key: key, Operator: cluster.OpIn, Values: values}
	}
	kinds := []cluster.LabelSelector{
		{MatchLabels: cluster.Labels{"a": "1"}},
		{MatchLabels: cluster.Labels{"a": "2"}},
		{MatchLabels: cluster.Labels{"a": "1", "b": "1"}},
		{MatchLabels: cluster.Labels{"a": "1", "b": "2"}},
		{MatchLabels: cluster.Labels{"a": "1", "c": "1"}},
		{MatchLabels: cluster.Labels{"": "1"}},
		expr(in("a", "1")), expr(in("a", "2")), expr(in("a", "1", "2")), expr(in("a", "12")), expr(in("b", "1")),
		expr(in("a", "1"), in("b", "1")), expr(in("a", "1"), in("b", "2")), expr(in("a", "1"), in("a", "1")),
		expr(cluster.Requirement{Key: "a", Operator: cluster.OpNotIn, Values: []string{"1"}}),
		expr(cluster.Requirement{Key: "a", Operator: cluster.OpExists}), expr(cluster.Requirement{Key: "a", Operator: cluster.OpDoesNotExist}),
		expr(in("a", "1", "3")), expr(in("a", "1", "", "x", "In")), expr(in("a", "1"), in("x")),
		expr(in("a", "1", "", "x")), expr(in("a", "1", ""), in("x")),
		{MatchLabels: cluster.Labels{"a": "1"}, MatchExpressions: []cluster.Requirement{in("a", "1")}},
	}
	seen := map[string]int{"": -1}
	for i := range kinds {
		w := writtenAs(&kinds[i])
		if other, known := seen[w]; known {
			t.Errorf("%s is written as number %d", kinds[i].String(), other)
		}
		seen[w] = i
		for range 20 {
			if writtenAs(&kinds[i]) != w {
				t.Fatalf("%s is written in two ways", kinds[i].String())
			}
		}
	}
	if writtenAs(nil) != "" || writtenAs(&cluster.LabelSelector{}) != "" {
		t.Error("nil and the empty selector select the same")
	}
}

// Isolating policies stand in the order of the Snapshot, whatever their selectors
// demand; a pod that is not in it has none.
func TestIsolatingInOrder(t *testing.T) {
	s := &cluster.Snapshot{Pods: []cluster.Pod{{Meta: cluster.Meta{Namespace: "a", Name: "p", Labels: cluster.Labels{"x": "1", "y": "1", "z": "1"}}}}}
	var want []*cluster.NetworkPolicy
	for i := range 12 {
		np := cluster.NetworkPolicy{Meta: cluster.Meta{Namespace: "a", Name: fmt.Sprint(i)}, IsolatesIngress: true}
		if k := []string{"z", "x", "", "y"}[i%4]; k != "" {
			np.PodSelector.MatchLabels = cluster.Labels{k: "1"}
		}
		s.NetworkPolicies = append(s.NetworkPolicies, np)
	}
	for i := range s.NetworkPolicies {
		want = append(want, &s.NetworkPolicies[i])
	}
	tab := Compile(s, cluster.NewIndex(s), letter())
	if got := tab.Isolating(&s.Pods[0], Ingress); !reflect.DeepEqual(got, want) {
		t.Errorf("%d policies, not in order", len(got))
	}
	if got := tab.Isolating(&cluster.Pod{Meta: cluster.Meta{Namespace: "a", Name: "stranger"}}, Ingress); got != nil {
		t.Errorf("%v", got)
	}
}

// What other packages ask of a policy as it is written.
func TestParts(t *testing.T) {
	open := &cluster.NetworkPolicy{Ingress: []cluster.PolicyRule{{Ports: []cluster.PolicyPort{{Protocol: flow.TCP}}}, {}}, IsolatesIngress: true}
	shut := &cluster.NetworkPolicy{Ingress: []cluster.PolicyRule{{Peers: []cluster.PolicyPeer{{PodSelector: &cluster.LabelSelector{}}}}}, IsolatesEgress: true}
	if !Open(open, Ingress) || Open(open, Egress) || Open(shut, Ingress) {
		t.Error("only a rule without peers and ports is open")
	}
	if !Isolated(open, Ingress) || Isolated(open, Egress) || Isolated(shut, Ingress) || !Isolated(shut, Egress) {
		t.Error("policyTypes say what is isolated")
	}
	if rules, field := Ingress.Rules(open); len(rules) != 2 || field != "spec.ingress" {
		t.Errorf("%v %s", rules, field)
	}
	dns := func(p cluster.PolicyPort) *cluster.NetworkPolicy {
		return &cluster.NetworkPolicy{Egress: []cluster.PolicyRule{{Ports: []cluster.PolicyPort{p}}}, IsolatesEgress: true}
	}
	if !OpensDNS(dns(cluster.PolicyPort{Protocol: flow.UDP, Port: cluster.PortRef{Number: 53}})) || OpensDNS(dns(cluster.PolicyPort{Protocol: flow.UDP, Port: cluster.PortRef{Number: 54}})) {
		t.Error("53/udp is DNS")
	}
	tab := read(t, letter(), pods)
	rule := &cluster.PolicyRule{Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Name: "redis"}}}}
	db := tab.party("default/db").Pod
	if !tab.RuleOpens(rule, db, flow.TCP, 6379) || tab.RuleOpens(rule, db, flow.TCP, 80) || tab.RuleOpens(rule, nil, flow.TCP, 6379) || tab.RuleOpens(rule, db, flow.UDP, 6379) {
		t.Error("a name is the server's port of that name")
	}
	project := &cluster.LabelSelector{MatchLabels: cluster.Labels{"project": "myproject"}}
	for name, want := range map[string][2]bool{"mine": {true, true}, "default": {false, true}, "nobody-read": {false, false}} {
		if selects, known := tab.SelectsNamespace(project, name); selects != want[0] || known != want[1] {
			t.Errorf("%s: %v %v", name, selects, known)
		}
	}
}

// A block whose CIDR has bits behind its mask is the whole range, and atoms that
// do not exist have no prefix.
func TestRowsUnmaskedBlock(t *testing.T) {
	tab := read(t, letter(), pods, netpol("p", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}]"))
	b := tab.snapshot.NetworkPolicies[0].Ingress[0].Peers[0].IPBlock
	b.CIDR, b.Except = netip.MustParsePrefix("10.1.2.3/16"), []netip.Prefix{netip.MustParsePrefix("10.1.7.9/24")}
	tab = Compile(tab.snapshot, tab.index, letter())
	rows := rowsOf(t, tab)
	for addr, want := range map[string]Verdict{"10.1.0.0": Admitted, "10.1.255.255": Admitted, "10.1.7.0": Denied, "10.1.7.255": Denied, "10.1.8.0": Admitted, "10.2.0.0": Denied, "::1": Denied} {
		q := tab.question(Ingress, "default/db", addr, "80")
		if a, b := tab.Judge(q).Verdict, rows.judge(q); a != want || b != want {
			t.Errorf("%s: %s, rows say %s, want %s", addr, a, b, want)
		}
	}
	for _, atom := range []int32{-1, 0, 1000} {
		if p := rows.AtomPrefix(atom); p.IsValid() {
			t.Errorf("atom %d is %v", atom, p)
		}
	}
	if got := rows.within(netip.Prefix{}); len(got) != 0 {
		t.Errorf("%v are in no prefix", got)
	}
}

// Two policies of one name that select different pods are two, and unnamed ports
// tell nobody apart.
func TestIdentityOfTwins(t *testing.T) {
	s := &cluster.Snapshot{}
	for i := range 6 {
		s.Pods = append(s.Pods, cluster.Pod{
			Meta:  cluster.Meta{Namespace: "a", Name: fmt.Sprint(i), Labels: cluster.Labels{"app": fmt.Sprint(i / 2)}},
			Ports: []cluster.ContainerPort{{Port: uint16(80 + i), Protocol: flow.TCP}},
		})
	}
	for i := range 3 {
		s.NetworkPolicies = append(s.NetworkPolicies, cluster.NetworkPolicy{
			Meta: cluster.Meta{Namespace: "a", Name: "np"}, IsolatesIngress: true, PodSelector: cluster.LabelSelector{MatchLabels: cluster.Labels{"app": fmt.Sprint(i)}},
			Ingress: []cluster.PolicyRule{{Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: 80}}}}},
		})
	}
	s.NetworkPolicies = append(s.NetworkPolicies, cluster.NetworkPolicy{Meta: cluster.Meta{Namespace: "a", Name: "all"}, IsolatesIngress: true})
	tab := Compile(s, cluster.NewIndex(s), letter())
	rows := rowsOf(t, tab)
	id := func(i int) string { return rows.Identity(tab.ClassOf(&s.Pods[i]), Ingress) }
	if id(0) != id(1) || id(2) != id(3) || id(0) == id(2) || id(2) == id(4) || id(0) == id(4) {
		t.Errorf("%q %q %q %q", id(0), id(1), id(2), id(3))
	}
	if got := rows.Policies(rows.Group(tab.ClassOf(&s.Pods[3]), Ingress)); len(got) != 2 || got[0] != &s.NetworkPolicies[1] || got[1] != &s.NetworkPolicies[3] {
		t.Errorf("%v", got)
	}
}
