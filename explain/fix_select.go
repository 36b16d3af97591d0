package explain

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
)

// volatile labels are written by controllers and change with every rollout, or
// name one pod: a policy with them is void after the next upgrade.
var volatile = []string{
	"pod-template-hash", "controller-revision-hash", "pod-template-generation", "rollouts-pod-template-hash",
	"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "controller-uid", "batch.kubernetes.io/controller-uid",
	"batch.kubernetes.io/job-completion-index", "helm.sh/chart", "app.kubernetes.io/version",
}

// identifying labels say what an application is, the most telling first.
var identifying = []string{
	"app.kubernetes.io/name", "app", "k8s-app", "app.kubernetes.io/component", "component", "app.kubernetes.io/instance", "name", "role",
}

// labelsOf returns the fewest labels that select the pods and their siblings
// of the same workload; where none select just those, all their common labels.
func labelsOf(m *model.Model, pods []*cluster.Pod) cluster.Labels {
	common := commonLabels(pods)
	keys := slices.SortedFunc(maps.Keys(common), func(a, b string) int {
		if d := rankOf(a) - rankOf(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for size := 1; size <= min(3, len(keys)); size++ {
		if found := pickLabels(m, pods, common, keys, size, nil); found != nil {
			return found
		}
	}
	return common
}

func rankOf(key string) int {
	if i := slices.Index(identifying, key); i >= 0 {
		return i
	}
	return len(identifying)
}

func commonLabels(pods []*cluster.Pod) cluster.Labels {
	common := cluster.Labels{}
	if len(pods) == 0 {
		return common
	}
	for k, v := range pods[0].Labels {
		shared := !slices.ContainsFunc(pods, func(p *cluster.Pod) bool { got, ok := p.Labels[k]; return !ok || got != v })
		if shared && !slices.Contains(volatile, k) {
			common[k] = v
		}
	}
	return common
}

// pickLabels tries the subsets of a size, in the order of the keys.
func pickLabels(m *model.Model, pods []*cluster.Pod, common cluster.Labels, keys []string, size int, chosen []string) cluster.Labels {
	if size == 0 {
		labels := cluster.Labels{}
		for _, k := range chosen {
			labels[k] = common[k]
		}
		if onlySiblings(m, pods, labels) {
			return labels
		}
		return nil
	}
	for i, k := range keys {
		if found := pickLabels(m, pods, common, keys[i+1:], size-1, append(slices.Clip(chosen), k)); found != nil {
			return found
		}
	}
	return nil
}

// onlySiblings reports whether the labels select no pod but these and those of
// the same workloads.
func onlySiblings(m *model.Model, pods []*cluster.Pod, labels cluster.Labels) bool {
	s := cluster.LabelSelector{MatchLabels: labels}
	for _, p := range podsSelected(m, pods[0].Namespace, &s) {
		if !sibling(p, pods) {
			return false
		}
	}
	return true
}

// sibling reports whether the pod is one of pods, or of the workload of one.
// Bare pods with the same labels count as one workload.
func sibling(p *cluster.Pod, pods []*cluster.Pod) bool {
	return slices.ContainsFunc(pods, func(o *cluster.Pod) bool {
		if o.Namespace != p.Namespace || o.Owner != p.Owner {
			return false
		}
		return o.Name == p.Name || !o.Owner.IsZero() || len(o.Labels) > 0 && maps.Equal(o.Labels, p.Labels)
	})
}

// podsSelected are the live pods of a namespace with a network of their own that a
// selector selects.
func podsSelected(m *model.Model, namespace string, s *cluster.LabelSelector) []*cluster.Pod {
	var out []*cluster.Pod
	for i := range m.Snapshot.Pods {
		p := &m.Snapshot.Pods[i]
		if p.Namespace == namespace && !p.HostNetwork && !p.Finished() && s.Matches(p.Labels) {
			out = append(out, p)
		}
	}
	return out
}

// joinSelectors joins two selectors; false where they contradict each other.
func joinSelectors(a, b *cluster.LabelSelector) (cluster.LabelSelector, bool) {
	out := cluster.LabelSelector{MatchLabels: maps.Clone(a.MatchLabels), MatchExpressions: slices.Clone(a.MatchExpressions)}
	if out.MatchLabels == nil {
		out.MatchLabels = cluster.Labels{}
	}
	for k, v := range b.MatchLabels {
		if have, ok := out.MatchLabels[k]; ok && have != v {
			return out, false
		}
		out.MatchLabels[k] = v
	}
	for _, r := range b.MatchExpressions {
		same := func(o cluster.Requirement) bool { return o.String() == r.String() }
		if !slices.ContainsFunc(out.MatchExpressions, same) {
			out.MatchExpressions = append(out.MatchExpressions, r)
		}
	}
	return out, true
}

// unisolated are the pods a selector would isolate although nothing isolates them
// yet.
func unisolated(m *model.Model, namespace string, s *cluster.LabelSelector, d policy.Direction) []*cluster.Pod {
	return slices.DeleteFunc(podsSelected(m, namespace, s), func(p *cluster.Pod) bool {
		return len(m.Policies.Isolating(p, d)) > 0
	})
}

// narrowed returns the selector, joined with that of an isolating policy where
// it would isolate others; false where nothing keeps them out.
func narrowed(m *model.Model, s cluster.LabelSelector, subjects []*cluster.Pod, d policy.Direction) (cluster.LabelSelector, bool) {
	namespace := subjects[0].Namespace
	if len(unisolated(m, namespace, &s, d)) == 0 {
		return s, true
	}
	for _, p := range m.Policies.Isolating(subjects[0], d) {
		joined, ok := joinSelectors(&s, &p.PodSelector)
		if ok && matchesAll(&joined, subjects) && len(unisolated(m, namespace, &joined, d)) == 0 {
			return joined, true
		}
	}
	return s, false
}

func matchesAll(s *cluster.LabelSelector, pods []*cluster.Pod) bool {
	return !slices.ContainsFunc(pods, func(p *cluster.Pod) bool { return !s.Matches(p.Labels) })
}

// appName is what people call the pods: a telling label, else their workload.
func appName(pods []*cluster.Pod) string {
	common := commonLabels(pods)
	for _, k := range identifying[:3] {
		if v := common[k]; v != "" {
			return v
		}
	}
	if o := pods[0].Owner; o.Name != "" {
		return o.Name
	}
	return pods[0].Name
}

// policyName makes a name out of words that API servers accept, and that no
// policy of the namespace has yet.
func policyName(m *model.Model, taken []*cluster.NetworkPolicy, namespace, wish string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, wish)
	name = strings.Trim(name[:min(len(name), 60)], "-.")
	for n := 2; ; n++ {
		try := name
		if n > 2 {
			try += "-" + strconv.Itoa(n-1)
		}
		if !exists(m, taken, namespace, try) {
			return try
		}
	}
}

func exists(m *model.Model, taken []*cluster.NetworkPolicy, namespace, name string) bool {
	is := func(p *cluster.NetworkPolicy) bool { return p.Namespace == namespace && p.Name == name }
	return slices.ContainsFunc(taken, is) ||
		slices.ContainsFunc(m.Snapshot.NetworkPolicies, func(p cluster.NetworkPolicy) bool { return is(&p) })
}

// podWords names pods: "test/ssh-0", a few of them.
func podWords(pods []*cluster.Pod) string {
	names := make([]string, 0, len(pods))
	for _, p := range pods {
		names = append(names, p.Namespace+"/"+p.Name)
	}
	return fewNames(names)
}

// fewNames lists names, and "..." behind the first of many.
func fewNames(names []string) string {
	const most = 6
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > most {
		names = append(names[:most], "...")
	}
	return strings.Join(names, ", ")
}

func portText(n uint16, proto flow.Protocol) string {
	return strconv.Itoa(int(n)) + "/" + strings.ToLower(proto.String())
}
