package explain

import (
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// WhyEmpty says why a Service port has no usable endpoint, from the pods of the
// input.
func WhyEmpty(s *cluster.Snapshot, svc *cluster.Service, p *cluster.ServicePort) flow.Reason {
	return whyEmpty(s, svc, p, podsByNamespace(s))
}

// Empties answers WhyEmpty for any number of Services of one Snapshot.
type Empties struct {
	snapshot *cluster.Snapshot
	pods     map[string][]*cluster.Pod
}

// NewEmpties sorts the pods once.
func NewEmpties(s *cluster.Snapshot) *Empties { return &Empties{s, podsByNamespace(s)} }

// Why is WhyEmpty.
func (e *Empties) Why(svc *cluster.Service, p *cluster.ServicePort) flow.Reason {
	return whyEmpty(e.snapshot, svc, p, e.pods)
}

func podsByNamespace(s *cluster.Snapshot) map[string][]*cluster.Pod {
	all := map[string][]*cluster.Pod{}
	for i := range s.Pods {
		all[s.Pods[i].Namespace] = append(all[s.Pods[i].Namespace], &s.Pods[i])
	}
	return all
}

func whyEmpty(s *cluster.Snapshot, svc *cluster.Service, p *cluster.ServicePort, pods map[string][]*cluster.Pod) flow.Reason {
	name := svc.Namespace + "/" + svc.Name
	if len(svc.Selector) == 0 {
		return flow.Because(flow.CodeEmptyManual, name)
	}
	want := cluster.LabelSelector{MatchLabels: svc.Selector}
	words := selectorWords(svc.Selector)
	var live, ready, named []string
	for _, pod := range pods[svc.Namespace] {
		if pod.Finished() || !want.Matches(pod.Labels) {
			continue
		}
		live = append(live, pod.Name)
		if pod.Ready && !pod.Terminating && len(pod.IPs) > 0 {
			ready = append(ready, pod.Name)
		}
		if p.TargetPort.Name == "" || len(pod.PortNumbers(p.Protocol, p.TargetPort.Name)) > 0 {
			named = append(named, pod.Name)
		}
	}
	switch {
	case len(live) == 0:
		return nobodySelected(s, svc, want, words, pods)
	case len(named) == 0:
		return flow.Because(flow.CodeEmptyPort, name, p.TargetPort.Name, few(live))
	case len(ready) == 0:
		return flow.Because(flow.CodeEmptyUnready, name, few(live))
	}
	return flow.Because(flow.CodeEmptySlices, name, few(ready))
}

// nobodySelected looks for who may have been meant: a pod that has nearly the
// labels, else pods of another namespace that have them.
func nobodySelected(s *cluster.Snapshot, svc *cluster.Service, want cluster.LabelSelector, words string, pods map[string][]*cluster.Pod) flow.Reason {
	name := svc.Namespace + "/" + svc.Name
	var near *cluster.Pod
	best := 0
	for _, pod := range pods[svc.Namespace] {
		if n := nearness(svc.Selector, pod.Labels); n > best && !pod.Finished() {
			near, best = pod, n
		}
	}
	if near != nil {
		return flow.Because(flow.CodeEmptyNear, name, words, near.Namespace+"/"+near.Name, selectorWords(near.Labels))
	}
	for i := range s.Namespaces {
		ns := s.Namespaces[i].Name
		if slices.ContainsFunc(pods[ns], func(p *cluster.Pod) bool { return !p.Finished() && want.Matches(p.Labels) }) {
			return flow.Because(flow.CodeEmptyOther, name, words, ns)
		}
	}
	return flow.Because(flow.CodeEmptySelector, name, words)
}

// nearness counts what a pod's labels share with a selector: a label for two, a
// key with a value that begins alike for one.
func nearness(selector, labels cluster.Labels) int {
	n := 0
	for k, v := range selector {
		switch have, ok := labels[k]; {
		case ok && have == v:
			n += 2
		case ok && len(v) > 0 && len(have) > 0 && (strings.HasPrefix(have, prefix(v)) || strings.HasPrefix(v, prefix(have))):
			n++
		}
	}
	return n
}

// prefix is the beginning of a name that its variants share.
func prefix(s string) string { return s[:min(len(s), 3)] }

func selectorWords(l cluster.Labels) string {
	words := make([]string, 0, len(l))
	for k, v := range l {
		words = append(words, k+"="+v)
	}
	slices.Sort(words)
	return strings.Join(words, ",")
}

// few names the first of a list, and how many there are.
func few(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + ", ... (" + strconv.Itoa(len(names)) + ")"
}
