package cyclonus

import (
	"github.com/mattfenwick/cyclonus/pkg/connectivity/probe"
	"github.com/mattfenwick/cyclonus/pkg/generator"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// asked is what is compared.
type asked string

const (
	ingress    asked = "ingress"
	egress     asked = "egress"
	connection asked = "connection"
)

// difference is a reason for which the answers may differ.
type difference struct {
	// name stands in docs/semantics.md, "Second opinions".
	name string
	// explains reports whether this is why our answer is not theirs.
	explains func(tc *generator.TestCase, what asked, j *probe.Job, ours bool) bool
}

// differences are all there are. Each must occur.
var differences = []difference{
	{
		name: "a pod's own address",
		explains: func(_ *generator.TestCase, what asked, j *probe.Job, ours bool) bool {
			return what == connection && j.FromKey == j.ToKey && ours
		},
	},
	{
		name: "NotIn without the key",
		explains: func(tc *generator.TestCase, what asked, j *probe.Job, ours bool) bool {
			return tc == notIn && what != egress && j.ToKey == "x/a" && j.FromNamespace != "z" && ours
		},
	},
}

// notIn is a case of ours for what no generated one asks: no label of the key
// that NotIn names. Pods of z have it, the others have not.
var notIn = generator.NewSingleStepTestCase("NotIn without the key", generator.NewStringSet(generator.TagIngress), generator.ProbeAllAvailable,
	generator.SetPodLabels("z", "a", map[string]string{"pod": "a", "tier": "web"}),
	generator.SetPodLabels("z", "b", map[string]string{"pod": "b", "tier": "db"}),
	generator.SetPodLabels("z", "c", map[string]string{"pod": "c", "tier": "db"}),
	generator.CreatePolicy(&networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: "x", Name: "not-db"},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"pod": "a"}},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{{From: []networkingv1.NetworkPolicyPeer{{
				NamespaceSelector: &metav1.LabelSelector{},
				PodSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
					{Key: "tier", Operator: metav1.LabelSelectorOpNotIn, Values: []string{"db"}},
				}},
			}}}},
		},
	}))
