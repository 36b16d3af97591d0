package nft

import (
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

// looked is a table as the kernel would look it up: hashes by key, ranges field
// by field.
type looked struct {
	family Family
	exact  map[string]map[string]*Element
	ranges map[string][]*Element
	sets   map[string]*Set
}

func lookup(t *testing.T, table *Table) *looked {
	t.Helper()
	k := &looked{table.Family, map[string]map[string]*Element{}, map[string][]*Element{}, map[string]*Set{}}
	for _, s := range table.Sets {
		k.sets[s.Name], k.exact[s.Name] = s, map[string]*Element{}
		for e := range table.Elements(s.Name) {
			if k.exact[s.Name][e.Key] != nil {
				t.Fatalf("two rows of %s have one key: %s", s.Name, table.Words(s, e))
			}
			if s.Interval {
				k.ranges[s.Name] = append(k.ranges[s.Name], e)
			}
			k.exact[s.Name][e.Key] = e
		}
	}
	return k
}

// get is one lookup; nil is a miss.
func (k *looked) get(set, at string) *Element {
	s := k.sets[set]
	if !s.Interval {
		return k.exact[set][at]
	}
	var found *Element
	for _, e := range k.ranges[set] {
		if k.within(s, e, at) {
			if found != nil {
				return &Element{Comment: "two ranges of " + set + " hold one key"}
			}
			found = e
		}
	}
	return found
}

func (k *looked) within(s *Set, e *Element, at string) bool {
	i := 0
	for _, ty := range s.Key {
		n := ty.Size(k.family)
		last := e.Key[i : i+n]
		if e.End != "" {
			last = e.End[i : i+n]
		}
		if at[i:i+n] < e.Key[i:i+n] || at[i:i+n] > last {
			return false
		}
		i += n
	}
	return true
}

// judge is the chain of one direction: the answer, and the group that gave it.
func (k *looked) judge(d policy.Direction, subject, other netip.Addr, proto uint8, port uint16, local bool) (passes bool, group uint32) {
	pod, peerAddr := string(key(nil).addr(subject)), string(key(nil).addr(other))
	if k.get("own", pod) != nil && (d == policy.Ingress || !local) {
		group = groupUnknown
	}
	if e := k.get(directionSet(d), pod); e != nil {
		group = numberAt(e.Data, 0)
	}
	if group == groupNone || d == policy.Ingress && local {
		return true, group
	}
	peer := peerNone
	if e := k.get("peers", peerAddr); e != nil {
		peer = numberAt(e.Data, 0)
	}
	if peer == peerNone {
		if e := k.get("blocks", peerAddr); e != nil {
			peer = numberAt(e.Data, 0)
		}
	}
	who, ports := key(nil).number(peer).number(group), key(nil).number8(proto).port(port)
	for _, try := range []struct{ set, key string }{
		{"allow", string(who) + string(ports)},
		{"allow-peers", string(who)},
		{"allow-ranges", string(who) + string(ports)},
		{"allow-any", string(who[4:]) + string(ports)},
		{"allow-all", string(who[4:])},
	} {
		if k.get(try.set, try.key) != nil {
			return true, group
		}
	}
	return false, group
}

// knotted is a random cluster under our own profile, or one like it that judges
// behind the masquerade.
func knotted(t *testing.T, r *rand.Rand, afterSNAT bool) *model.Model {
	t.Helper()
	s := generate.Knot(r)
	s.Fabric.Dataplane.Profile = "portolan"
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	p := *m.Profile
	p.Policy.AfterSNAT = afterSNAT
	return m.WithProfile(&p)
}

func printed(t *testing.T, m *model.Model, node string, before *Program) *Program {
	t.Helper()
	p, err := Compile(m, node, Options{Policies: true, FailClosed: true, AfterSNAT: m.Profile.Policy.AfterSNAT}, before)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// addresses are those of everybody in the cluster, and of nobody.
func addresses(s *cluster.Snapshot, v6 bool) []netip.Addr {
	var all []netip.Addr
	add := func(addrs ...netip.Addr) {
		for _, a := range addrs {
			if a.Is6() == v6 {
				all = append(all, a)
			}
		}
	}
	for i := range s.Pods {
		add(s.Pods[i].IPs...)
	}
	for i := range s.Nodes {
		add(s.Nodes[i].InternalIPs...)
	}
	for _, a := range []string{"9.255.255.255", "10.0.0.1", "10.0.1.250", "10.0.2.250", "10.1.0.0", "172.31.255.255", "192.168.0.128", "255.255.255.255", "fd00::1", "fd00:0:0:1::ff", "2001:db8:8000::", "2a00::1"} {
		add(netip.MustParseAddr(a))
	}
	return all
}

// unknown reports whether an address that this node's pods may have is nobody's.
func unknown(m *model.Model, node string, a netip.Addr) bool {
	own := m.Index.Node(node).PodCIDRs
	return m.Index.PodByIP(a) == nil && !m.LocalAddress(node, a) && slices.ContainsFunc(own, func(c netip.Prefix) bool { return c.Contains(a) })
}

// What the kernel looks up is what Police answers, before and behind the
// masquerade; a local pod that nobody knows is let through nowhere.
func TestPolicyLookupIsPolice(t *testing.T) {
	counts := map[string]int{}
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 11))
		after := seed%4 == 3
		m := knotted(t, r, after)
		node := []string{"n1", "n2"}[r.IntN(2)]
		p := printed(t, m, node, nil)
		for range 300 {
			table := p.Tables[r.IntN(len(p.Tables))]
			k := lookup(t, table)
			all := addresses(m.Snapshot, table.Family == IPv6)
			src, dst := all[r.IntN(len(all))], all[r.IntN(len(all))]
			proto := []flow.Protocol{flow.TCP, flow.TCP, flow.UDP, flow.SCTP}[r.IntN(4)]
			port := []uint16{1, 53, 54, 80, 8080, 8081, 65535}[r.IntN(7)]
			stop := model.Stop{Node: node, Hook: flow.Forward, Masqueraded: src, Tuple: flow.Tuple{
				Protocol: proto, Src: netip.AddrPortFrom(src, 0), Dst: netip.AddrPortFrom(dst, port),
			}}
			if m.LocalAddress(node, dst) {
				stop.Hook = flow.Input
			}
			if after && r.IntN(2) == 0 {
				stop.Masqueraded = m.Index.Node(node).IP(src.Is6())
			}
			passes, group := k.judge(policy.Egress, src, dst, protoNumber(proto), port, m.LocalAddress(node, src))
			if passes && stop.Hook == flow.Forward {
				passes, group = k.judge(policy.Ingress, dst, stop.Masqueraded, protoNumber(proto), port, m.LocalAddress(node, stop.Masqueraded))
			}
			if unknown(m, node, src) || stop.Hook == flow.Forward && unknown(m, node, dst) && !m.LocalAddress(node, stop.Masqueraded) {
				if passes {
					t.Fatalf("seed %d: %s passes %v, where an unknown pod is", seed, node, stop.Tuple)
				}
				counts["unknown"]++
				continue
			}
			want, verdicts := true, ""
			for _, j := range m.Police(stop) {
				want = want && j.Passes()
				verdicts += [...]string{" undecided", " open", " admitted", " denied"}[j.Decision.Verdict]
			}
			if passes != want {
				t.Fatalf("seed %d: %s, %v as %v: lookups say %v (group %d), Police%s", seed, node, stop.Tuple, stop.Masqueraded, passes, group, verdicts)
			}
			counts[verdicts]++
		}
	}
	for _, v := range []string{"", "unknown", " admitted", " denied", " undecided", " open admitted", " admitted admitted", " admitted denied", " denied open"} {
		if counts[v] < 20 {
			t.Errorf("only %d packets are%s: %v", counts[v], v, counts)
		}
	}
}

