package manifest

import (
	"fmt"
	"testing"
)

// Whom the API server is told to call, in every object that tells it; mistakes in
// them are passed over, and they stay listed as not used.
func TestCallbacks(t *testing.T) {
	const service = "service: {namespace: app, name: hook"
	for _, c := range []struct{ name, text, want string }{
		{"validating", "admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nwebhooks: [{failurePolicy: Ignore, clientConfig: {" + service + "}}}, {clientConfig: {" + service + ", port: 8443}}}]", "app/hook:443?:5 app/hook:8443:5 "},
		{"mutating", "admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nwebhooks: [{clientConfig: {" + service + "}}}]", "app/hook:443:5 "},
		{"by address", "admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nwebhooks: [{clientConfig: {url: 'https://x'}}]", ""},
		{"aggregated", "apiregistration.k8s.io/v1\nkind: APIService\nspec: {" + service + "}}", "app/hook:443:5 "},
		{"of the server itself", "apiregistration.k8s.io/v1\nkind: APIService\nspec: {service: null}", ""},
		{"conversion", "apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {conversion: {webhook: {clientConfig: {" + service + ", port: 9443}}}}}", "app/hook:9443:5 "},
		{"no webhook", "apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {conversion: {strategy: None}}", ""},
		{"nonsense", "admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nwebhooks: [7, {clientConfig: [x]}, {clientConfig: {service: {name: [], namespace: 'A b'}}}]", ""},
		{"more nonsense", "admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nwebhooks: {a: b}", ""},
	} {
		text := "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n---\nmetadata: {name: x, annotations: {portolan.dev/ignore: webhook-blocked because, other: y}}\napiVersion: " + c.text + "\n"
		in, err := Parse("f.yaml", []byte(text), Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := ""
		for _, cb := range in.Snapshot.Callbacks {
			if cb.Object.Name != "x" || len(cb.Annotations) != 1 {
				t.Errorf("%s: %+v", c.name, cb)
			}
			for _, call := range cb.Calls {
				may := map[bool]string{true: "?"}[call.Optional]
				line := map[bool]string{true: "5", false: "none"}[call.Position.Line >= 5]
				got += fmt.Sprintf("%s/%s:%d%s:%s ", call.Namespace, call.Service, call.Port, may, line)
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		listed := 1
		if c.name == "of the server itself" || c.name == "no webhook" { // definitions, of which every cluster has dozens
			listed = 0
		}
		if len(in.Snapshot.Ignored) != listed {
			t.Errorf("%s: ignored %v", c.name, in.Snapshot.Ignored)
		}
	}
}
