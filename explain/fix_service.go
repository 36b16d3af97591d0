package explain

import (
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/path"
)

// propose looks for what no policy can repair: it returns an edit of a Service
// with its reasons, or reasons alone where there is no object to print, or
// nothing where policies are all that is in the way.
func (r *repair) propose() (*Edit, []flow.Reason) {
	for i := range r.answer.Traces {
		t := &r.answer.Traces[i]
		if edit, why := r.proposeFor(t); edit != nil || len(why) > 0 {
			return edit, why
		}
	}
	return nil, nil
}

func (r *repair) proposeFor(t *path.Walked) (*Edit, []flow.Reason) {
	address := t.Target.Addr.String()
	switch t.Fate {
	case flow.NoEndpoints:
		return r.endpoints(t)
	case flow.NotListening:
		return r.listening(t)
	case flow.NoLocalEndpoint:
		return r.clusterWide(t)
	case flow.DeniedBySourceRanges:
		return r.ranges(t)
	case flow.NotAnnounced:
		if svc := t.Target.Pending; svc != nil {
			// The first reason says that it is pending, which the fix says itself.
			why := []flow.Reason{flow.Because(flow.CodeFixPending, svc.Namespace+"/"+svc.Name)}
			return nil, append(why, path.WhyPending(r.m, svc)[1:]...)
		}
		return nil, []flow.Reason{flow.Because(flow.CodeFixAnnounce, t.Target.Addr.Addr().String()), lastDecision(t).Reason}
	case flow.Loop:
		return nil, []flow.Reason{flow.Because(flow.CodeFixLoop, address), lastDecision(t).Reason}
	case flow.ReplyLost:
		return nil, []flow.Reason{flow.Because(flow.CodeFixReply), lastDecision(t).Reason}
	case flow.NotCaptured, flow.NoRoute:
		switch lastDecision(t).Reason.Code {
		case flow.CodeBridgeHairpin:
			return nil, []flow.Reason{flow.Because(flow.CodeFixHairpin), lastDecision(t).Reason}
		case flow.CodeNoFamily:
			return nil, []flow.Reason{flow.Because(flow.CodeFixFamily, address), lastDecision(t).Reason}
		default:
		}
		return nil, []flow.Reason{flow.Because(flow.CodeFixAddress, address), lastDecision(t).Reason}
	case flow.Delivered, flow.DeniedByPolicy, flow.Unknown:
	}
	return nil, nil
}

func saying(code flow.Code, args ...string) (*Edit, []flow.Reason) {
	return nil, []flow.Reason{flow.Because(code, args...)}
}

// targetService is the Service asked for, as the edits left it, and its port.
func (r *repair) targetService(t *path.Walked) (*cluster.Service, *cluster.ServicePort) {
	if t.Target.Front == nil {
		return nil, nil
	}
	svc := r.service(t.Target.Front.Service)
	for i := range svc.Ports {
		if p := &svc.Ports[i]; p.Port == t.Target.Front.Named.Port && p.Protocol == t.Target.Front.Protocol {
			return svc, p
		}
	}
	return nil, nil
}

// original is the Service as it is in the input, which edits start from.
func (r *repair) original(svc *cluster.Service) *cluster.Service {
	return r.m.Index.Service(svc.Namespace, svc.Name)
}

// endpoints: a Service without any usable endpoint. Its selector may select
// nobody, its target port may be a name that no pod has, or nobody is ready.
func (r *repair) endpoints(t *path.Walked) (*Edit, []flow.Reason) {
	svc, port := r.targetService(t)
	if svc == nil {
		return saying(flow.CodeFixNone)
	}
	name := svc.Namespace + "/" + svc.Name
	if len(svc.Selector) == 0 {
		return saying(flow.CodeFixNoSelector, name)
	}
	var pods []*cluster.Pod
	for i := range r.m.Snapshot.Pods {
		if p := &r.m.Snapshot.Pods[i]; !p.Finished() && serviceSelects(svc, p) {
			pods = append(pods, p)
		}
	}
	if len(pods) == 0 {
		return r.reselect(svc)
	}
	if !slices.ContainsFunc(pods, func(p *cluster.Pod) bool { return targetNumber(port, p) != 0 }) {
		return r.retarget(svc, port, pods)
	}
	if !slices.ContainsFunc(pods, func(p *cluster.Pod) bool { return p.Ready && !p.Terminating }) {
		return saying(flow.CodeFixNotReady, podWords(pods))
	}
	return saying(flow.CodeFixSlices, name, podWords(pods))
}

