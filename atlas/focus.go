package atlas

import (
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/reach"
)

const focusHint = "ns/NAME, deploy/NAMESPACE/NAME (sts, ds, rs, job, cronjob), pod/NAMESPACE/NAME, for --to also svc/NAMESPACE/NAME[:PORT]"

var workloads = map[string]string{
	"deploy": "Deployment", "deployment": "Deployment", "sts": "StatefulSet", "statefulset": "StatefulSet",
	"ds": "DaemonSet", "daemonset": "DaemonSet", "rs": "ReplicaSet", "replicaset": "ReplicaSet",
	"job": "Job", "cronjob": "CronJob", "cj": "CronJob", "rc": "ReplicationController",
}

// focus is pods that somebody named.
type focus struct {
	units map[reach.Unit]bool
	// service and port are set where a Service was named.
	service *cluster.Service
	port    string
	// pod is set where one pod was named.
	pod *cluster.Pod
}

// find reads a name and finds its pods. Nil is everybody.
func find(c *reach.Chart, text, namespace string, services bool) (*focus, error) {
	if text == "" {
		return nil, nil
	}
	kind, rest, has := strings.Cut(text, "/")
	full, workload := workloads[kind]
	switch {
	case kind == "external" || kind == "node" || kind == "no":
		return nil, &Error{text, "these are pods; what is outside, and what nodes may, is counted for each Service", "portolan map --exposure; or portolan trace " + text + " TARGET"}
	case !has || rest == "":
		return nil, &Error{text, "not a name of pods", focusHint}
	case kind == "ns" || kind == "namespace":
		return named(c, text, "no pods of that namespace in the input", func(p *cluster.Pod) bool { return p.Namespace == rest })
	case (kind == "svc" || kind == "service") && services:
		return findService(c, text, rest, namespace)
	case kind == "pod" || kind == "po":
		ns, name := split(rest, namespace)
		p := c.Model().Index.Pod(ns, name)
		if p != nil && p.HostNetwork {
			return nil, &Error{text, "the Pod uses its node's network, so it is a process of node " + p.Node, "portolan trace " + text + " TARGET -f ..."}
		}
		f, err := named(c, text, "no such Pod in the input, or it has no address", func(o *cluster.Pod) bool { return o == p })
		if f != nil {
			f.pod = p
		}
		return f, err
	case workload:
		ns, name := split(rest, namespace)
		owner := flow.Object{Kind: full, Namespace: ns, Name: name}
		return named(c, text, "no running Pod of "+owner.String()+" in the input", func(p *cluster.Pod) bool { return p.Owner == owner })
	}
	return nil, &Error{text, "not a name of pods", focusHint}
}

func split(name, namespace string) (string, string) {
	if ns, n, ok := strings.Cut(name, "/"); ok {
		return ns, n
	}
	return namespace, name
}

// named are the units of pods, which must be some.
func named(c *reach.Chart, text, none string, is func(*cluster.Pod) bool) (*focus, error) {
	f := &focus{units: map[reach.Unit]bool{}}
	for i := range c.Model().Snapshot.Pods {
		if p := &c.Model().Snapshot.Pods[i]; is(p) {
			if n := c.UnitOf(p); n >= 0 {
				f.units[n] = true
			}
		}
	}
	if len(f.units) == 0 {
		return nil, &Error{text, none, focusHint}
	}
	return f, nil
}

// findService are the pods behind a Service port.
func findService(c *reach.Chart, text, rest, namespace string) (*focus, error) {
	rest, port, _ := strings.Cut(rest, ":")
	ns, name := split(rest, namespace)
	f := &focus{units: map[reach.Unit]bool{}, port: port, service: c.Model().Index.Service(ns, name)}
	if f.service == nil {
		return nil, &Error{text, "no such Service in the input", focusHint}
	}
	found := port == ""
	for i := range f.service.Ports {
		p := &f.service.Ports[i]
		if !f.shows(f.service, p) {
			continue
		}
		found = true
		for _, n := range endpoints(c, f.service, p) {
			f.units[n] = true
		}
	}
	if !found {
		return nil, &Error{text, "the Service has no such port", focusHint}
	}
	return f, nil
}

// shows reports whether a Service port is what was named.
func (f *focus) shows(svc *cluster.Service, p *cluster.ServicePort) bool {
	return svc == f.service && (f.port == "" || f.port == p.Name || f.port == portWord(p))
}

// holds reports whether a unit is in the focus.
func (f *focus) holds(n reach.Unit) bool { return f == nil || f.units[n] }
