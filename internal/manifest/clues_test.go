package manifest

import (
	"testing"

	"github.com/portolan-net/portolan/cluster"
)

// A DaemonSet and its pods are one clue; a pod of the same name outside the
// host's network is none, and other ConfigMaps stay ignored.
func TestClues(t *testing.T) {
	const agent = "hostNetwork: true, containers: [{name: a, image: \"aws/agent:1\", args: [--enable-network-policy=true, --token=x]}]"
	in := parse(t, "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: aws-node, namespace: kube-system}\nspec: {selector: {matchLabels: {k8s-app: aws-node}}, template: {metadata: {labels: {k8s-app: aws-node}}, spec: {"+agent+"}}}\n---\n"+
		"apiVersion: v1\nkind: Pod\nmetadata: {name: aws-node-1, namespace: kube-system, labels: {k8s-app: aws-node}, ownerReferences: [{kind: DaemonSet, name: aws-node, controller: true}]}\nspec: {"+agent+"}\n---\n"+
		"apiVersion: v1\nkind: Pod\nmetadata: {name: cilium, namespace: test, labels: {k8s-app: cilium}}\nspec: {containers: [{name: a, image: shop/cilium}]}\n---\n"+
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app, namespace: test}\ndata: {mode: ipvs}\n---\n"+
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kube-proxy, namespace: kube-system}\ndata: {config.conf: \"mode: ipvs\\nnodePortAddresses: [primary]\\nipvs: {masqueradeAll: true, scheduler: rr}\\n\", broken.conf: \"a: [\"}\n")
	if got := len(in.Snapshot.Clues); got != 2 {
		t.Fatalf("%d clues: %+v", got, in.Snapshot.Clues)
	}
	proxy, aws := in.Snapshot.Clues[0], in.Snapshot.Clues[1]
	if !proxy.Config || proxy.Agent != cluster.AgentKubeProxy || len(proxy.Settings) != 2 || proxy.Settings["mode"] != "ipvs" || proxy.Settings["ipvs.masqueradeAll"] != "true" {
		t.Errorf("kube-proxy: %+v", proxy)
	}
	if aws.Object.String() != "DaemonSet/kube-system/aws-node" || len(aws.Settings) != 1 || aws.Settings["enable-network-policy"] != "true" || aws.Position.Line == 0 {
		t.Errorf("aws-node: %+v", aws)
	}
	if n := len(in.Snapshot.Ignored); n != 1 {
		t.Errorf("%d objects ignored, the ConfigMap of the application is one", n)
	}
}
