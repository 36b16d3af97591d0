package path

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/walk"
)

// start is one place a packet can start from.
type start struct {
	walk.Start
	name    string // as people call it
	assumed bool   // a client nobody told us of
}

func client(name string, addrs ...netip.Addr) start {
	return start{name: name, Start: walk.Start{Kind: flow.MachineClient, Name: name, Addrs: addrs}}
}

// starts resolves a place. A workload is every pod of it.
func starts(m *model.Model, from, namespace string) ([]start, error) {
	kind, name, _ := strings.Cut(from, "/")
	switch kind {
	case "external":
		return clients(m, from, name)
	case "node", "no":
		n := m.Index.Node(name)
		if n == nil {
			return nil, missing("Node", "", from, known("nodes are", nodeNames(m)))
		}
		return []start{{name: "node/" + name, Start: walk.Start{Kind: flow.MachineNode, Node: name}}}, nil
	case "pod", "po":
		return podStart(m, from, name, namespace)
	}
	if full, ok := workloads[kind]; ok {
		return workloadStarts(m, from, full, name, namespace)
	}
	return nil, wrong(from, notation, "not a place")
}

var workloads = map[string]string{
	"deploy": "Deployment", "deployment": "Deployment", "sts": "StatefulSet", "statefulset": "StatefulSet",
	"ds": "DaemonSet", "daemonset": "DaemonSet", "rs": "ReplicaSet", "replicaset": "ReplicaSet",
	"job": "Job", "cronjob": "CronJob", "cj": "CronJob", "rc": "ReplicationController",
}

func split(name, namespace string) (string, string) {
	if ns, n, ok := strings.Cut(name, "/"); ok {
		return ns, n
	}
	return namespace, name
}

func podStart(m *model.Model, from, name, namespace string) ([]start, error) {
	ns, n := split(name, namespace)
	p := m.Index.Pod(ns, n)
	if p == nil {
		return nil, missing("Pod", ns, from, known("pods of "+ns+" are", podNames(m, ns)))
	}
	s, err := fromPod(p)
	if err != nil {
		return nil, wrong(from, "ask from another pod, or from node/NAME", "%v", err)
	}
	return []start{s}, nil
}

type noNetwork string

func (e noNetwork) Error() string { return string(e) }

func fromPod(p *cluster.Pod) (start, error) {
	name := "pod/" + p.Namespace + "/" + p.Name
	switch {
	case p.Finished():
		return start{}, noNetwork("the Pod has ended (phase " + string(p.Phase) + ") and has no network any more")
	case p.HostNetwork && p.Node == "":
		return start{}, noNetwork("the hostNetwork Pod is on no node yet")
	case p.HostNetwork:
		return start{name: name, Start: walk.Start{Kind: flow.MachineNode, Node: p.Node, Pod: p}}, nil
	case len(p.IPs) == 0:
		return start{}, noNetwork("the Pod has no address yet")
	}
	return start{name: name, Start: walk.Start{Kind: flow.MachinePod, Addrs: p.IPs, Node: p.Node, Pod: p}}, nil
}

