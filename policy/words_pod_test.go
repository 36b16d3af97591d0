package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

func (s *PodSide) text() string {
	if len(s.Isolating) == 0 {
		return "open"
	}
	var out []string
	for i := range s.Grants {
		g := &s.Grants[i]
		var by []string
		for _, o := range g.By {
			by = append(by, o.Object.Name+strings.TrimPrefix(o.Field, "spec."))
		}
		out = append(out, fmt.Sprintf("%s on [%s] by %s", g.Peer.text(), portsText(g.Ports), strings.Join(by, ",")))
	}
	return strings.Join(out, "\n")
}

func TestDescribePod(t *testing.T) {
	for _, tt := range []struct {
		name, pod string
		policies  []string
		want      string // ingress
	}{
		{"nobody isolates it", "default/other", []string{documented}, "open"},
		{"nothing allowed", "default/db", []string{netpol("deny", "podSelector: {}")}, ""},
		{
			"the documentation's db", "default/db",
			[]string{documented, netpol("deny", "podSelector: {}")},
			"ipBlock 172.17.0.0-172.17.0.255 172.17.2.0-172.17.255.255 on [TCP 6379-6379] by test-network-policyingress[0]\n" +
				"namespaces: mine/any mine/web on [TCP 6379-6379] by test-network-policyingress[0]\n" +
				"pods: default/web on [TCP 6379-6379] by test-network-policyingress[0]",
		},
		{
			"blocks of the same ports are one", "default/db",
			[]string{
				netpol("a", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/24}}], ports: [{port: 80}]}]"),
				netpol("b", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.1.0/24}}, {ipBlock: {cidr: 10.0.0.128/25}}], ports: [{port: 80}]}]"),
			},
			"ipBlock 10.0.0.0-10.0.1.255 on [TCP 80-80] by aingress[0],bingress[0]",
		},
		{
			"what an except takes another rule gives back", "default/db",
			[]string{
				netpol("a", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]"),
				netpol("b", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/24}}]}]"),
			},
			"ipBlock 10.0.0.0-10.1.0.255 10.2.0.0-10.255.255.255: default/db default/db2 default/other default/web mine/any mine/web other/web on [] by aingress[0],bingress[0]",
		},
		{
			"the same peer twice", "default/db",
			[]string{
				netpol("a", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {role: frontend}}}]}]"),
				netpol("b", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {role: frontend}}}]}]"),
			},
			"pods: default/web on [] by aingress[0],bingress[0]",
		},
		{
			"everybody makes the others moot", "default/db",
			[]string{
				netpol("a", "podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]"),
				netpol("b", "podSelector: {}, ingress: [{ports: [{port: 70, endPort: 90}]}]"),
			},
			"everybody all on [TCP 70-90] by bingress[0]",
		},
		{
			"everybody on other ports does not", "default/db",
			[]string{
				netpol("a", "podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {role: frontend}}}], ports: [{port: 80}]}]"),
				netpol("b", "podSelector: {}, ingress: [{ports: [{port: 80, protocol: UDP}]}]"),
			},
			"pods: default/web on [TCP 80-80] by aingress[0]\neverybody all on [UDP 80-80] by bingress[0]",
		},
		{
			"a name is this pod's number", "default/db2",
			[]string{netpol("a", "podSelector: {}, ingress: [{ports: [{port: redis}, {port: metrics}]}]")},
			"everybody all on [TCP 6380-6380] by aingress[0]",
		},
		{"a name it does not have", "default/web", []string{netpol("a", "podSelector: {}, ingress: [{ports: [{port: redis}]}]")}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tables := read(t, letter(), append([]string{pods}, tt.policies...)...)
			ns, name, _ := strings.Cut(tt.pod, "/")
			d := tables.Describer().DescribePod(tables.index.Pod(ns, name))
			wantText(t, "ingress", d.Sides[0].text(), tt.want)
		})
	}
}