// listening: the endpoint's pod declares ports, but not the target port.
func (r *repair) listening(t *path.Walked) (*Edit, []flow.Reason) {
	svc, port := r.targetService(t)
	var pods []*cluster.Pod
	for i := range r.m.Snapshot.Pods {
		p := &r.m.Snapshot.Pods[i]
		meant := slices.ContainsFunc(t.Endpoints, func(e flow.Endpoint) bool { return e.Pod == p.Object() })
		if meant || svc != nil && !p.Finished() && serviceSelects(svc, p) {
			pods = append(pods, p)
		}
	}
	switch {
	case len(pods) == 0:
		return saying(flow.CodeFixNone)
	case svc == nil:
		return saying(flow.CodeFixAskPort, podWords(pods), portsDeclared(pods, t.Target.Protocol))
	}
	return r.retarget(svc, port, pods)
}

// retarget points a Service port at the only port of the protocol that the pods
// declare.
func (r *repair) retarget(svc *cluster.Service, port *cluster.ServicePort, pods []*cluster.Pod) (*Edit, []flow.Reason) {
	name := svc.Namespace + "/" + svc.Name
	ref, ok := onlyPort(pods, port.Protocol)
	twins := slices.ContainsFunc(svc.Ports, func(o cluster.ServicePort) bool { return o.Port == port.Port && o.Protocol != port.Protocol })
	if !ok || ref == port.TargetPort || twins {
		return saying(flow.CodeFixTargets, name, refWords(port.TargetPort), podWords(pods), portsDeclared(pods, port.Protocol))
	}
	return &Edit{Service: r.original(svc), Port: port, TargetPort: ref}, []flow.Reason{
		flow.Because(flow.CodeFixRetarget, name, refWords(port.TargetPort), refWords(ref), podWords(pods)),
	}
}

// onlyPort is the one port of the protocol that every pod declares: a number,
// or a name where the numbers differ.
func onlyPort(pods []*cluster.Pod, proto flow.Protocol) (cluster.PortRef, bool) {
	numbers, names := map[uint16]bool{}, map[string]bool{}
	for _, p := range pods {
		var own []cluster.ContainerPort
		for _, c := range p.Ports {
			if c.Protocol == proto {
				own = append(own, c)
			}
		}
		if len(own) != 1 {
			return cluster.PortRef{}, false
		}
		numbers[own[0].Port], names[own[0].Name] = true, true
	}
	switch {
	case len(numbers) == 1:
		for n := range numbers {
			return cluster.PortRef{Number: n}, true
		}
	case len(names) == 1 && !names[""]:
		for n := range names {
			return cluster.PortRef{Name: n}, true
		}
	}
	return cluster.PortRef{}, false
}

func portsDeclared(pods []*cluster.Pod, proto flow.Protocol) string {
	var all []string
	for _, p := range pods {
		for _, c := range p.Ports {
			if c.Protocol == proto {
				all = append(all, portText(c.Port, proto))
			}
		}
	}
	if len(all) == 0 {
		return "@phrase-none"
	}
	return fewNames(all)
}

func refWords(p cluster.PortRef) string {
	if p.Name != "" {
		return p.Name
	}
	return strconv.Itoa(int(p.Number))
}

// clusterWide lifts the Local traffic policy that keeps a packet from the
// endpoints elsewhere.
func (r *repair) clusterWide(t *path.Walked) (*Edit, []flow.Reason) {
	svc, _ := r.targetService(t)
	if svc == nil {
		return saying(flow.CodeFixNone)
	}
	e, name := &Edit{Service: r.original(svc)}, svc.Namespace+"/"+svc.Name
	if t.Target.Front.Kind.External() {
		e.External = cluster.PolicyCluster
		return e, []flow.Reason{flow.Because(flow.CodeFixExternalCluster, name)}
	}
	e.Internal = cluster.PolicyCluster
	return e, []flow.Reason{flow.Because(flow.CodeFixInternalCluster, name)}
}

// ranges adds the excluded sources to the Service's source ranges.
func (r *repair) ranges(t *path.Walked) (*Edit, []flow.Reason) {
	svc, _ := r.targetService(t)
	if svc == nil {
		return saying(flow.CodeFixNone)
	}
	all, added := slices.Clone(svc.SourceRanges), []string{}
	for i := range r.answer.Traces {
		o := &r.answer.Traces[i]
		src := lastDecision(o).Before.Src.Addr()
		switch {
		case o.Fate != flow.DeniedBySourceRanges || !src.IsValid() || slices.Contains(all, hostPrefix(src)):
			continue
		case assumedClient(o):
			return saying(flow.CodeFixRangesWhom, svc.Namespace+"/"+svc.Name)
		}
		all, added = append(all, hostPrefix(src)), append(added, hostPrefix(src).String())
	}
	if len(added) == 0 {
		return saying(flow.CodeFixNone)
	}
	return &Edit{Service: r.original(svc), SourceRanges: all}, []flow.Reason{
		flow.Because(flow.CodeFixRanges, svc.Namespace+"/"+svc.Name, strings.Join(added, ", ")),
	}
}