// A program made again from the same cluster is the same, part by part, and a
// policy that changes makes again what it isolates and nothing else.
func TestPolicyKeepsParts(t *testing.T) {
	changed := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 12))
		m := knotted(t, r, false)
		before := printed(t, m, "n1", nil)
		again := printed(t, m, "n1", before)
		for i, table := range again.Tables {
			if !slices.Equal(table.parts, before.Tables[i].parts) {
				t.Fatalf("seed %d: not the same parts", seed)
			}
		}
		s := *m.Snapshot
		s.NetworkPolicies = slices.Clone(s.NetworkPolicies)
		np := &s.NetworkPolicies[0]
		np.Ingress = append(slices.Clone(np.Ingress), cluster.PolicyRule{Ports: []cluster.PolicyPort{{Protocol: flow.SCTP, Port: cluster.PortRef{Number: 4711}}}})
		other, err := model.Compile(&s)
		if err != nil {
			t.Fatal(err)
		}
		after := printed(t, other, "n1", before)
		for i, table := range after.Tables {
			for _, p := range table.parts {
				if p == before.Tables[i].part(p.name) {
					continue
				}
				changed++
				if name := np.Namespace + "/" + np.Name; !strings.HasPrefix(p.name, "Group/Ingress\x00") || !slices.Contains(strings.Split(p.name, "\x00"), name) {
					t.Errorf("seed %d: %s changed, and %q is new", seed, name, p.name)
				}
			}
		}
	}
	if changed < 50 {
		t.Errorf("only %d parts changed", changed)
	}
}