// A port name means each peer's own number, also where blocks of several rules
// are told as one.
func TestDescribePodNamesOfBlocks(t *testing.T) {
	to := func(cidr, ports string) string {
		return "{to: [{ipBlock: {cidr: " + cidr + "}}], ports: [" + ports + "]}"
	}
	twin := func(name, addr string) string {
		return "{apiVersion: v1, kind: Pod, metadata: {namespace: default, name: " + name + "}, spec: {containers: [{name: c, ports: [{name: redis, containerPort: 6379}]}]}, status: {phase: Running, podIPs: [{ip: " + addr + "}]}}"
	}
	for _, tt := range []struct{ name, egress, want string }{
		{
			"pods of one number", to("10.244.0.1/32", "{port: redis}") + ", " + to("10.244.0.32/30", "{port: redis}"),
			"ipBlock 10.244.0.1 10.244.0.32-10.244.0.35: default/db default/t1 default/t2 on [TCP 0-0 redis 6379(default/db default/t1 default/t2)] by aegress[0],aegress[1]",
		},
		{
			"names in another order", to("10.244.0.2/32", "{port: redis}, {port: metrics}") + ", " + to("10.244.0.1/32", "{port: metrics}, {port: redis}"),
			"ipBlock 10.244.0.1-10.244.0.2: default/db default/db2 on [TCP 0-0 metrics 9121(default/db), TCP 0-0 redis 6380(default/db2) 6379(default/db)] by aegress[0],aegress[1]",
		},
		{
			"one block in the other", to("10.244.0.1/32", "{port: redis}") + ", " + to("10.244.0.0/30", "{port: redis}"),
			"ipBlock 10.244.0.0-10.244.0.3: default/db default/db2 default/web on [TCP 0-0 redis 6379(default/db) 6380(default/db2)] by aegress[0],aegress[1]",
		},
		{
			"selectors stand alone", "{to: [{podSelector: {matchLabels: {old: \"yes\"}}}, {podSelector: {matchLabels: {role: frontend}}}], ports: [{port: redis}]}",
			"pods: default/db2 on [TCP 0-0 redis 6380(default/db2)] by aegress[0]\npods: default/web on [TCP 0-0 redis] by aegress[0]",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tables := read(t, letter(), pods, twin("t1", "10.244.0.33"), twin("t2", "10.244.0.34"), netpol("a", "podSelector: {}, policyTypes: [Egress], egress: ["+tt.egress+"]"))
			d := tables.Describer().DescribePod(tables.index.Pod("default", "web"))
			wantText(t, "egress", d.Sides[1].text(), tt.want)
		})
	}
}

func TestDescribePodExempt(t *testing.T) {
	done := `{apiVersion: v1, kind: Pod, metadata: {namespace: default, name: done}, spec: {containers: [{name: c}]}, status: {phase: Succeeded, podIPs: [{ip: 10.244.0.9}]}}`
	tables := read(t, letter(), pods, done, netpol("deny", "podSelector: {}"))
	for name, want := range map[string]flow.Code{"host": flow.CodeDescribePodHost, "done": flow.CodeDescribePodFinished} {
		d := tables.Describer().DescribePod(tables.index.Pod("default", name))
		if !d.Exempt || !slices.Equal(codes(d.Notes), []flow.Code{want}) {
			t.Errorf("%s: exempt %v, notes %v, want %s", name, d.Exempt, codes(d.Notes), want)
		}
	}
}

// Other engines' objects are named, and the description is then not complete.
func TestDescribePodForeign(t *testing.T) {
	cnp := `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: x, namespace: default}, spec: {endpointSelector: {}}}`
	tables := read(t, letter(), pods, cnp)
	d := tables.Describer().DescribePod(tables.index.Pod("default", "db"))
	if len(d.Foreign) != 1 || note(d.Notes, flow.CodeDescribePodForeign) != "CiliumNetworkPolicy/default/x" {
		t.Errorf("foreign %v, notes %v", d.Foreign, d.Notes)
	}
	if d := tables.Describer().DescribePod(tables.index.Pod("mine", "any")); len(d.Foreign) != 0 {
		t.Errorf("of another namespace: %v", d.Foreign)
	}
}

// The union says what Judge says, packet by packet: for random policies every
// pod and some addresses are tried on ports around those of the rules.
func TestDescribePodIsJudge(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	for range 400 {
		var texts []string
		for i := range 1 + r.IntN(3) {
			texts = append(texts, netpol(fmt.Sprintf("p%d", i), randomSpec(pick)))
		}
		tables := read(t, letter(), append([]string{pods}, texts...)...)
		d := tables.Describer()
		for _, name := range []string{"db", "db2", "web"} {
			pod := tables.index.Pod("default", name)
			sides := d.DescribePod(pod).Sides
			for i := range sides {
				compareUnion(t, tables, pod, &sides[i], strings.Join(texts, "---\n"))
			}
		}
	}
}

