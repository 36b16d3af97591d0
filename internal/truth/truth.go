package truth

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Dataplane is the pair that produced a line.
type Dataplane struct{ Proxy, Policy string }

// Probe is one line of observed.jsonl.
type Probe struct {
	cluster.Expectation
	Line      string // as recorded
	Dataplane Dataplane
	// Subset: with session affinity a client keeps to one endpoint, so what was
	// seen may be less than what is possible.
	Subset bool
}

// Topology is topology.yaml.
type Topology struct {
	PodNetwork   string          `yaml:"podNetwork"`
	Router       string          `yaml:"router"`
	ClusterCIDR  string          `yaml:"clusterCIDR"`
	ClusterCIDRs []string        `yaml:"clusterCIDRs"`
	ServiceCIDRs []string        `yaml:"serviceCIDRs"`
	Clients      []Client        `yaml:"clients"`
	VirtualIPs   []string        `yaml:"virtualIPs"`
	Nodes        map[string]Node `yaml:"nodes"`
}

// Client is somebody outside.
type Client struct {
	Name    string
	Address string
}

// Node is one node of a Topology.
type Node struct {
	Address    string
	PodCIDR    string `yaml:"podCIDR"`
	Masquerade struct {
		ToLocalPods          string `yaml:"toLocalPods"`
		ToPodsOnOtherNodes   string `yaml:"toPodsOnOtherNodes"`
		ToOtherNodeAddresses string `yaml:"toOtherNodeAddresses"`
	}
}

// ReadTopology reads topology.yaml of a folder.
func ReadTopology(dir string) (*Topology, error) {
	data, err := os.ReadFile(filepath.Join(dir, "topology.yaml"))
	if err != nil {
		return nil, err
	}
	var t Topology
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&t); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return &t, nil
}

// Fabric is the topology in our words, for one dataplane.
func (t *Topology) Fabric(dp Dataplane) (cluster.Fabric, error) {
	f := cluster.Fabric{Name: "truth"}
	var err error
	addrs := func(s string) []netip.Addr {
		if s == "" {
			return nil
		}
		a, e := netip.ParseAddr(s)
		if e != nil {
			err = e
		}
		return []netip.Addr{a}
	}
	prefixes := func(list ...string) []netip.Prefix {
		var out []netip.Prefix
		for _, s := range list {
			if s == "" {
				continue
			}
			p, e := netip.ParsePrefix(s)
			if e != nil {
				err = e
			}
			out = append(out, p)
		}
		return out
	}
	for _, c := range t.Clients {
		f.Clients = append(f.Clients, cluster.Client{Name: c.Name, Addresses: addrs(c.Address)})
	}
	f.Routers = []cluster.Router{{Name: "router", Addresses: addrs(t.Router), Multipath: true, Routes: cluster.RoutesStatic}}
	f.Dataplane = cluster.Dataplane{
		Proxy: dp.Proxy, Policy: dp.Policy, PodNetwork: podNetwork(t.PodNetwork),
		ClusterCIDRs: prefixes(append(t.ClusterCIDRs, t.ClusterCIDR)...), ServiceCIDRs: prefixes(t.ServiceCIDRs...),
	}
	for _, name := range slices.Sorted(maps.Keys(t.Nodes)) {
		m := t.Nodes[name].Masquerade
		f.Nodes = append(f.Nodes, cluster.FabricNode{Name: name, Masquerade: cluster.Masquerade{
			ToLocalPods: addrs(m.ToLocalPods), ToPodsOnOtherNodes: addrs(m.ToPodsOnOtherNodes), ToOtherNodes: addrs(m.ToOtherNodeAddresses),
		}})
	}
	return f, err
}

func podNetwork(words string) cluster.PodNetwork {
	switch {
	case strings.Contains(words, "VXLAN"):
		return cluster.PodNetworkVXLAN
	case strings.Contains(words, "bridge"):
		return cluster.PodNetworkBridge
	}
	return cluster.PodNetworkRouted
}

// observation is a line as recorded.
type observation struct {
	From, Entry, To, Proto, Label, Result string
	Pods, Sources                         []string
	Repeats                               int
	Proxy, Enforcer                       string
	Counts                                map[string]int
}

// ReadProbes reads observed.jsonl of a folder.
func ReadProbes(dir string) ([]Probe, error) {
	name := filepath.Join(dir, "observed.jsonl")
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // read only
	var out []Probe
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		var o observation
		if err := d.Decode(&o); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		p, err := o.probe()
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		p.Line, p.Position = lines.Text(), flow.Position{File: name, Line: n}
		out = append(out, p)
	}
	return out, lines.Err()
}

var enforcers = map[string]string{
	"kube-router-iptables": "kube-router", "kube-router-nftables": "kube-router",
	"kube-network-policies-patched": "kube-network-policies", "none": "none",
}

var results = map[string]flow.Seen{
	"ok": flow.Connected, "refused": flow.Refused, "timeout": flow.Timeout, "unreachable": flow.Unreachable,
}

func (o *observation) probe() (Probe, error) {
	p := Probe{Dataplane: Dataplane{Proxy: o.Proxy, Policy: enforcers[o.Enforcer]}}
	if p.Dataplane.Policy == "" {
		return p, fmt.Errorf("enforcer %q", o.Enforcer)
	}
	kind, name, inside := strings.Cut(o.From, ":")
	p.From = "external/" + o.From
	if inside {
		p.From = kind + "/" + name
	}
	p.Via, p.To = o.Entry, o.To
	if o.Proto != "TCP" {
		p.To += "/" + strings.ToLower(o.Proto)
	}
	p.Endpoints, p.Sources = slices.Sorted(slices.Values(o.Pods)), slices.Sorted(slices.Values(o.Sources))
	words := []string{o.Result}
	if o.Result == "mixed" {
		words = slices.Sorted(maps.Keys(o.Counts))
	}
	for _, w := range words {
		s, ok := results[w]
		if !ok {
			return p, fmt.Errorf("result %q", w)
		}
		p.Seen = append(p.Seen, s)
	}
	p.HasVerdict = true
	switch connected := slices.Contains(p.Seen, flow.Connected); {
	case connected && len(p.Seen) == 1:
		p.Verdict = flow.Reachable
	case connected:
		p.Verdict = flow.Depends
	default:
		p.Verdict = flow.NotReachable
	}
	return p, nil
}