// What a namespace without an object would decide is said, and given to nobody.
func TestPolicyDoubts(t *testing.T) {
	pod := func(namespace, ip string) cluster.Pod {
		return cluster.Pod{Meta: cluster.Meta{Namespace: namespace, Name: "p"}, Node: "n1", IPs: []netip.Addr{netip.MustParseAddr(ip)}, Phase: cluster.PodRunning}
	}
	from := cluster.PolicyPeer{NamespaceSelector: &cluster.LabelSelector{MatchLabels: cluster.Labels{"team": "x"}}}
	s := &cluster.Snapshot{
		Nodes:           []cluster.Node{{Meta: cluster.Meta{Name: "n1"}, InternalIPs: []netip.Addr{netip.MustParseAddr("172.16.0.1")}, Ready: true}},
		Namespaces:      []cluster.Namespace{{Meta: cluster.Meta{Name: "a"}}},
		Pods:            []cluster.Pod{pod("a", "10.0.0.1"), pod("unread", "10.0.0.2")},
		NetworkPolicies: []cluster.NetworkPolicy{everywhere(0, cluster.PolicyRule{Peers: []cluster.PolicyPeer{from}})},
	}
	s.NetworkPolicies[0].Namespace = "a"
	p := printed(t, compiled(t, s), "n1", nil)
	if len(p.Left) != 1 || p.Left[0].Object != s.NetworkPolicies[0].Object() || !strings.Contains(p.Left[0].Why, "unread") {
		t.Errorf("left: %+v", p.Left)
	}
	for e := range p.Tables[0].Elements("allow-peers") {
		t.Errorf("given: %s", e.Comment)
	}
}

