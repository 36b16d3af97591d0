package manifest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// agentNames are the programs of dataplanes by the name of their DaemonSet, and
// by the labels that their manifests and charts give their pods. All of them run
// in the host's network.
var agentNames = map[string]cluster.Agent{
	"kube-proxy":            cluster.AgentKubeProxy,
	"calico-node":           cluster.AgentCalico,
	"canal":                 cluster.AgentCanal,
	"rke2-canal":            cluster.AgentCanal,
	"cilium":                cluster.AgentCilium,
	"antrea-agent":          cluster.AgentAntrea,
	"aws-node":              cluster.AgentAWS,
	"kindnet":               cluster.AgentKindnet,
	"kube-network-policies": cluster.AgentKubeNetworkPolicies,
	"kube-router":           cluster.AgentKubeRouter,
	"kube-flannel-ds":       cluster.AgentFlannel,
	"kube-flannel":          cluster.AgentFlannel,
}

// agentLabels are the keys of those labels, the most telling first.
var agentLabels = []string{"component", "k8s-app", "app.kubernetes.io/name", "app"}

// agentOf recognises a pod of the host's network by its owner's name and its
// labels, and keeps what its containers say of policy. nil for any other.
func agentOf(owner string, labels cluster.Labels, spec value) *cluster.Clue {
	agent, ok := agentNames[owner]
	for _, k := range agentLabels {
		if !ok {
			agent, ok = agentNames[labels[k]]
		}
	}
	if !ok {
		return nil
	}
	c := &cluster.Clue{Agent: agent, Settings: map[string]string{}}
	for _, container := range spec.get("containers").list() {
		c.Images = append(c.Images, clean(container.get("image").text()))
		for _, part := range []string{"command", "args"} {
			for _, arg := range container.get(part).list() {
				keepFlag(c, arg.text())
			}
		}
	}
	return c
}

// configNames are the ConfigMaps that say how a dataplane is set up.
var configNames = map[string]cluster.Agent{
	"kube-proxy":     cluster.AgentKubeProxy,
	"cilium-config":  cluster.AgentCilium,
	"antrea-config":  cluster.AgentAntrea,
	"amazon-vpc-cni": cluster.AgentAWS,
	// "kubectl get cm -n kube-system kubeadm-config": the ClusterConfiguration.
	"kubeadm-config": cluster.AgentKubeadm,
	// flannel's own manifest, and canal's.
	"kube-flannel-cfg": cluster.AgentFlannel,
	"canal-config":     cluster.AgentFlannel,
}

// configClue reads the ConfigMaps of dataplanes; nil for any other object.
func (v value) configClue(t typeMeta) *cluster.Clue {
	if t.group != "" || t.kind != "ConfigMap" {
		return nil
	}
	o := v.d.object
	agent, ok := configNames[o.Name]
	if !ok || agent == cluster.AgentKubeadm && o.Namespace != "kube-system" {
		return nil
	}
	c := &cluster.Clue{Agent: agent, Object: o, Position: v.pos(), Config: true, Settings: map[string]string{}}
	for key, val := range v.get("data").fields() {
		if !structured(key) {
			keepSetting(c, key, val.text())
			continue
		}
		lim := (&Limits{}).withDefaults()
		docs, err := readYAML(v.d.file, []byte(val.text()), 1, &lim)
		for i := range docs {
			if err == nil {
				keepTree(c, "", &docs[i])
			}
		}
	}
	return c
}

// structured reports whether a key of a ConfigMap holds YAML or JSON that is read.
func structured(key string) bool {
	return key == "ClusterConfiguration" || strings.HasSuffix(key, ".conf") || strings.HasSuffix(key, ".json")
}

// keepTree keeps the settings of a configuration file by their path, in which lists
// do not show.
func keepTree(c *cluster.Clue, path string, n *node) {
	for i := range n.keys {
		name := strings.TrimPrefix(path+"."+n.keys[i].name, ".")
		switch k := &n.kids[i]; k.kind {
		case isMap:
			keepTree(c, name, k)
		case isList:
			for j := range k.kids {
				keepTree(c, name, &k.kids[j])
			}
		case isNull:
		default:
			keepSetting(c, name, k.text)
		}
	}
}

// telling are the settings that detection reads; the others stay behind, since
// they may be large or private.
var telling = []string{
	"mode", "clusterCIDR", "detectLocalMode", "iptables.masqueradeAll", "ipvs.masqueradeAll", "nftables.masqueradeAll",
	"kube-proxy-replacement", "routing-mode", "tunnel", "enable-ipv4-masquerade", "policy-cidr-match-mode", "bpf-lb-mode", "node-port-mode",
	"antreaProxy.enable", "antreaProxy.proxyAll", "trafficEncapMode", "enable-network-policy-controller",

	"enable-ipv4", "enable-ipv6", "enable-ipv6-masquerade", "enable-ip-masq-agent", "enable-policy", "bpf-lb-external-clusterip",
	"ipam", "cluster-pool-ipv4-cidr", "cluster-pool-ipv6-cidr",
	"networking.podSubnet", "networking.serviceSubnet",
	"Network", "IPv6Network", "EnableIPv4", "EnableIPv6", "Backend.Type", "Backend.DirectRouting",
	"plugins.delegate.hairpinMode", "delegate.hairpinMode", "masquerade",
}

func keepSetting(c *cluster.Clue, name, val string) {
	if slices.Contains(telling, name) {
		c.Settings[name] = clean(val)
	}
}

// flags are the arguments of agents that detection reads.
var flags = []string{"enable-network-policy", "run-firewall", "proxy-mode", "cluster-cidr", "masquerade-all", "ip-masq"}

func keepFlag(c *cluster.Clue, arg string) {
	name, val, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	if !slices.Contains(flags, name) {
		return
	}
	if !given {
		val = "true"
	}
	c.Settings[name] = clean(val)
}

// allClues are the clues of the input, one for each workload or pod without one,
// in the order of their names.
func (b *Builder) allClues() []cluster.Clue {
	all := values(b.clues)
	known := map[flow.Object]bool{}
	add := func(o flow.Object, at flow.Position, c *cluster.Clue) {
		if c == nil || known[o] {
			return
		}
		known[o] = true
		one := *c
		one.Object, one.Position = o, at
		all = append(all, one)
	}
	for _, w := range b.workloads {
		add(w.object(), w.Position, w.Template.agent)
	}
	for _, p := range b.pods {
		o := p.Owner
		if o.IsZero() {
			o = p.Object()
		}
		add(o, p.Position, p.agent)
	}
	slices.SortStableFunc(all, func(x, y cluster.Clue) int { return cmp.Compare(x.Object.String(), y.Object.String()) })
	return all
}
