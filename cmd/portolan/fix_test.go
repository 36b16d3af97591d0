package main

import (
	"bytes"
	"maps"
	"net/netip"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/report"
)

// What fix prints is read back as it was meant, whatever the labels are: words
// that YAML takes for booleans or numbers, colons, control characters.
func TestFixYAMLComesBack(t *testing.T) {
	labels := cluster.Labels{
		"app.kubernetes.io/name": "ssh", "a": "true", "b": "1e3", "c": "0x1f", "d": "x: y #z", "e": "", "f": "null", "g": "No", "h": "-", "i": "1.5",
		"j": "a\x1b[31m\u202eb\n- c", "k": "~", "l": "2024-06-10", "m": "don't \"quote\"", "n/y": "y",
	}
	p := &cluster.NetworkPolicy{
		Meta:            cluster.Meta{Namespace: "test", Name: "allow-ssh"},
		PodSelector:     cluster.LabelSelector{MatchLabels: labels, MatchExpressions: []cluster.Requirement{{Key: "tier", Operator: cluster.OpNotIn, Values: []string{"off", "7"}}}},
		IsolatesIngress: true,
		Ingress: []cluster.PolicyRule{{
			Peers: []cluster.PolicyPeer{
				{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix("2001:db8::1/128")}},
				{IPBlock: &cluster.IPBlock{CIDR: netip.MustParsePrefix("10.0.0.11/32")}},
				{NamespaceSelector: &cluster.LabelSelector{}},
			},
			Ports: []cluster.PolicyPort{{Protocol: flow.TCP, Port: cluster.PortRef{Number: 2222}}, {Protocol: flow.UDP, Port: cluster.PortRef{Name: "dns"}}},
		}},
	}
	var b bytes.Buffer
	if err := report.AlternativeYAML(&b, &explain.Fix{}, &explain.Alternative{Policies: []*cluster.NetworkPolicy{p}}, report.English); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Spec struct {
			PodSelector struct {
				MatchLabels map[string]any `yaml:"matchLabels"`
			} `yaml:"podSelector"`
		}
	}
	if err := yaml.Unmarshal(b.Bytes(), &read); err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	got := cluster.Labels{}
	for k, v := range read.Spec.PodSelector.MatchLabels {
		s, ok := v.(string)
		if !ok {
			t.Errorf("label %q is read as %T %v", k, v, v)
		}
		got[k] = s
	}
	if !maps.Equal(got, labels) {
		t.Errorf("labels %q, want %q", got, labels)
	}
	if bytes.ContainsAny(b.Bytes(), "\x1b\u202e") {
		t.Error("a terminal would obey what stands in a label")
	}
}

// Patches are YAML for kubectl patch: a label that goes is null.
func TestPatchYAML(t *testing.T) {
	svc := &cluster.Service{Meta: cluster.Meta{Namespace: "test", Name: "web"}, Selector: cluster.Labels{"name": "web"}}
	var b bytes.Buffer
	e := explain.Edit{Service: svc, Selector: cluster.Labels{"app": "web"}, Internal: cluster.PolicyCluster}
	if err := report.AlternativeYAML(&b, &explain.Fix{}, &explain.Alternative{Edits: []explain.Edit{e}}, report.English); err != nil {
		t.Fatal(err)
	}
	const want = "spec:\n  selector:\n    app: web\n    name: null\n  internalTrafficPolicy: Cluster\n"
	if b.String() != want {
		t.Errorf("patch\n%s, want\n%s", b.String(), want)
	}
}
