package cluster

import "github.com/portolan-net/portolan/flow"

// Agent is a program of a dataplane that runs on every node.
type Agent string

// The agents that are recognised.
const (
	AgentKubeProxy           Agent = "kube-proxy"
	AgentCalico              Agent = "calico-node"
	AgentCanal               Agent = "canal" // Calico's policy, flannel's network
	AgentCilium              Agent = "cilium"
	AgentAntrea              Agent = "antrea-agent"
	AgentAWS                 Agent = "aws-node"
	AgentKindnet             Agent = "kindnet"
	AgentKubeNetworkPolicies Agent = "kube-network-policies"
	AgentKubeRouter          Agent = "kube-router"
	AgentFlannel             Agent = "kube-flannel"

	// Those that run on no node, and whose objects tell something all the same.
	AgentKubeadm   Agent = "kubeadm"
	AgentAPIServer Agent = "kube-apiserver"
)

// The kinds of clues that are neither workloads nor ConfigMaps.
const (
	KindIPPool             = "IPPool"
	KindFelixConfiguration = "FelixConfiguration"
	KindServiceCIDR        = "ServiceCIDR"
)

// Clue is an object of the input that shows which dataplane the cluster runs: a
// workload or pod of an agent, its ConfigMap, or an object of its own API.
type Clue struct {
	Agent    Agent
	Object   flow.Object
	Position flow.Position
	// Config is true for what is no workload and no pod: a ConfigMap, an IPPool.
	Config bool
	// Images of the agent's containers.
	Images []string
	// Settings are the few of its settings, or of its containers' arguments, that
	// tell something: "mode" of kube-proxy's ConfigMap, say.
	Settings map[string]string
}
