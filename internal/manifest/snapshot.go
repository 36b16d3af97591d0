package manifest

import (
	"encoding/json"
	"io"
	"maps"
	"net/netip"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// WriteSnapshot writes what was read as a List, one object a line: of each object
// what an answer may rest on, and nothing else. It is for a Builder whose Input was
// taken. What the reader derived is left out, for it is derived again; Expectations
// and what is not used are left out too. disguise may be nil.
func (b *Builder) WriteSnapshot(w io.Writer, in *Input, disguise *Disguise) error {
	x := snapshotWriter{w: w, d: disguise}
	disguise.learn(b)
	x.text("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[")
	for _, n := range b.nodes {
		if !n.Implied {
			x.object("v1", "Node", &n.Meta, x.node(n))
		}
	}
	for _, n := range b.namespaces {
		if !n.Implied {
			x.object("v1", "Namespace", &n.Meta, nil)
		}
	}
	for _, p := range b.pods {
		if !p.Derived {
			x.pod(p)
		}
	}
	for _, s := range b.services {
		x.service(s)
	}
	for _, s := range b.slices {
		if !s.Derived {
			x.slice(s)
		}
	}
	for _, p := range b.policies {
		x.object("networking.k8s.io/v1", "NetworkPolicy", &p.Meta, fields{"spec": x.policy(p)})
	}
	for _, k := range b.workloads {
		if k.Owner.IsZero() {
			x.workload(k)
		}
	}
	x.metallb(&b.metallb)
	for _, c := range b.clues {
		x.clue(c)
	}
	for _, c := range b.callbacks {
		x.callback(c)
	}
	for _, f := range b.foreign {
		x.foreign(f)
	}
	x.fabric(b.fabric)
	x.reading(in.Snapshot)
	x.text("\n]}\n")
	return x.err
}

// fields is an object of JSON; what is empty is left out.
type fields map[string]any

func (f fields) set(name string, val any) fields {
	switch v := val.(type) {
	case string:
		if v == "" {
			return f
		}
	case bool:
		if !v {
			return f
		}
	case uint16:
		if v == 0 {
			return f
		}
	case []any:
		if v == nil {
			return f
		}
	case fields:
		if v == nil {
			return f
		}
	case map[string]string:
		if v == nil {
			return f
		}
	}
	f[name] = val
	return f
}

type snapshotWriter struct {
	w    io.Writer
	d    *Disguise
	some bool // an object was written
	err  error
}

func (x *snapshotWriter) text(s string) {
	if x.err == nil {
		_, x.err = io.WriteString(x.w, s)
	}
}

// object writes one, with what it has besides metadata.
func (x *snapshotWriter) object(version, kind string, m *cluster.Meta, parts fields) {
	all := fields{"apiVersion": version, "kind": kind, "metadata": x.meta(m, parts)}
	for k, v := range parts {
		if k != "metadata" {
			all[k] = v
		}
	}
	line, err := json.Marshal(all)
	if err != nil {
		x.err = err
		return
	}
	if x.some {
		x.text(",")
	}
	x.some = true
	x.text("\n")
	x.text(string(line))
}

func (x *snapshotWriter) meta(m *cluster.Meta, parts fields) fields {
	f := fields{"name": x.d.name(m.Name)}
	f.set("namespace", x.d.name(m.Namespace)).set("creationTimestamp", m.Created).set("labels", x.d.labels(m.Labels))
	if notes := x.d.annotations(m.Annotations); len(notes) > 0 {
		f["annotations"] = notes
	}
	if m.Manager != "" && m.Manager != m.Annotations[annotationHelmRelease] {
		f["managedFields"] = []any{fields{"manager": x.d.manager(m.Manager)}}
	}
	if more, ok := parts["metadata"].(fields); ok {
		maps.Copy(f, more)
	}
	return f
}

func list[T any](all []T, each func(T) any) []any {
	if all == nil {
		return nil
	}
	out := make([]any, len(all))
	for i, t := range all {
		out[i] = each(t)
	}
	return out
}

func (x *snapshotWriter) addr(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return x.d.addr(a).String()
}

func (x *snapshotWriter) addrs(all []netip.Addr) []any {
	return list(all, func(a netip.Addr) any { return x.addr(a) })
}

func (x *snapshotWriter) prefixes(all []netip.Prefix) []any {
	return list(all, func(p netip.Prefix) any { return x.d.prefix(p).String() })
}

func (x *snapshotWriter) names(all []string) []any {
	return list(all, func(s string) any { return x.d.name(s) })
}

func status(is bool) string {
	if is {
		return "True"
	}
	return "False"
}

func (x *snapshotWriter) node(n *cluster.Node) fields {
	var addresses []any
	for _, a := range n.InternalIPs {
		addresses = append(addresses, fields{"type": "InternalIP", "address": x.addr(a)})
	}
	for _, a := range n.OtherIPs {
		addresses = append(addresses, fields{"type": "ExternalIP", "address": x.addr(a)})
	}
	conditions := []any{fields{"type": "Ready", "status": status(n.Ready)}}
	if n.NetworkUnavailable {
		conditions = append(conditions, fields{"type": "NetworkUnavailable", "status": "True"})
	}
	state := fields{"conditions": conditions}
	state.set("addresses", addresses)
	if n.Kubelet != "" {
		state["nodeInfo"] = fields{"kubeletVersion": n.Kubelet}
	}
	return fields{"spec": fields{}.set("podCIDRs", x.prefixes(n.PodCIDRs)), "status": state}
}

func (x *snapshotWriter) pod(p *pod) {
	meta := fields{}
	if !p.Owner.IsZero() {
		meta["ownerReferences"] = []any{fields{"controller": true, "kind": p.Owner.Kind, "name": x.d.name(p.Owner.Name)}}
	}
	if p.Terminating {
		meta["deletionTimestamp"] = "1970-01-01T00:00:00Z"
	}
	parts := fields{"metadata": meta, "spec": x.podSpec(p).set("nodeName", x.d.name(p.Node))}
	if p.HasStatus {
		ip := func(a netip.Addr) any { return fields{"ip": x.addr(a)} }
		s := fields{"phase": string(p.Phase), "conditions": []any{fields{"type": "Ready", "status": status(p.Ready)}}}
		s.set("hostIPs", list(p.HostIPs, ip))
		if !p.Invented {
			s.set("podIPs", list(p.IPs, ip))
		}
		parts["status"] = s
	}
	x.object("v1", "Pod", &p.Meta, parts)
}

// podSpec is a pod's ports, and of an agent of a dataplane what tells how it is
// set up.
func (x *snapshotWriter) podSpec(p *pod) fields {
	first := fields{"name": "c"}
	first.set("ports", list(p.Ports, func(c cluster.ContainerPort) any {
		return fields{"containerPort": c.Port, "protocol": c.Protocol.String()}.set("name", c.Name)
	}))
	containers := []any{first}
	if p.agent != nil {
		var args []any
		for k, v := range p.agent.Settings {
			args = append(args, "--"+k+"="+x.d.setting(v))
		}
		first.set("args", args)
		for i, image := range p.agent.Images {
			if i == 0 {
				first["image"] = x.d.image(image)
			} else {
				containers = append(containers, fields{"name": "c", "image": x.d.image(image)})
			}
		}
	}
	return fields{"containers": containers}.set("hostNetwork", p.HostNetwork)
}

func (x *snapshotWriter) workload(k *workload) {
	version := "apps/v1"
	switch k.Kind {
	case "Job", "CronJob":
		version = "batch/v1"
	case "ReplicationController":
		version = "v1"
	}
	spec := fields{"template": fields{"metadata": fields{}.set("labels", x.d.labels(k.Template.Labels)), "spec": x.podSpec(&k.Template)}}
	switch k.Kind {
	case "Job":
		spec["parallelism"] = k.Replicas
	case "CronJob":
		spec = fields{"jobTemplate": fields{"spec": spec.set("parallelism", k.Replicas)}}
	case "DaemonSet":
	default:
		spec["replicas"] = k.Replicas
	}
	parts := fields{"spec": spec}
	s := fields{}
	if k.Live {
		s["observedGeneration"] = 1
	}
	if k.Finished {
		s["completionTime"] = "1970-01-01T00:00:00Z"
	}
	if len(s) > 0 {
		parts["status"] = s
	}
	x.object(version, k.Kind, &k.Meta, parts)
}

func (x *snapshotWriter) callback(c *cluster.Callback) {
	service := func(call cluster.Call) fields {
		return fields{"service": fields{"namespace": x.d.name(call.Namespace), "name": x.d.name(call.Service), "port": call.Port}}
	}
	switch kind := c.Object.Kind; kind {
	case "APIService":
		x.object("apiregistration.k8s.io/v1", kind, &c.Meta, fields{"spec": service(c.Calls[0])})
	case "CustomResourceDefinition":
		x.object("apiextensions.k8s.io/v1", kind, &c.Meta, fields{"spec": fields{"conversion": fields{"webhook": fields{"clientConfig": service(c.Calls[0])}}}})
	default:
		x.object("admissionregistration.k8s.io/v1", kind, &c.Meta, fields{"webhooks": list(c.Calls, func(call cluster.Call) any {
			f := fields{"clientConfig": service(call)}
			if call.Optional {
				f["failurePolicy"] = "Ignore"
			}
			return f
		})})
	}
}

// foreign writes the name of an object that is not modelled; what was not read is
// told by reading.
func (x *snapshotWriter) foreign(f *cluster.Foreign) {
	if f.Unread {
		return
	}
	kind, group, _ := strings.Cut(f.Object.Kind, ".")
	for i := range foreignKinds {
		if k := &foreignKinds[i]; group == "" && k.kind == kind && k.engine == f.Engine {
			group = k.group
		}
	}
	if group == "" {
		group = f.Engine
	}
	x.object(group+"/v1", kind, &cluster.Meta{Namespace: f.Object.Namespace, Name: f.Object.Name}, nil)
}

// reading tells what could not be read, where something could not.
func (x *snapshotWriter) reading(s *cluster.Snapshot) {
	spec := fields{}
	var unread []any
	for i := range s.Foreign {
		if f := &s.Foreign[i]; f.Unread {
			u := fields{"kind": f.Object.Kind, "name": x.d.name(f.Object.Name), "engine": f.Engine}
			unread = append(unread, u.set("namespace", x.d.name(f.Namespace)).set("denyOnly", f.DenyOnly).set("except", x.names(f.Except)))
		}
	}
	var notes []any
	for _, n := range s.Notes {
		if told[n.Code] {
			notes = append(notes, fields{"code": string(n.Code), "args": x.d.args(n)})
		}
	}
	var missing []any
	for _, k := range s.Absent {
		missing = append(missing, k)
	}
	var lists []any
	for i := range s.Unread {
		u := &s.Unread[i]
		lists = append(lists, fields{"kind": u.Kind, "right": u.Right}.set("except", x.names(u.Except)))
	}
	if unread == nil && notes == nil && lists == nil {
		return
	}
	spec.set("absent", missing).set("lists", lists).set("unread", unread).set("notes", notes)
	x.object(ownVersion, "Reading", &cluster.Meta{Name: "reading"}, fields{"spec": spec})
}

// told are the notes of a live reading, which nobody can derive again.
var told = map[flow.Code]bool{
	flow.CodeLiveForbidden: true, flow.CodeLiveNarrow: true, flow.CodeLiveFailed: true, flow.CodeLiveOdd: true, flow.CodeLiveMoments: true, flow.CodeLiveStale: true,
}
