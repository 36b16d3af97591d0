package reach

import (
	"slices"

	"github.com/portolan-net/portolan/cluster"
)

// fromPods compares who of the pods of both versions reaches a front. Endpoints
// are compared one by one.
func (x *frontDiff) fromPods(c *FrontChange, was, now *Front) {
	every := []FromPods{{All: true, Units: Set{appendSpan(nil, span{0, int32(len(x.Pods))})}, Answer: gone}}
	old, young := x.parts(was.Pods, 0), x.parts(now.Pods, 1)
	if c.Old == nil {
		old = every
	}
	if c.New == nil {
		young = every
	}
	for i := range old {
		for j := range young {
			a, b := &old[i], &young[j]
			if a.Verdict == b.Verdict {
				continue
			}
			p := PodsChange{Units: Set{intersect2(a.Units.spans, b.Units.spans)}, Was: a.Answer, Now: b.Answer}
			p.Nodes.all = x.New.m.Snapshot.Nodes
			switch {
			case a.All && b.All:
				p.All = true
			case a.All:
				p.Nodes.spans = b.Nodes.spans
			case b.All:
				p.Nodes.spans = x.renamed(a.Nodes)
			default:
				p.Nodes.spans = intersect(x.renamed(a.Nodes), b.Nodes.spans)
			}
			if p.Units.spans = x.present(&p, was, now); len(p.Units.spans) > 0 {
				c.Pods = append(c.Pods, p)
			}
		}
	}
	x.self(c, was, now)
}

// parts are those that are not endpoints, in numbers of Difference.Pods.
func (x *frontDiff) parts(list []FromPods, which int) []FromPods {
	var out []FromPods
	for _, p := range list {
		if len(p.Self) > 0 {
			continue
		}
		var numbers []int32
		for u := range p.Units.All {
			numbers = append(numbers, x.of[which][u]...)
		}
		p.Units = setOf(numbers)
		out = append(out, p)
	}
	return out
}

// present keeps the units of which some pod is concerned: on the nodes, and an
// endpoint of neither version.
func (x *frontDiff) present(p *PodsChange, was, now *Front) []span {
	if p.All {
		return p.Units.spans
	}
	var out []span
	number := x.New.placesOf().number
	for n := range p.Units.All {
		for _, pod := range x.New.Pods(x.Pods[n].New) {
			if has(p.Nodes.spans, number[pod.Node]) && !isEndpoint(now, pod) && !isEndpoint(was, x.Old.m.Index.Pod(pod.Namespace, pod.Name)) {
				out = appendSpan(out, span{int32(n), int32(n) + 1})
				break
			}
		}
	}
	return out
}

// isEndpoint reports whether a front answers the pod as one of its endpoints.
func isEndpoint(f *Front, p *cluster.Pod) bool {
	return slices.ContainsFunc(f.Pods, func(o FromPods) bool { return slices.Contains(o.Self, p) })
}

// self compares the answers that endpoints of either version get.
func (x *frontDiff) self(c *FrontChange, was, now *Front) {
	seen := map[*cluster.Pod]bool{}
	try := func(old, young *cluster.Pod) {
		if old == nil || young == nil || seen[young] {
			return
		}
		seen[young] = true
		a, b := answerOn(x.Old, was, old), answerOn(x.New, now, young)
		if a == nil || b == nil || a.Verdict == b.Verdict {
			return
		}
		n := slices.IndexFunc(c.Pods, func(p PodsChange) bool { return len(p.Self) > 0 && p.Was.equal(a) && p.Now.equal(b) })
		if n < 0 {
			n = len(c.Pods)
			c.Pods = append(c.Pods, PodsChange{Was: *a, Now: *b})
		}
		c.Pods[n].Self = append(c.Pods[n].Self, young)
	}
	for i := range now.Pods {
		for _, p := range now.Pods[i].Self {
			try(x.Old.m.Index.Pod(p.Namespace, p.Name), p)
		}
	}
	for i := range was.Pods {
		for _, p := range was.Pods[i].Self {
			try(p, x.New.m.Index.Pod(p.Namespace, p.Name))
		}
	}
}

// answerOn is what a front answers a pod; gone where there is no front, nil where
// the pod cannot ask.
func answerOn(c *Chart, f *Front, p *cluster.Pod) *Answer {
	if f.Front == nil {
		return &gone
	}
	u := c.UnitOf(p)
	var found *Answer
	for i := range f.Pods {
		part := &f.Pods[i]
		if slices.Contains(part.Self, p) {
			return &part.Answer
		}
		if len(part.Self) == 0 && part.Units.Contains(u) && (part.All || has(part.Nodes.spans, c.placesOf().number[p.Node])) {
			found = &part.Answer
		}
	}
	return found
}