func randomSpec(pick func(...string) string) string {
	peer := func() string {
		return pick("{podSelector: {}}", "{podSelector: {matchLabels: {role: frontend}}}", "{namespaceSelector: {}}",
			"{namespaceSelector: {matchLabels: {project: myproject}}}", "{namespaceSelector: {matchLabels: {project: theirs}}, podSelector: {matchLabels: {role: frontend}}}",
			"{ipBlock: {cidr: 10.244.0.0/29, except: [10.244.0.2/31]}}", "{ipBlock: {cidr: 10.244.0.2/31}}", "{ipBlock: {cidr: 0.0.0.0/0}}")
	}
	port := func() string {
		return pick("{port: 6379}", "{port: 6379, endPort: 6381}", "{port: redis}", "{port: metrics}", "{protocol: UDP}", "{port: 53, protocol: UDP}", "{port: 6381}")
	}
	rule := func() string {
		return pick("", "from: ["+peer()+"]", "from: ["+peer()+", "+peer()+"]") + "|" + pick("", "ports: ["+port()+"]", "ports: ["+port()+", "+port()+"]")
	}
	text := func(r, list string) string {
		peers, ports, _ := strings.Cut(r, "|")
		parts := slices.DeleteFunc([]string{strings.Replace(peers, "from", list, 1), ports}, func(s string) bool { return s == "" })
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "podSelector: " + pick("{}", "{matchLabels: {role: db}}") + ", policyTypes: [Ingress, Egress], ingress: [" +
		text(rule(), "from") + pick("", ", "+text(rule(), "from")) + "], egress: [" + text(rule(), "to") + pick("", ", "+text(rule(), "to")) + "]"
}

func compareUnion(t *testing.T, tables *Tables, pod *cluster.Pod, s *PodSide, policies string) {
	t.Helper()
	var parties []Party
	for i := range tables.snapshot.Pods {
		if p := &tables.snapshot.Pods[i]; !p.HostNetwork {
			parties = append(parties, Party{Addr: p.IPs[0], Pod: p})
		}
	}
	for _, a := range []string{"10.244.0.0", "10.244.0.8", "203.0.113.1"} {
		parties = append(parties, Party{Addr: netip.MustParseAddr(a)})
	}
	for _, peer := range parties {
		for _, proto := range []flow.Protocol{flow.TCP, flow.UDP} {
			for _, port := range []uint16{53, 6378, 6379, 6380, 6381, 9121} {
				q := Question{Direction: s.Direction, Subject: Party{Addr: pod.IPs[0], Pod: pod}, Peer: peer, Protocol: proto, Port: port}
				want := tables.Judge(q).Verdict.Allowed()
				got := len(s.Isolating) == 0 || slices.ContainsFunc(s.Grants, func(g Grant) bool { return g.admits(&q) })
				if got != want {
					t.Fatalf("%s %s, peer %v, %d/%s: the union says %v, Judge %v\nunion:\n%s\npolicies:\n%s",
						pod.Name, s.Direction, peer.Addr, port, proto, got, want, s.text(), policies)
				}
			}
		}
	}
}

// admits reads a grant as a person would.
func (g *Grant) admits(q *Question) bool {
	onPort := len(g.Ports) == 0 || slices.ContainsFunc(g.Ports, func(p Port) bool {
		switch {
		case p.Protocol != q.Protocol:
			return false
		case p.Name != "":
			return slices.ContainsFunc(p.Numbers, func(n NamedPort) bool {
				return n.Number == q.Port && slices.Contains(n.Pods, q.server())
			})
		}
		return p.First == 0 || p.First <= q.Port && q.Port <= p.Last
	})
	if !onPort {
		return false
	}
	switch g.Peer.Kind {
	case PeerEverybody:
		return true
	case PeerBlock:
		return slices.ContainsFunc(g.Peer.Ranges, func(r Range) bool { return r.Contains(q.Peer.Addr) })
	default:
		return q.Peer.Pod != nil && (g.Peer.All || slices.Contains(g.Peer.Known, q.Peer.Pod))
	}
}