func workloadStarts(m *model.Model, from, kind, name, namespace string) ([]start, error) {
	ns, n := split(name, namespace)
	owner := flow.Object{Kind: kind, Namespace: ns, Name: n}
	var out []start
	for i := range m.Snapshot.Pods {
		p := &m.Snapshot.Pods[i]
		if p.Owner != owner {
			continue
		}
		if s, err := fromPod(p); err == nil {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		err := &QuestionError{Part: from, What: fmt.Sprintf("no running Pod of %s in the input", owner), Hint: known("pods of "+ns+" are", podNames(m, ns)), Namespace: ns}
		for _, k := range []string{"Pod", kind, "ReplicaSet"} { // of what it is known who made whom
			if m.Snapshot.LacksIn(k, ns) && err.Missing == "" {
				err.Missing = k
			}
		}
		return nil, err
	}
	return out, nil
}

// clients are the Fabric's; without one, a representative of each outside range
// that policies and source ranges tell apart.
func clients(m *model.Model, from, name string) ([]start, error) {
	if name == "" {
		var out []start
		for _, c := range m.Snapshot.Fabric.Clients {
			out = append(out, client(c.Name, c.Addresses...))
		}
		if len(out) > 0 {
			return out, nil
		}
		return representatives(m), nil
	}
	for _, c := range m.Snapshot.Fabric.Clients {
		if c.Name == name {
			return []start{client(name, c.Addresses...)}, nil
		}
	}
	if len(m.Snapshot.Fabric.Clients) == 0 && name == nobodyV4.String() {
		return []start{nobody()}, nil
	}
	addr, err := netip.ParseAddr(strings.Trim(name, "[]"))
	if err != nil {
		return nil, wrong(from, known("clients of the Fabric are", clientNames(m))+"; an address works too: external/203.0.113.10", "no such client")
	}
	addr = addr.Unmap()
	if !cluster.Sends(addr) {
		return nil, wrong(from, "external/203.0.113.10", cluster.NobodySends)
	}
	if m.Index.NodeByIP(addr) != nil || m.Index.PodByIP(addr) != nil {
		return nil, wrong(from, "ask from node/NAME or pod/NAMESPACE/NAME", "the address is inside the cluster")
	}
	return []start{client(addr.String(), addr)}, nil
}

// maxRepresentatives bounds the answer where hundreds of ranges are told apart.
const maxRepresentatives = 32

// The addresses of documentation (RFC 5737, RFC 3849): nobody's.
var (
	nobodyV4 = netip.MustParseAddr("203.0.113.10")
	nobodyV6 = netip.MustParseAddr("2001:db8:ffff::10")
)

// representatives are one address for each set of outside ranges that some
// ipBlock or source range tells apart, and one that is in none: every such set
// begins where a range begins, or right behind one.
func representatives(m *model.Model) []start {
	blocks := outsideRanges(m)
	seen := map[string]bool{signature(blocks, nobodyV4): true, signature(blocks, nobodyV6): true}
	out := []start{nobody()}
	for _, a := range boundaries(m, blocks) {
		if len(out) == maxRepresentatives {
			break
		}
		sig := signature(blocks, a)
		if seen[sig] || inside(m, a) {
			continue
		}
		seen[sig] = true
		s := client(a.String(), a)
		s.assumed = true
		out = append(out, s)
	}
	return out
}

// nobody is a client that no range holds, with an address of each family.
func nobody() start {
	s := client(nobodyV4.String(), nobodyV4, nobodyV6)
	s.assumed = true
	return s
}

// boundaries are the first address of each range and the one behind its last,
// also of the cluster's own ranges, since an outside range may go on behind
// them. The addresses of documentation come first: they read best.
func boundaries(m *model.Model, blocks []netip.Prefix) []netip.Addr {
	out := []netip.Addr{netip.MustParseAddr("198.51.100.10"), netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("2001:db8:fffe::10")}
	for _, list := range [][]netip.Prefix{blocks, m.Profile.ClusterCIDRs, m.Profile.ServiceCIDRs} {
		for _, b := range list {
			out = append(out, b.Masked().Addr(), cluster.LastAddr(b).Next())
		}
	}
	for i := range m.Snapshot.Nodes {
		for _, ip := range m.Snapshot.Nodes[i].InternalIPs {
			out = append(out, ip.Next())
		}
	}
	return slices.DeleteFunc(out, func(a netip.Addr) bool { return !a.IsValid() || !cluster.Sends(a) })
}

func signature(blocks []netip.Prefix, a netip.Addr) string {
	sig := make([]byte, 0, len(blocks)+1)
	sig = append(sig, map[bool]byte{true: '6', false: '4'}[a.Is6()])
	for _, b := range blocks {
		sig = append(sig, map[bool]byte{true: '1', false: '0'}[b.Contains(a)])
	}
	return string(sig)
}

func inside(m *model.Model, a netip.Addr) bool {
	return m.Index.NodeByIP(a) != nil || m.Profile.InClusterCIDR(a) || m.Profile.InServiceCIDR(a)
}

// outsideRanges are the ipBlocks, exceptions and source ranges of the cluster.
func outsideRanges(m *model.Model) []netip.Prefix {
	var all []netip.Prefix
	add := func(rules []cluster.PolicyRule) {
		for _, r := range rules {
			for _, p := range r.Peers {
				if p.IPBlock != nil {
					all = append(append(all, p.IPBlock.CIDR), p.IPBlock.Except...)
				}
			}
		}
	}
	for i := range m.Snapshot.NetworkPolicies {
		add(m.Snapshot.NetworkPolicies[i].Ingress)
	}
	for i := range m.Snapshot.Services {
		all = append(all, m.Snapshot.Services[i].SourceRanges...)
	}
	slices.SortFunc(all, netip.Prefix.Compare)
	return slices.Compact(all)
}