// The rows of a group by what its rules overlap in.
func TestPolicyRows(t *testing.T) {
	all := cluster.PolicyRule{}
	ports := func(r cluster.PolicyRule, ports ...uint16) cluster.PolicyRule {
		for i := 0; i < len(ports); i += 2 {
			r.Ports = append(r.Ports, cluster.PolicyPort{Protocol: flow.TCP, Port: cluster.PortRef{Number: ports[i]}, EndPort: ports[i+1]})
		}
		return r
	}
	from := cluster.PolicyRule{Peers: []cluster.PolicyPeer{{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix("192.0.2.0/24")}}}}
	for _, c := range []struct {
		name  string
		rules []cluster.PolicyRule
		want  []string
	}{
		{"nobody", nil, nil},
		{"everybody", []cluster.PolicyRule{all, ports(from, 80, 0)}, []string{"allow-all G [0]"}},
		{"a port for everybody", []cluster.PolicyRule{ports(all, 80, 0), ports(from, 80, 0), from}, []string{"allow-any G . tcp . 80 [0]", "allow-peers P . G [2]"}},
		{"ports", []cluster.PolicyRule{ports(from, 80, 0, 443, 0), ports(from, 80, 0)}, []string{"allow P . G . tcp . 80 [0 1]", "allow P . G . tcp . 443 [0]"}},
		{"a port in a range", []cluster.PolicyRule{ports(from, 80, 90), ports(from, 85, 0)}, []string{"allow P . G . tcp . 85 [0 1]", "allow-ranges P . G . tcp . 80-90 [0]"}},
		{"ranges that overlap", []cluster.PolicyRule{ports(from, 80, 90), ports(from, 85, 65535)}, []string{
			"allow-ranges P . G . tcp . 80-84 [0]", "allow-ranges P . G . tcp . 85-90 [0 1]", "allow-ranges P . G . tcp . 91-65535 [1]",
		}},
		{"a range that everybody has", []cluster.PolicyRule{ports(all, 80, 90), ports(from, 81, 90)}, []string{"allow-any G . tcp . 80-90 [0]"}},
		{"a range that everybody has in two", []cluster.PolicyRule{ports(all, 80, 85), ports(all, 86, 90), ports(from, 80, 90)}, []string{
			"allow-any G . tcp . 80-85 [0]", "allow-any G . tcp . 86-90 [1]",
		}},
		{"a range beyond everybody's", []cluster.PolicyRule{ports(all, 80, 85), ports(from, 80, 90)}, []string{"allow-any G . tcp . 80-85 [0]", "allow-ranges P . G . tcp . 80-90 [1]"}},
		{"a range from before everybody's", []cluster.PolicyRule{ports(all, 85, 95), ports(from, 80, 90)}, []string{"allow-any G . tcp . 85-95 [0]", "allow-ranges P . G . tcp . 80-90 [1]"}},
		{"whatever the port", []cluster.PolicyRule{ports(from, 80, 90), from}, []string{"allow-peers P . G [1]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &cluster.Snapshot{
				Nodes: []cluster.Node{{Meta: cluster.Meta{Name: "n1"}, InternalIPs: []netip.Addr{netip.MustParseAddr("172.16.0.1")}, Ready: true}},
				Pods: []cluster.Pod{{
					Meta: cluster.Meta{Namespace: "a", Name: "b"}, Node: "n1", IPs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}, Phase: cluster.PodRunning,
				}},
				NetworkPolicies: []cluster.NetworkPolicy{{Meta: cluster.Meta{Namespace: "a", Name: "p"}, IsolatesIngress: true, Ingress: c.rules}},
			}
			m, err := model.Compile(s)
			if err != nil {
				t.Fatal(err)
			}
			table := printed(t, m, "n1", nil).Tables[0]
			var got []string
			for _, p := range table.parts {
				for _, row := range p.rows {
					if !strings.HasPrefix(row.set.Name, "allow") {
						continue
					}
					words := strings.ReplaceAll(strings.ReplaceAll(table.Words(row.set, &Element{Key: row.element.Key, End: row.element.End}), "0x00000001", "P"), "0:1", "G")
					var rules []string
					for _, o := range row.element.Origins {
						rules = append(rules, strings.TrimSuffix(strings.TrimPrefix(o.Field, "spec.ingress["), "]"))
					}
					got = append(got, row.set.Name+" "+words+" ["+strings.Join(rules, " ")+"]")
				}
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// An address that was made up is in no ipBlock: its pod is the same peer as pods
// outside all of them.
func TestPolicyInvented(t *testing.T) {
	pod := func(name, ip string) cluster.Pod {
		return cluster.Pod{Meta: cluster.Meta{Namespace: "a", Name: name}, Node: "n1", IPs: []netip.Addr{netip.MustParseAddr(ip)}, Phase: cluster.PodRunning}
	}
	s := &cluster.Snapshot{
		Nodes: []cluster.Node{{Meta: cluster.Meta{Name: "n1"}, InternalIPs: []netip.Addr{netip.MustParseAddr("172.16.0.1")}, Ready: true}},
		Pods:  []cluster.Pod{pod("real", "10.0.0.1"), pod("made-up", "192.0.2.1"), pod("inside", "192.0.2.2")},
		NetworkPolicies: []cluster.NetworkPolicy{{
			Meta: cluster.Meta{Namespace: "a", Name: "p"}, IsolatesIngress: true,
			Ingress: []cluster.PolicyRule{{Peers: []cluster.PolicyPeer{
				{PodSelector: &cluster.LabelSelector{}},
				{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix("192.0.2.0/24")}},
			}}},
		}},
	}
	s.Pods[1].Invented = true
	k := lookup(t, printed(t, compiled(t, s), "n1", nil).Tables[0])
	number := func(ip string) uint32 {
		return numberAt(k.get("peers", string(key(nil).addr(netip.MustParseAddr(ip)))).Data, 0)
	}
	if number("192.0.2.1") != number("10.0.0.1") || number("192.0.2.2") == number("10.0.0.1") {
		t.Errorf("made up %d, inside %d, outside %d", number("192.0.2.1"), number("192.0.2.2"), number("10.0.0.1"))
	}
}

// Whatever a policy and a pod are called, nft reads the program and lists it.
func TestPolicyTextIsRead(t *testing.T) {
	enter := []string{"unshare", "-Urn"}
	if exec.Command(enter[0], append(enter[1:], "nft", "list", "ruleset")...).Run() != nil {
		t.Skip("no nft in a user namespace here")
	}
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 13))
		m := knotted(t, r, seed%3 == 2)
		for i := range m.Snapshot.NetworkPolicies {
			m.Snapshot.NetworkPolicies[i].Name += strings.Repeat("\"é\n\\};", 40)
		}
		file := filepath.Join(t.TempDir(), "policy.nft")
		p, err := Compile(m, "n1", Options{Policies: true, FailClosed: seed%5 > 0, AfterSNAT: m.JudgesAfterSNAT(), Reject: seed%2 == 1}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(p.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(enter[0], append(enter[1:], "sh", "-c", "nft -f "+file+" && nft list ruleset")...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "goto deny-ingress") {
			t.Fatalf("seed %d: %v\n%s", seed, err, out)
		}
	}
}
