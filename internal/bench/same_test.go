package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/reach"
)

// On what both read alike, netpol-analyzer and we give the same answers: for every
// pair of workloads all ports, and for every address that a policy tells apart.
// `PEER=path CLUSTERS=1000 go test -run SameAnswers ./internal/bench` for more than
// 300 random clusters. What they read differently is in TestDifferences.
func TestSameAnswers(t *testing.T) {
	peer := peerBinary(t)
	n := 300
	if text := os.Getenv("CLUSTERS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	var sum counts
	for _, size := range []generate.Size{generate.Small, {Nodes: 20, Pods: 300, Policies: 100}, {Nodes: 50, Pods: 1000, Policies: 300}} {
		s := generate.Cluster(size, 2)
		readable(s)
		sum.add(compare(t, peer, written(t, s), fmt.Sprint("Cluster of ", size.Pods)))
	}
	for seed := range uint64(n) {
		s, name := generate.Tangle(generate.Whole, seed).Snapshot, "Tangle"
		if seed%2 == 0 {
			s, name = generate.Knot(rand.New(rand.NewPCG(seed, 5))), "Knot"
		}
		plain(s, rand.New(rand.NewPCG(seed, 6)))
		readable(s)
		if len(s.Pods) == 0 {
			continue
		}
		sum.add(compare(t, peer, written(t, s), fmt.Sprint(name, " ", seed)))
		sum.add(compare(t, peer, templates(t, s), fmt.Sprint(name, " ", seed, " as Deployments")))
	}
	if sum.pairs == 0 || sum.open == 0 || sum.addresses == 0 {
		t.Errorf("nothing was compared: %+v", sum)
	}
	t.Logf("%d folders, %d pairs of workloads (%d with some port open, %d with some but not all, %d not known to us), %d addresses",
		sum.clusters, sum.pairs, sum.open, sum.partly, sum.undecided, sum.addresses)
}

// counts are what was compared.
type counts struct{ clusters, pairs, open, partly, undecided, addresses int }

func (c *counts) add(o counts) {
	c.clusters++
	c.pairs, c.open, c.partly = c.pairs+o.pairs, c.open+o.open, c.partly+o.partly
	c.undecided, c.addresses = c.undecided+o.undecided, c.addresses+o.addresses
}

// written is the folder of a cluster, as kubectl prints it.
func written(t *testing.T, s *cluster.Snapshot) string {
	t.Helper()
	folder, _, err := writeDump(t.TempDir(), s, false)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// templates writes a cluster as people keep it in a repository: a Deployment for
// every workload, and no pod and no node.
func templates(t *testing.T, s *cluster.Snapshot) string {
	t.Helper()
	bare := cluster.Snapshot{Namespaces: s.Namespaces, NetworkPolicies: s.NetworkPolicies}
	folder := written(t, &bare)
	var text strings.Builder
	count := map[string]int{}
	for i := range s.Pods {
		count[peerName(&s.Pods[i])]++
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		n := count[peerName(p)]
		if delete(count, peerName(p)); n == 0 {
			continue
		}
		one, err := json.Marshal(deployment(p, n))
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString("---\n" + string(one) + "\n")
	}
	if err := os.WriteFile(filepath.Join(folder, "workloads.yaml"), []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}

// deployment has a container for each port, since a name may be there twice.
func deployment(p *cluster.Pod, replicas int) map[string]any {
	containers := []map[string]any{{"name": "c", "image": "i"}}
	for i, port := range p.Ports {
		c := map[string]any{"containerPort": port.Port, "protocol": port.Protocol.String()}
		if port.Name != "" {
			c["name"] = port.Name
		}
		containers = append(containers, map[string]any{"name": fmt.Sprint("c", i), "image": "i", "ports": []any{c}})
	}
	labels := cluster.Labels{"its": p.Name}
	maps.Copy(labels, p.Labels)
	return map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "d-" + p.Name, "namespace": p.Namespace},
		"spec": map[string]any{
			"replicas": replicas, "selector": map[string]any{"matchLabels": map[string]any{"its": p.Name}},
			"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": map[string]any{"containers": containers}},
		},
	}
}

// asked is a folder as we read it.
type asked struct {
	c   *reach.Chart
	all []workload
	// derived: there are no pods, only what they are made from. Whether they will
	// be in an ipBlock is not known before they have an address.
	derived bool
}

// again is how often the peer is asked for what it answers otherwise than we do: it
// does not always answer the same.
const again = 40

func compare(t *testing.T, peer, folder, name string) counts {
	t.Helper()
	c, err := chartOf(folder)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	us := asked{c, workloadsOf(c), c.Model().Snapshot.Pods[0].Derived}
	var n counts
	wrong := map[string]string{}
	for i := range again {
		theirs, err := askPeer(t, peer, folder)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var differ map[string]string
		n, differ = us.compare(theirs)
		if i == 0 {
			wrong = differ
		}
		for what := range wrong {
			if differ[what] == "" {
				t.Logf("%s: %s: it answers this or that, by chance: %s", name, what, wrong[what])
				delete(wrong, what)
			}
		}
		if len(wrong) == 0 {
			break
		}
	}
	for what, how := range wrong {
		t.Errorf("%s: %s: %s", name, what, how)
	}
	return n
}