// assumedClient reports whether nobody told us of the client.
func assumedClient(t *path.Walked) bool {
	return slices.ContainsFunc(t.Assumptions, func(r flow.Reason) bool { return r.Code == flow.CodeAssumedClient })
}

// clientOf is the address a client outside sends from; zero for others.
func clientOf(t *path.Walked) netip.Addr {
	if len(t.Hops) == 0 || t.Hops[0].Machine.Kind != flow.MachineClient || len(t.Hops[0].Steps) == 0 {
		return netip.Addr{}
	}
	return t.Hops[0].Steps[0].Before.Src.Addr()
}

// workload is pods that one selector means.
type workload struct {
	name string
	pods []*cluster.Pod
}

func (r *repair) workloads(namespace string) []workload {
	var out []workload
	at := map[string]int{}
	for i := range r.m.Snapshot.Pods {
		p := &r.m.Snapshot.Pods[i]
		if p.Namespace != namespace || p.Finished() {
			continue
		}
		name := p.Owner.String()
		if p.Owner.IsZero() {
			l := cluster.LabelSelector{MatchLabels: commonLabels([]*cluster.Pod{p})}
			name = l.String()
		}
		j, ok := at[name]
		if !ok {
			j = len(out)
			at[name] = j
			out = append(out, workload{name: p.Namespace + "/" + p.Name})
		}
		out[j].pods = append(out[j].pods, p)
	}
	return out
}

// reselect corrects a selector that selects nobody, where one label is off by a
// typo or a renaming and exactly one workload is meant; else it names the
// nearest labels.
func (r *repair) reselect(svc *cluster.Service) (*Edit, []flow.Reason) {
	var found []cluster.Labels
	var meant []workload
	all := r.workloads(svc.Namespace)
	for _, w := range all {
		if fixed := corrected(svc.Selector, commonLabels(w.pods)); fixed != nil {
			found, meant = append(found, fixed), append(meant, w)
		}
	}
	name, was := svc.Namespace+"/"+svc.Name, cluster.LabelSelector{MatchLabels: svc.Selector}
	if len(found) == 1 {
		now := cluster.LabelSelector{MatchLabels: found[0]}
		others := slices.ContainsFunc(podsSelected(r.m, svc.Namespace, &now), func(p *cluster.Pod) bool { return !slices.Contains(meant[0].pods, p) })
		if !others {
			return &Edit{Service: r.original(svc), Selector: found[0]}, []flow.Reason{
				flow.Because(flow.CodeFixReselect, name, was.String(), now.String(), podWords(meant[0].pods)),
			}
		}
	}
	var nearest []string
	slices.SortStableFunc(all, func(a, b workload) int {
		return distance(svc.Selector, commonLabels(a.pods)) - distance(svc.Selector, commonLabels(b.pods))
	})
	for _, w := range all[:min(3, len(all))] {
		s := cluster.LabelSelector{MatchLabels: commonLabels(w.pods)}
		nearest = append(nearest, w.name+" ("+s.String()+")")
	}
	if len(nearest) == 0 {
		return saying(flow.CodeFixNoPods, name, was.String(), svc.Namespace)
	}
	return saying(flow.CodeFixNearest, name, was.String(), strings.Join(nearest, "; "))
}

// distance orders labels by how near they come to a selector.
func distance(selector, labels cluster.Labels) int {
	n := 0
	for k, v := range selector {
		switch got, ok := labels[k]; {
		case ok && got == v:
		case ok && alikeValues(v, got):
			n++
		default:
			n += 3
		}
	}
	return n
}

// corrected returns the selector with the one label put right that keeps it
// from selecting the labels, or nil: another spelling of the value, or another
// key with the same value.
func corrected(selector, labels cluster.Labels) cluster.Labels {
	wrong := ""
	for k, v := range selector {
		if got, ok := labels[k]; ok && got == v {
			continue
		}
		if wrong != "" {
			return nil
		}
		wrong = k
	}
	if wrong == "" {
		return nil
	}
	out := maps.Clone(selector)
	if got, ok := labels[wrong]; ok {
		if !alikeValues(selector[wrong], got) {
			return nil
		}
		out[wrong] = got
		return out
	}
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		if _, used := selector[k]; !used && labels[k] == selector[wrong] {
			delete(out, wrong)
			out[k] = labels[k]
			return out
		}
	}
	return nil
}
