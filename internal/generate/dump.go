package generate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// object is a Kubernetes object, or a part of one, by the names of its fields.
type object = map[string]any

// WriteJSON writes the nodes, namespaces, pods, Services, EndpointSlices and
// NetworkPolicies of a Snapshot as `kubectl get -A -o json` prints a List. With
// bulk, pods carry what the pods of people carry and nobody here reads: env,
// probes, volumes, conditions; some 15 kB each.
func WriteJSON(w io.Writer, s *cluster.Snapshot, bulk bool) error {
	l := lister{out: bufio.NewWriterSize(w, 1<<20)}
	fmt.Fprint(l.out, "{\n    \"apiVersion\": \"v1\",\n    \"items\": [")
	for i := range s.Nodes {
		l.add(nodeObject(&s.Nodes[i]))
	}
	for i := range s.Namespaces {
		if n := &s.Namespaces[i]; !n.Implied {
			l.add(object{"apiVersion": "v1", "kind": "Namespace", "metadata": metaObject(&n.Meta)})
		}
	}
	hosts := map[string]string{}
	for i := range s.Nodes {
		hosts[s.Nodes[i].Name] = s.Nodes[i].InternalIPs[0].String()
	}
	for i := range s.Pods {
		l.pod(&s.Pods[i], hosts[s.Pods[i].Node], bulk)
	}
	for i := range s.Services {
		l.add(serviceObject(&s.Services[i]))
	}
	for i := range s.EndpointSlices {
		l.add(sliceObject(&s.EndpointSlices[i]))
	}
	for i := range s.NetworkPolicies {
		l.add(policyObject(&s.NetworkPolicies[i]))
	}
	fmt.Fprint(l.out, "\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n")
	if l.err != nil {
		return l.err
	}
	return l.out.Flush()
}

// lister writes the items of a List.
type lister struct {
	out   *bufio.Writer
	items int
	err   error
	// like is the pod before, and form its text with words in place of what is
	// the pod's own: the pods of a workload differ in little.
	like *cluster.Pod
	form string
}

func (l *lister) text(o object) string {
	text, err := json.MarshalIndent(o, "        ", "    ")
	if err != nil && l.err == nil {
		l.err = fmt.Errorf("write an item: %w", err)
	}
	return string(text)
}

func (l *lister) add(o object) { l.item(l.text(o)) }

func (l *lister) item(text string) {
	comma := ""
	if l.items > 0 {
		comma = ","
	}
	l.items++
	fmt.Fprint(l.out, comma, "\n        ", text)
}

func (l *lister) pod(p *cluster.Pod, host string, bulk bool) {
	if !bulk || len(p.IPs) != 1 {
		l.add(podObject(p, p.Name, p.Node, host, addresses(p.IPs), false))
		return
	}
	if l.like == nil || p.Owner.IsZero() || p.Owner != l.like.Owner || !maps.Equal(p.Labels, l.like.Labels) || p.HostNetwork != l.like.HostNetwork || p.Phase != l.like.Phase || p.Ready != l.like.Ready {
		l.like, l.form = p, l.text(podObject(p, "$NAME", "$NODE", "$HOST", []string{"$ADDRESS"}, true))
	}
	l.item(strings.NewReplacer("$NAME", p.Name, "$NODE", p.Node, "$HOST", host, "$ADDRESS", p.IPs[0].String()).Replace(l.form))
}

func addresses(all []netip.Addr) []string {
	var out []string
	for _, a := range all {
		out = append(out, a.String())
	}
	return out
}

func metaObject(m *cluster.Meta) object {
	o := object{"name": m.Name}
	if m.Namespace != "" {
		o["namespace"] = m.Namespace
	}
	if len(m.Labels) > 0 {
		o["labels"] = m.Labels
	}
	return o
}

func nodeObject(n *cluster.Node) object {
	var at []object
	for _, a := range n.InternalIPs {
		at = append(at, object{"type": "InternalIP", "address": a.String()})
	}
	spec := object{}
	if len(n.PodCIDRs) > 0 {
		spec["podCIDRs"], spec["podCIDR"] = n.PodCIDRs, n.PodCIDRs[0]
	}
	return object{
		"apiVersion": "v1", "kind": "Node", "metadata": metaObject(&n.Meta), "spec": spec,
		"status": object{"addresses": at, "conditions": []object{{"type": "Ready", "status": truth(n.Ready)}}},
	}
}

