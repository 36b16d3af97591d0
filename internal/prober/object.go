package prober

import (
	"maps"
	"time"
)

// The labels by which a probe knows what is its own.
const (
	ManagedLabel = "app.kubernetes.io/managed-by"
	Manager      = "portolan"
	ProbeLabel   = "portolan.dev/probe"
	namePrefix   = "portolan-probe-"
	neverReady   = "portolan.dev/never-ready"
)

// Selector selects what probes have created.
const Selector = ManagedLabel + "=" + Manager + "," + ProbeLabel

// slack is how much longer than its plan a container lives.
const slack = 30 * time.Second

// Name is that of the pod or container that is created.
func (p *Plan) Name() string { return namePrefix + p.ID }

func (p *Plan) marks() map[string]string {
	return map[string]string{ManagedLabel: Manager, ProbeLabel: p.ID}
}

// Lifetime is after how many seconds everything created has ended by itself.
func (p *Plan) Lifetime() int {
	return int((p.Options.Start + p.Longest() + slack) / time.Second)
}

// container is one that waits until it is told to connect.
func (p *Plan) container() map[string]any {
	return map[string]any{
		"name": p.Name(), "image": p.Options.Image, "command": []any{"sleep", itoa(p.Lifetime())},
		"securityContext": map[string]any{
			"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true, "runAsUser": 65534,
			"capabilities":   map[string]any{"drop": []any{"ALL"}},
			"seccompProfile": map[string]any{"type": "RuntimeDefault"},
		},
	}
}

// ephemeral is the ephemeral container. Those have neither resources nor a deadline;
// its command ends by itself.
func (p *Plan) ephemeral() map[string]any { return p.container() }

// pod is the pod that asks: in a node's network, or with a pod's labels.
func (p *Plan) pod() map[string]any {
	c := p.container()
	c["resources"] = map[string]any{
		"requests": map[string]any{"cpu": "10m", "memory": "16Mi"},
		"limits":   map[string]any{"cpu": "200m", "memory": "64Mi"},
	}
	labels := map[string]any{}
	own := maps.Clone(p.Pod.Labels)
	if own == nil {
		own = map[string]string{}
	}
	maps.Copy(own, p.marks())
	for k, v := range own {
		labels[k] = v
	}
	meta := map[string]any{"name": p.Name(), "namespace": p.Namespace, "labels": labels}
	spec := map[string]any{
		"activeDeadlineSeconds": p.Lifetime(), "restartPolicy": "Never", "terminationGracePeriodSeconds": 1,
		"automountServiceAccountToken": false, "enableServiceLinks": false,
		"nodeName":    p.Node,
		"tolerations": []any{map[string]any{"operator": "Exists"}},
		// A pod that is never ready gets nothing of what is sent to a Service.
		"readinessGates": []any{map[string]any{"conditionType": neverReady}},
		"containers":     []any{c},
	}
	if p.Pod.Name == "" || p.Pod.HostNetwork {
		spec["hostNetwork"], spec["dnsPolicy"] = true, "Default"
	}
	if p.Pod.Name != "" {
		// A controller of its own keeps workloads from adopting a pod that bears their
		// labels, and takes it away with the pod that it stands for.
		meta["ownerReferences"] = []any{map[string]any{
			"apiVersion": "v1", "kind": "Pod", "name": p.Pod.Name, "uid": p.Pod.UID, "controller": true, "blockOwnerDeletion": false,
		}}
	}
	return map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
}

// Commands are those that are run: first the one that looks for tools, then, for each
// tool that may be found, the one that makes the first connection.
func (p *Plan) Commands() [][]string {
	if len(p.Asks) == 0 || p.Means[0] == Dialing {
		return nil
	}
	a := p.attempt(&p.Asks[0])
	out := [][]string{lookCommand()}
	for i := range tools {
		if t := &tools[i]; t.udp || a.proto.String() == "TCP" {
			out = append(out, t.command(&a))
		}
	}
	return out
}

func (p *Plan) attempt(k *Ask) attempt {
	return attempt{proto: k.Target.Protocol, to: k.Target.Addr, timeout: p.Options.Timeout, tell: p.Options.Tell}
}
