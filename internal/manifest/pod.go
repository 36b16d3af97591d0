package manifest

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// pod is a Pod as read: the owner is the direct controller until Input
// resolves it.
type pod struct {
	cluster.Pod
	HasStatus bool // it was running somewhere; a manifest has no status
	// agent is the dataplane's program that the pod looks like, "" for others.
	agent *cluster.Clue
}

func decodePod(v value) any {
	p := &pod{Pod: cluster.Pod{Meta: v.meta(), Owner: v.controller(), Phase: cluster.PodRunning}}
	spec, status := v.get("spec"), v.get("status")
	p.Node = spec.get("nodeName").nodeName()
	p.HostNetwork = spec.get("hostNetwork").boolean(false)
	p.Ports = containerPorts(spec)
	p.Terminating = v.at("metadata", "deletionTimestamp").present()
	p.Ready = true
	if phase := status.get("phase"); phase.str() != "" {
		p.Phase = cluster.PodPhase(phase.oneOf("Pending", "Running", "Succeeded", "Failed", "Unknown"))
		p.Ready = false
		p.HasStatus = true
	}
	for _, c := range status.get("conditions").list() {
		p.HasStatus = true
		if c.get("type").str() == "Ready" {
			p.Ready = c.get("status").str() == "True"
		}
	}
	if p.HostNetwork {
		p.agent = agentOf(p.Owner.Name, p.Labels, spec)
	}
	p.IPs = statusIPs(status, "podIPs", "podIP")
	p.HostIPs = statusIPs(status, "hostIPs", "hostIP")
	p.HasStatus = p.HasStatus || p.IPs != nil
	if p.HostNetwork && p.IPs == nil {
		p.IPs = p.HostIPs
	}
	return p
}

// statusIPs reads status.podIPs, or else the single older field.
func statusIPs(status value, list, single string) []netip.Addr {
	var all []netip.Addr
	for _, item := range status.get(list).list() {
		if a := item.get("ip").addr(); a.IsValid() {
			all = append(all, a)
		}
	}
	if all == nil {
		if a := status.get(single).addr(); a.IsValid() {
			all = append(all, a)
		}
	}
	return all
}

// containerPorts reads the ports that containers, and init containers that
// keep running (restartPolicy: Always), declare.
func containerPorts(spec value) []cluster.ContainerPort {
	var ports []cluster.ContainerPort
	for _, c := range spec.get("containers").list() {
		ports = append(ports, portsOf(c)...)
	}
	for _, c := range spec.get("initContainers").list() {
		if c.get("restartPolicy").str() == "Always" {
			ports = append(ports, portsOf(c)...)
		}
	}
	return ports
}

func portsOf(container value) []cluster.ContainerPort {
	var ports []cluster.ContainerPort
	for _, p := range container.get("ports").list() {
		p.get("containerPort").need()
		port := cluster.ContainerPort{
			Name:     p.get("name").str(),
			Port:     p.get("containerPort").port(),
			Protocol: p.get("protocol").protocol(),
		}
		if port.Name != "" {
			p.get("name").checkPortName(port.Name)
		}
		ports = append(ports, port)
	}
	return ports
}

// workload is an object that makes pods.
type workload struct {
	cluster.Meta
	Kind     string
	Replicas int
	Owner    flow.Object // its own controller; zero for one that a person made
	Live     bool        // a controller wrote its status: a cluster was read
	Finished bool
	Removed  bool // it was taken away, and its pods with it
	Template pod
}

func decodeWorkload(v value) any {
	w := &workload{Meta: v.meta(), Kind: v.d.object.Kind, Owner: v.controller(), Replicas: 1}
	spec, status := v.get("spec"), v.get("status")
	w.Live = status.mapping() && len(status.n.keys) > 0
	count := "replicas"
	switch w.Kind {
	case "Job":
		count = "parallelism"
		w.Finished = status.get("completionTime").present()
	case "CronJob":
		spec, count = spec.at("jobTemplate", "spec"), "parallelism"
	}
	if n, ok := spec.get(count).integer(0, 1<<31-1); ok && w.Kind != "DaemonSet" {
		w.Replicas = int(n)
	}
	t := spec.get("template")
	w.Template.Labels = t.at("metadata", "labels").labels()
	w.Template.HostNetwork = t.at("spec", "hostNetwork").boolean(false)
	w.Template.Ports = containerPorts(t.get("spec"))
	if w.Template.HostNetwork {
		w.Template.agent = agentOf(w.Name, w.Template.Labels, t.get("spec"))
	}
	return w
}
