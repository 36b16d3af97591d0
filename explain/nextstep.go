package explain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
)

// nextSteps finds for each cause what tells it from the one after it: a place
// from which the two predict different ends, else a look at the thing itself.
func (g *diagnosing) nextSteps(open *world) {
	places := g.unasked()
	for i := range g.d.Causes {
		c := &g.d.Causes[i]
		if i+1 < len(g.d.Causes) {
			c.Next = g.tellApart(c, &g.d.Causes[i+1], places)
		}
		if c.Next.IsZero() {
			c.Next = flow.Because(flow.CodeNextRun, g.look(c, open))
		}
	}
}

func (g *diagnosing) tellApart(c, other *Cause, places []Observation) flow.Reason {
	if c.expects == nil || other.expects == nil {
		return flow.Reason{}
	}
	for i := range places {
		o := &places[i]
		a, b := c.expects(o), other.expects(o)
		if a == eitherWay || b == eitherWay || a == b {
			continue
		}
		cmd := g.command(o)
		if cmd == "" {
			continue
		}
		if a == expectsConnected {
			return flow.Because(flow.CodeNextConnect, o.From, cmd)
		}
		return flow.Because(flow.CodeNextFail, o.From, cmd)
	}
	return flow.Reason{}
}

// mostPlaces bounds the places that are tried for a difference.
const mostPlaces = 40

// unasked are places nobody asked from yet: pods of the namespaces concerned,
// then nodes.
func (g *diagnosing) unasked() []Observation {
	var out []Observation
	add := func(from string) {
		if len(out) < mostPlaces && !slices.ContainsFunc(g.obs, func(o Observation) bool { return o.From == from }) {
			out = append(out, Observation{From: from, To: g.obs[0].To})
		}
	}
	for i := range g.slice.Pods {
		p := &g.slice.Pods[i]
		if !p.HostNetwork && !p.Finished() && len(p.IPs) > 0 && p.Ready {
			add("pod/" + p.Namespace + "/" + p.Name)
		}
		if len(out) >= mostPlaces-8 {
			break
		}
	}
	for i := range g.slice.Nodes {
		add("node/" + g.slice.Nodes[i].Name)
	}
	return out
}

// command is how to connect from a place: nc in a container that shares its
// network.
func (g *diagnosing) command(o *Observation) string {
	k, err := g.foresee(g.full, o)
	if err != nil || len(k.answers) == 0 || len(k.answers[0].Targets) == 0 {
		return ""
	}
	t := k.answers[0].Targets[0]
	flags := "-vz"
	if t.Protocol == flow.UDP {
		flags = "-vzu"
	}
	nc := fmt.Sprintf("nc %s -w 3 %s %d", flags, t.Addr.Addr(), t.Addr.Port())
	kind, name, _ := strings.Cut(o.From, "/")
	switch kind {
	case "node":
		return "kubectl debug node/" + shell(name) + " -it --image=busybox -- " + nc
	case "pod":
		ns, pod, _ := strings.Cut(name, "/")
		return "kubectl debug -n " + shell(ns) + " " + shell(pod) + " -it --image=busybox -- " + nc
	}
	return nc
}

// look is the command that shows the cause itself.
func (g *diagnosing) look(c *Cause, open *world) string {
	o := flow.Object{}
	if len(c.Objects) > 0 {
		o = c.Objects[0]
	}
	switch c.Kind {
	case CausePolicy, CauseSeveral, CauseSourceRanges, CauseTrafficPolicy, CauseAddress:
		return "kubectl get " + strings.ToLower(o.Kind) + " -n " + shell(o.Namespace) + " " + shell(o.Name) + " -o yaml"
	case CauseEndpoints:
		return "kubectl get endpointslices -n " + shell(o.Namespace) + " -l kubernetes.io/service-name=" + shell(o.Name) +
			"; kubectl get pods -n " + shell(o.Namespace) + " --show-labels"
	case CauseListening:
		return "kubectl get pods -n " + shell(o.Namespace) + " -o custom-columns=NAME:.metadata.name,PORTS:.spec.containers[*].ports[*].containerPort"
	case CauseAnnounced:
		return "kubectl get nodes --show-labels"
	case CauseDataplane, CauseUnknown, CausePath:
		return "kubectl get pods -n kube-system -o wide"
	case CauseSuspicion:
		return g.lookSuspect(c, open)
	}
	return ""
}

func (g *diagnosing) lookSuspect(c *Cause, open *world) string {
	t := g.sample(open)
	switch c.Reason.Code {
	case flow.CodeSuspectNetwork:
		if t != nil && t.Endpoint.Node != "" {
			if n := g.full.Index.Node(t.Endpoint.Node); n != nil && len(n.InternalIPs) > 0 {
				return fmt.Sprintf("kubectl debug node/%s -it --image=busybox -- ping -c 3 -s 1400 %s", shell(t.First), n.InternalIPs[0])
			}
		}
	case flow.CodeSuspectOutside:
		if t != nil {
			return fmt.Sprintf("traceroute -T -p %d %s", t.Target.Addr.Port(), t.Target.Addr.Addr())
		}
	case flow.CodeSuspectNode:
		return "kubectl get pods -A -o wide --field-selector spec.nodeName=" + shell(c.Reason.Args[0])
	case flow.CodeSuspectRefusing, flow.CodeSuspectSilent, flow.CodeSuspectEndpoint:
		if t != nil && !t.Endpoint.Pod.IsZero() {
			p := t.Endpoint.Pod
			return "kubectl debug -n " + shell(p.Namespace) + " " + shell(p.Name) + " -it --image=busybox -- netstat -ltnu"
		}
	case flow.CodeSuspectUnseen, flow.CodeSuspectStale:
		return "kubectl get nodes,namespaces,pods,services,endpointslices,networkpolicies -A -o yaml > cluster.yaml; kubectl get crd -o name"
	default:
	}
	return "kubectl get pods -n kube-system -o wide"
}

// sample is a path of the first failure, one between two nodes if there is one.
func (g *diagnosing) sample(open *world) *path.Walked {
	var first *path.Walked
	for _, i := range g.failing {
		for t := range open.looks[i].traces {
			if first == nil {
				first = t
			}
			if crossesNodes(&t.Trace) {
				return t
			}
		}
	}
	return first
}

// shell quotes a name of the input for a command that people paste.
func shell(name string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._:/@", r)
	}
	if name != "" && strings.IndexFunc(name, func(r rune) bool { return !plain(r) }) < 0 {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