func truth(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// podObject has one container, and more where a name stands for several ports:
// within a container it may not.
func podObject(p *cluster.Pod, name, node, host string, ips []string, bulk bool) object {
	var containers []object
	for i, ports := range portObjects(p.Ports) {
		containers = append(containers, object{"name": fmt.Sprint("c", i), "image": "registry.example/platform/program:1", "ports": ports})
	}
	spec := object{"containers": containers, "nodeName": node}
	if p.HostNetwork {
		spec["hostNetwork"] = true
	}
	status := object{
		"phase": string(p.Phase), "hostIP": host,
		"conditions": []object{{"type": "Ready", "status": truth(p.Ready)}},
	}
	if len(ips) > 0 {
		var list []object
		for _, a := range ips {
			list = append(list, object{"ip": a})
		}
		status["podIP"], status["podIPs"] = ips[0], list
	}
	if bulk {
		fill(spec, status, containers)
	}
	meta := metaObject(&p.Meta)
	meta["name"] = name
	if !p.Owner.IsZero() {
		meta["ownerReferences"] = []object{ownerObject(p)}
	}
	return object{"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}
}

// portObjects are the ports of each container.
func portObjects(ports []cluster.ContainerPort) [][]object {
	out := [][]object{{}}
	taken := []map[string]bool{{}}
	for _, c := range ports {
		at := 0
		for c.Name != "" && at < len(out) && taken[at][c.Name] {
			at++
		}
		if at == len(out) {
			out, taken = append(out, nil), append(taken, map[string]bool{})
		}
		port := object{"containerPort": c.Port, "protocol": c.Protocol.String()}
		if c.Name != "" {
			port["name"] = c.Name
		}
		out[at], taken[at][c.Name] = append(out[at], port), true
	}
	return out
}

// ownerObject is the direct controller: of a Deployment's pod the ReplicaSet,
// which has the hash of the template in its name.
func ownerObject(p *cluster.Pod) object {
	kind, name := p.Owner.Kind, p.Owner.Name
	if hash := p.Labels["pod-template-hash"]; kind == "Deployment" && hash != "" {
		kind, name = "ReplicaSet", name+"-"+hash
	}
	return object{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "00000000-0000-4000-8000-000000000000", "controller": true, "blockOwnerDeletion": true}
}

func portObject(r cluster.PortRef) any {
	if r.Name != "" {
		return r.Name
	}
	return r.Number
}

func serviceObject(s *cluster.Service) object {
	var ports []object
	for _, p := range s.Ports {
		o := object{"name": p.Name, "port": p.Port, "protocol": p.Protocol.String(), "targetPort": portObject(p.TargetPort)}
		if p.NodePort != 0 {
			o["nodePort"] = p.NodePort
		}
		ports = append(ports, o)
	}
	spec := object{"type": string(s.Type), "clusterIPs": addresses(s.ClusterIPs), "selector": s.Selector, "ports": ports}
	if s.ExternalTrafficPolicy != "" {
		spec["externalTrafficPolicy"] = string(s.ExternalTrafficPolicy)
	}
	o := object{"apiVersion": "v1", "kind": "Service", "metadata": metaObject(&s.Meta), "spec": spec}
	if len(s.Ingress) > 0 {
		var at []object
		for _, i := range s.Ingress {
			at = append(at, object{"ip": i.IP.String()})
		}
		o["status"] = object{"loadBalancer": object{"ingress": at}}
	}
	return o
}

func sliceObject(s *cluster.EndpointSlice) object {
	var ports, endpoints []object
	for _, p := range s.Ports {
		ports = append(ports, object{"name": p.Name, "port": p.Port, "protocol": p.Protocol.String()})
	}
	for _, e := range s.Endpoints {
		endpoints = append(endpoints, object{
			"addresses": addresses(e.Addresses), "nodeName": e.Node, "targetRef": targetObject(e.Target),
			"conditions": object{"ready": e.Ready, "serving": e.Serving, "terminating": e.Terminating},
		})
	}
	m := s.Meta
	m.Labels = cluster.Labels{"kubernetes.io/service-name": s.Service}
	return object{
		"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metaObject(&m),
		"addressType": "IPv4", "ports": ports, "endpoints": endpoints,
	}
}

func targetObject(o flow.Object) object {
	return object{"kind": o.Kind, "namespace": o.Namespace, "name": o.Name}
}
