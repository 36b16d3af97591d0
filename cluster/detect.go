package cluster

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// Detected is what the input itself shows of the dataplane. Empty fields were
// not shown.
type Detected struct {
	Proxy, Policy string
	PodNetwork    PodNetwork
	Egress        EgressMasquerade
	// ClusterCIDRs are where pods' addresses are from, ProxyCIDRs those among them
	// by which kube-proxy is told to recognise pods.
	ClusterCIDRs, ProxyCIDRs []netip.Prefix
	// Blind: kube-proxy is told no such range, and has nothing to recognise pods by.
	Blind         bool
	ServiceCIDRs  []netip.Prefix
	MasqueradeAll *bool
	// Hairpin is whether the pods' bridge sends a frame out of the port it came in by.
	Hairpin *bool
	// Nodes are masquerade addresses that annotations tell.
	Nodes map[string]Masquerade
	// Mixed are the nodes that use one address toward pods on some of the other
	// nodes, and another toward the rest, by family (v6 is the second).
	Mixed map[string][2]bool
	// Why says for each thing detected which object shows it.
	Why []flow.Reason
}

// Detect reads the clues of a Snapshot: DaemonSets and pods of agents, their
// ConfigMaps and other objects, and annotations and labels of nodes. It never
// guesses from what is not there, but for one thing: Cilium without any kube-proxy
// is its own. Where two objects contradict each other, that is said and the fact
// stays open.
func Detect(s *Snapshot) Detected {
	d := detecting{s: s, Detected: Detected{Nodes: map[string]Masquerade{}, Mixed: map[string][2]bool{}}}
	d.policy()
	d.proxy()
	d.network()
	d.podEgress()
	d.podRanges()
	d.serviceRanges()
	d.unmodelled()
	return d.Detected
}

// unmodelled names settings under which the dataplane does otherwise.
func (d *detecting) unmodelled() {
	for _, x := range []struct {
		agent Agent
		name  string
		usual []string
	}{
		{AgentCilium, "bpf-lb-mode", []string{"", "snat"}},
		{AgentCilium, "node-port-mode", []string{"", "snat"}},
		{AgentCilium, "policy-cidr-match-mode", []string{""}},
		{AgentCilium, "enable-policy", []string{"", "default", "never"}},
		{AgentCilium, "enable-ip-masq-agent", []string{"", "false"}},
		{AgentCilium, "bpf-lb-external-clusterip", []string{"", "false"}},
		{AgentKubeProxy, "detectLocalMode", []string{"", "ClusterCIDR"}},
	} {
		if v, c := d.setting(x.agent, x.name); !slices.Contains(x.usual, v) {
			d.because(flow.CodeDetectedUnmodelled, x.name+": "+v, c.Object.String())
		}
	}
	d.felixUnmodelled()
}

type detecting struct {
	s *Snapshot
	// several are enforcers that contradict each other.
	several []string
	// torn: what was found of the pod network contradicts itself.
	torn bool
	// Calico's pools, and how many nodes there are in a subnet; "" counts those of
	// which it is not known. By family.
	poolsRead bool
	poolsHeld []pool
	subnets   [2]map[string]int
	Detected
}

// agent returns the first clue of the agent that is no ConfigMap, config the
// ConfigMap.
func (d *detecting) agent(a Agent) *Clue  { return d.clue(a, false) }
func (d *detecting) config(a Agent) *Clue { return d.clue(a, true) }

func (d *detecting) clue(a Agent, config bool) *Clue {
	for i := range d.s.Clues {
		if c := &d.s.Clues[i]; c.Agent == a && c.Config == config {
			return c
		}
	}
	return nil
}

// setting of an agent: its ConfigMap's, else its containers' argument.
func (d *detecting) setting(a Agent, names ...string) (string, *Clue) {
	for _, c := range []*Clue{d.config(a), d.agent(a)} {
		for _, n := range names {
			if c != nil && c.Settings[n] != "" {
				return c.Settings[n], c
			}
		}
	}
	return "", nil
}

func (d *detecting) because(code flow.Code, args ...string) {
	for i, a := range args {
		args[i] = shortened(a)
	}
	d.Why = append(d.Why, flow.Because(code, args...))
}

