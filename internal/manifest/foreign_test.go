package manifest

import (
	"testing"

	"github.com/portolan-net/portolan/flow"
)

func TestForeign(t *testing.T) {
	for _, c := range []struct {
		apiVersion, kind, namespace string
		object, affects             string // of the Foreign
		denyOnly                    bool
	}{
		{"cilium.io/v2", "CiliumNetworkPolicy", "test", "CiliumNetworkPolicy/test/x", "test", false},
		{"cilium.io/v2", "CiliumNetworkPolicy", "", "CiliumNetworkPolicy/default/x", "default", false},
		{"cilium.io/v2", "CiliumClusterwideNetworkPolicy", "", "CiliumClusterwideNetworkPolicy/x", "", false},
		{"projectcalico.org/v3", "GlobalNetworkPolicy", "", "GlobalNetworkPolicy.projectcalico.org/x", "", false},
		{"crd.projectcalico.org/v1", "NetworkPolicy", "test", "NetworkPolicy.crd.projectcalico.org/test/x", "test", false},
		{"policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "", "AdminNetworkPolicy/x", "", false},
		{"policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", "", "BaselineAdminNetworkPolicy/x", "", false},
		{"policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "", "ClusterNetworkPolicy.policy.networking.k8s.io/x", "", false},
		{"crd.antrea.io/v1beta1", "ClusterNetworkPolicy", "", "ClusterNetworkPolicy.crd.antrea.io/x", "", false},
		{"security.istio.io/v1", "AuthorizationPolicy", "test", "AuthorizationPolicy.security.istio.io/test/x", "test", true},
		{"security.istio.io/v1", "AuthorizationPolicy", "istio-system", "AuthorizationPolicy.security.istio.io/istio-system/x", "", true},
		{"policy.linkerd.io/v1beta1", "Server", "test", "Server/test/x", "test", true},
		{"k8s.ovn.org/v1", "EgressFirewall", "test", "EgressFirewall/test/x", "test", false},
		{"example.com/v1", "HyperNetworkPolicy", "test", "HyperNetworkPolicy/test/x", "test", false},
		{"example.com/v1", "HyperNetworkPolicy", "", "HyperNetworkPolicy/x", "", false},
	} {
		text := "apiVersion: " + c.apiVersion + "\nkind: " + c.kind + "\nmetadata: {name: x"
		if c.namespace != "" {
			text += ", namespace: " + c.namespace
		}
		in := parse(t, text+"}\nspec: {anything: [1, {}]}\n")
		if len(in.Snapshot.Foreign) != 1 {
			t.Errorf("%s %s: not foreign", c.apiVersion, c.kind)
			continue
		}
		f := in.Snapshot.Foreign[0]
		if f.Object.String() != c.object || f.Namespace != c.affects || f.DenyOnly != c.denyOnly || f.Position.Line != 1 || f.Engine == "" {
			t.Errorf("%s %s: %+v", c.apiVersion, c.kind, f)
		}
	}
}

func TestIgnored(t *testing.T) {
	node := "apiVersion: v1\nkind: Node\nmetadata: {name: n}\n---\n"
	for _, c := range []struct {
		text string
		code flow.Code
	}{
		{"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: test}\n", flow.CodeIgnoredKind},
		{"apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: x}\nspec: {template: {}}\n", flow.CodeIgnoredKind},
		{"apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: x}\n", flow.CodeIgnoredKind},
		{"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system:node'}\n", flow.CodeIgnoredKind},
		{"apiVersion: projectcalico.org/v3\nkind: StagedNetworkPolicy\nmetadata: {name: x}\n", flow.CodeIgnoredStaged},
		{"apiVersion: k8s.cni.cncf.io/v1beta1\nkind: MultiNetworkPolicy\nmetadata: {name: x}\n", flow.CodeIgnoredSecondary},
		{"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n", flow.CodeIgnoredKustomization},
		{"replicaCount: 3\nimage: {tag: x}\n", flow.CodeIgnoredNoObject},
	} {
		in := parse(t, node+c.text)
		if len(in.Snapshot.Ignored) != 1 || in.Snapshot.Ignored[0].Reason.Code != c.code || in.Snapshot.Ignored[0].Position.Line != 5 {
			t.Errorf("%q: %+v, want %s on line 5", c.text, in.Snapshot.Ignored, c.code)
		}
		if len(in.Snapshot.Services) != 0 || len(in.Snapshot.Foreign) != 0 {
			t.Errorf("%q: was used", c.text)
		}
	}
}

// extensions/v1beta1 was NetworkPolicy's first group.
func TestOldGroups(t *testing.T) {
	in := parse(t, "apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: x}\nspec: {podSelector: {}}\n")
	if len(in.Snapshot.NetworkPolicies) != 1 {
		t.Errorf("%+v", in.Snapshot)
	}
}