// compare says who differs, and how.
func (a *asked) compare(theirs *answers) (counts, map[string]string) {
	var n counts
	differ := map[string]string{}
	for i := range a.all {
		for j := range a.all {
			if i == j {
				continue // a pod reaches itself; of replicas see TestDifferences
			}
			from, to := &a.all[i], &a.all[j]
			every, some, known := between(a.c, from, to)
			if want := theirs.pods[[2]string{from.name, to.name}]; !known && !a.derived || !equal(want, every) || !equal(want, some) {
				differ[from.name+" to "+to.name] = fmt.Sprintf("netpol-analyzer %v, we %v to %v, known: %v", want, every, some, known)
			}
			n.count(some, known)
		}
	}
	for i := range a.all {
		w := &a.all[i]
		for _, unit := range w.units {
			n.addresses += a.compareOutside(w.name+" from ", theirs.from[w.name], outsides(a.c.FromAddresses(unit)), differ)
			n.addresses += a.compareOutside(w.name+" to ", theirs.to[w.name], outsides(a.c.ToAddresses(unit)), differ)
		}
	}
	return n, differ
}

func (c *counts) count(open reach.Ports, known bool) {
	c.pairs++
	if len(open) > 0 {
		c.open++
	}
	if len(open) > 0 && !open.IsAll() {
		c.partly++
	}
	if !known {
		c.undecided++
	}
}

// compareOutside asks for every address that one of the two tells apart, and says
// how many that were.
func (a *asked) compareOutside(what string, theirs, ours []outside, differ map[string]string) int {
	n := 0
	for _, address := range edges(theirs, ours) {
		if a.c.Model().Index.PodByIP(address) != nil {
			continue
		}
		n++
		if x, y := at(theirs, address), at(ours, address); !equal(x, y) {
			differ[what+address.String()] = fmt.Sprintf("netpol-analyzer %v, we %v", x, y)
		}
	}
	return n
}

// plain leaves in a random cluster what both read alike, and gives half of the
// pods a workload with replicas. Each line is a kind of TestDifferences, or what an
// API server would not store.
func plain(s *cluster.Snapshot, r *rand.Rand) {
	var pods []cluster.Pod
	for _, p := range s.Pods {
		if p.HostNetwork || p.Finished() {
			continue
		}
		if p.IPs = v4(p.IPs); len(p.IPs) == 0 {
			continue
		}
		names := map[string]bool{}
		for j := range p.Ports {
			if names[p.Ports[j].Name] {
				p.Ports[j].Name = ""
			}
			names[p.Ports[j].Name] = true
		}
		pods = append(pods, replicas(p, r)...)
	}
	s.Pods, s.Services, s.EndpointSlices, s.Fabric = pods, nil, nil, cluster.Fabric{}
	for i := range s.Nodes {
		s.Nodes[i].InternalIPs = v4(s.Nodes[i].InternalIPs)
		if len(s.Nodes[i].InternalIPs) == 0 {
			s.Nodes[i].InternalIPs = addrs("172.31.0." + strconv.Itoa(i+1))
		}
		s.Nodes[i].PodCIDRs = nil
	}
	there := map[string]bool{}
	for i := range s.Namespaces {
		s.Namespaces[i].Implied = false
		there[s.Namespaces[i].Name] = true
	}
	for i := range s.Pods {
		add(s, there, s.Pods[i].Namespace)
	}
	for i := range s.NetworkPolicies {
		p := &s.NetworkPolicies[i]
		add(s, there, p.Namespace)
		p.Ingress, p.Egress = plainRules(s, p.Ingress), plainRules(s, p.Egress)
	}
}

func add(s *cluster.Snapshot, there map[string]bool, name string) {
	if !there[name] {
		there[name] = true
		s.Namespaces = append(s.Namespaces, cluster.Namespace{Meta: cluster.Meta{Name: name, Labels: cluster.Labels{"kubernetes.io/metadata.name": name}}})
	}
}

// replicas are the pod alone, or up to three with a Deployment.
func replicas(p cluster.Pod, r *rand.Rand) []cluster.Pod {
	if r.IntN(2) == 0 {
		return []cluster.Pod{p}
	}
	p.Owner = flow.Object{Kind: "Deployment", Namespace: p.Namespace, Name: "of-" + p.Name}
	out := []cluster.Pod{p}
	for i := range r.IntN(3) {
		q := p
		b := p.IPs[0].As4()
		b[3] += byte(20 * (i + 1))
		q.Name, q.IPs = p.Name+"-"+strconv.Itoa(i), addrs(fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3]))
		out = append(out, q)
	}
	return out
}

func plainRules(s *cluster.Snapshot, rules []cluster.PolicyRule) []cluster.PolicyRule {
	var out []cluster.PolicyRule
	for _, r := range rules {
		var peers []cluster.PolicyPeer
		for _, p := range r.Peers {
			if p.IPBlock == nil {
				peers = append(peers, p)
			} else if b := plainBlock(s, p.IPBlock); b != nil {
				peers = append(peers, cluster.PolicyPeer{IPBlock: b})
			}
		}
		if len(r.Peers) > 0 && len(peers) == 0 {
			continue // no peers would be everybody
		}
		for j := range r.Ports {
			if p := &r.Ports[j]; p.EndPort != 0 && p.EndPort < p.Port.Number {
				p.EndPort = 0
			}
		}
		out = append(out, cluster.PolicyRule{Peers: peers, Ports: r.Ports})
	}
	return out
}

// plainBlock is a block of IPv4 that holds no pod.
func plainBlock(s *cluster.Snapshot, b *cluster.IPBlock) *cluster.IPBlock {
	if !b.CIDR.Addr().Is4() {
		return nil
	}
	for i := range s.Pods {
		if b.CIDR.Contains(s.Pods[i].IPs[0]) {
			return nil
		}
	}
	out := &cluster.IPBlock{CIDR: b.CIDR}
	for _, e := range b.Except {
		if e.Addr().Is4() && b.CIDR.Contains(e.Addr()) && e.Bits() > b.CIDR.Bits() {
			out.Except = append(out.Except, e)
		}
	}
	return out
}