// shortened cuts a setting that no table could show: a ConfigMap may hold a MiB of it.
func shortened(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// enforcerOf are the agents that enforce NetworkPolicy.
var enforcerOf = []struct {
	agent Agent
	name  string
}{
	{AgentCalico, "calico"},
	{AgentCanal, "calico"},
	{AgentCilium, "cilium"},
	{AgentAntrea, "antrea"},
	{AgentKubeNetworkPolicies, "kube-network-policies"},
	{AgentKindnet, "kube-network-policies"},
	{AgentKubeRouter, "kube-router"},
}

// policy finds the enforcer. Two that contradict each other leave it open.
func (d *detecting) policy() {
	for _, e := range enforcerOf {
		c := d.agent(e.agent)
		if c == nil || c.Settings["run-firewall"] == "false" {
			continue
		}
		if v, from := d.setting(e.agent, "enable-policy"); v == "never" {
			d.enforcer("none", from.Object.String()) // "enforcement is disabled on all endpoints"
			continue
		}
		d.enforcer(e.name, c.Object.String())
	}
	// The agent beside the VPC CNI enforces where it is told to.
	if v, c := d.setting(AgentAWS, "enable-network-policy", "enable-network-policy-controller"); v == "true" {
		d.enforcer("aws", c.Object.String())
	}
	// k3s carries kube-router's controller within its server.
	if n := d.k3s(); n != nil && d.Policy == "" && len(d.several) == 0 {
		d.enforcer("kube-router", n.nodeWords()+" "+n.Kubelet)
	}
	if len(d.several) > 0 {
		d.Policy = ""
		d.Why = slices.DeleteFunc(d.Why, func(r flow.Reason) bool { return r.Code == flow.CodeDetectedPolicy })
		d.because(flow.CodeDetectedSeveral, strings.Join(d.several, ", "))
	}
}

func (d *detecting) enforcer(name, object string) {
	switch {
	case d.Policy == name:
	case d.Policy != "" && len(d.several) == 0:
		d.several = []string{d.Policy, name}
	case d.Policy != "":
		d.several = append(d.several, name)
	default:
		d.Policy = name
		d.because(flow.CodeDetectedPolicy, name, object)
	}
}

// k3s returns a node of k3s, whose kubelet says "v1.30.4+k3s1".
func (d *detecting) k3s() *Node {
	for i := range d.s.Nodes {
		if n := &d.s.Nodes[i]; strings.Contains(n.Kubelet, "+k3s") {
			return n
		}
	}
	return nil
}

func (n *Node) nodeWords() string { return "Node/" + n.Name }

// proxy finds the Service proxy and how it is set up.
func (d *detecting) proxy() {
	replaced, c := d.setting(AgentCilium, "kube-proxy-replacement")
	cilium, kubeProxy := d.agent(AgentCilium), d.agent(AgentKubeProxy)
	all, antrea := d.setting(AgentAntrea, "antreaProxy.proxyAll")
	switch {
	case replaced == "true" || replaced == "strict":
		d.found("cilium", c)
	case cilium != nil && kubeProxy == nil && d.config(AgentKubeProxy) == nil && replaced == "":
		d.found("cilium", cilium)
	case all == "true":
		d.found("antrea", antrea)
	default:
		d.kubeProxy(kubeProxy)
	}
}

func (d *detecting) found(name string, c *Clue) {
	d.Proxy = name
	d.because(flow.CodeDetectedProxy, name, c.Object.String())
}

// kubeProxy reads kube-proxy's mode. Without one it is iptables: "If blank, use
// the best-available proxy (currently iptables on Linux)" (KubeProxyConfiguration).
func (d *detecting) kubeProxy(agent *Clue) {
	c := d.config(AgentKubeProxy)
	if c == nil {
		c = agent
	}
	mode, from := d.setting(AgentKubeProxy, "mode", "proxy-mode")
	switch {
	case mode == "iptables" || mode == "ipvs" || mode == "nftables":
		d.found("kube-proxy-"+mode, from)
	case mode == "" && c != nil && c.Config:
		mode = "iptables"
		d.found("kube-proxy-iptables", c)
	case d.k3s() != nil && agent == nil:
		mode = "iptables"
		d.Proxy = "kube-proxy-iptables"
		d.because(flow.CodeDetectedProxy, d.Proxy, d.k3s().nodeWords()+" "+d.k3s().Kubelet)
	}
	if v, c := d.setting(AgentKubeProxy, mode+".masqueradeAll", "masquerade-all"); v == "true" {
		yes := true
		d.MasqueradeAll = &yes
		d.because(flow.CodeDetectedMasqueradeAll, "true", c.Object.String())
	}
	v, c := d.setting(AgentKubeProxy, "clusterCIDR", "cluster-cidr")
	if d.ProxyCIDRs = parseRanges(v); len(d.ProxyCIDRs) > 0 {
		d.ClusterCIDRs = d.ProxyCIDRs
		d.because(flow.CodeDetectedClusterCIDR, v, c.Object.String())
		return
	}
	d.blind()
}

// blind: "Detect-local-mode set to ClusterCIDR, but no cluster CIDR specified" (kube-proxy,
// getLocalDetectors), as kubeadm leaves it that was told no podSubnet. A
// configuration that does not have the field at all shows nothing.
func (d *detecting) blind() {
	c := d.config(AgentKubeProxy)
	if c == nil {
		return
	}
	mode := c.Settings["detectLocalMode"]
	if v, written := c.Settings["clusterCIDR"]; written && v == "" && (mode == "" || mode == "ClusterCIDR") {
		d.Blind = true
		d.because(flow.CodeDetectedBlindProxy, c.Object.String())
	}
}
