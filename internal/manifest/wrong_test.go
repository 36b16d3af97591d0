package manifest

import (
	"errors"
	"strings"
	"testing"
)

func fabric(spec string) string {
	return "apiVersion: portolan.dev/v1alpha1\nkind: Fabric\nmetadata: {name: f}\nspec:\n" + indent(spec)
}

func expectations(spec string) string {
	return "apiVersion: portolan.dev/v1alpha1\nkind: Expectations\nmetadata: {name: e}\nspec:\n" + indent(spec)
}

// Every wrong input is an *Error that says where, what and why. A hint is a
// part of what is wanted where the table gives one.
func TestWrongInput(t *testing.T) {
	for _, c := range []struct{ name, text, want, hint string }{
		{
			"port zero", policy("ingress: [{ports: [{port: 0}]}]"),
			"in.yaml:5: NetworkPolicy/test/p spec.ingress[0].ports[0].port: 0 is not a whole number from 1 to 65535", "",
		},
		{
			"port above", policy("ingress:\n- ports:\n  - port: 65536"),
			"in.yaml:7: NetworkPolicy/test/p spec.ingress[0].ports[0].port: 65536 is not a whole number from 1 to 65535", "",
		},
		{
			"port negative", service("ports: [{port: -1}]"),
			"in.yaml:5: Service/test/s spec.ports[0].port: -1 is not a whole number from 1 to 65535", "",
		},
		{
			"port a list", policy("ingress: [{ports: [{port: [1]}]}]"),
			"in.yaml:5: NetworkPolicy/test/p spec.ingress[0].ports[0].port: this is a list, a port number or a port name is expected", "",
		},
		{
			"port a quoted number", policy(`ingress: [{ports: [{port: "80"}]}]`),
			`in.yaml:5: NetworkPolicy/test/p spec.ingress[0].ports[0].port: "80" is not a port name: at most 15 of a-z, 0-9 and single '-' inside, with at least one letter`,
			"write the number without quotation marks: 80",
		},
		{
			"port missing", service("ports: [{name: a}]"),
			"in.yaml:5: Service/test/s spec.ports[0].port: a value is required here", "",
		},
		{
			"endPort below", policy("egress: [{ports: [{port: 80, endPort: 79}]}]"),
			"in.yaml:5: NetworkPolicy/test/p spec.egress[0].ports[0].endPort: endPort 79 is below port 80", "",
		},
		{
			"endPort with a name", policy("egress: [{ports: [{port: web, endPort: 79}]}]"),
			`in.yaml:5: NetworkPolicy/test/p spec.egress[0].ports[0].endPort: endPort needs a port given by number, and port is the name "web"`, "",
		},
		{
			"endPort alone", policy("egress: [{ports: [{endPort: 79}]}]"),
			"in.yaml:5: NetworkPolicy/test/p spec.egress[0].ports[0].endPort: endPort needs a port to begin the range", "add port:",
		},
		{
			"protocol", policy("ingress: [{ports: [{protocol: tcp}]}]"),
			`in.yaml:5: NetworkPolicy/test/p spec.ingress[0].ports[0].protocol: "tcp" is not one of TCP, UDP, SCTP`, "did you mean TCP?",
		},
		{
			"CIDR", policy("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]"),
			`in.yaml:5: NetworkPolicy/test/p spec.ingress[0].from[0].ipBlock.cidr: "10.0.0.0" is not a CIDR (ADDRESS/BITS)`, "for this one address write 10.0.0.0/32",
		},
		{
			"CIDR missing", policy("ingress: [{from: [{ipBlock: {}}]}]"),
			"in.yaml:5: NetworkPolicy/test/p spec.ingress[0].from[0].ipBlock.cidr: a value is required here", "",
		},
		{
			"CIDR with leading zeros", policy("ingress: [{from: [{ipBlock: {cidr: 010.0.0.0/8}}]}]"),
			`in.yaml:5: NetworkPolicy/test/p spec.ingress[0].from[0].ipBlock.cidr: "010.0.0.0/8" is not a CIDR (ADDRESS/BITS)`, "leading zeros",
		},
		{
			"CIDR mapped", policy(`ingress: [{from: [{ipBlock: {cidr: "::ffff:10.0.0.0/104"}}]}]`),
			`in.yaml:5: NetworkPolicy/test/p spec.ingress[0].from[0].ipBlock.cidr: "::ffff:10.0.0.0/104" is an IPv4 range written as IPv6`, "",
		},
		{
			"except outside", policy("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/9]}}]}]"),
			"in.yaml:5: NetworkPolicy/test/p spec.ingress[0].from[0].ipBlock.except[0]: except 11.0.0.0/9 is not a part of cidr 10.0.0.0/8", "",
		},
		{
			"except equal", policy("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]"),
			"in.yaml:5: NetworkPolicy/test/p spec.ingress[0].from[0].ipBlock.except[0]: except 10.0.0.0/8 is not a part of cidr 10.0.0.0/8", "",
		},
		{
			"except other family", policy(`ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: ["fd00::/8"]}}]}]`),
			"in.yaml:5: NetworkPolicy/test/p spec.ingress[0].from[0].ipBlock.except[0]: except fd00::/8 is not a part of cidr 0.0.0.0/0", "",
		},
		{
			"ipBlock and selector", policy("ingress:\n- from:\n  - ipBlock: {cidr: 10.0.0.0/8}\n    podSelector: {}"),
			"in.yaml:7: NetworkPolicy/test/p spec.ingress[0].from[0]: a peer is an ipBlock or selectors, not both", "two peers",
		},
		{
			"peer empty", policy("ingress: [{from: [{}]}]"),
			"in.yaml:5: NetworkPolicy/test/p spec.ingress[0].from[0]: a peer names nobody: podSelector, namespaceSelector or ipBlock is required", "namespaceSelector: {}",
		},
		{
			"peer null", policy("ingress:\n- from:\n  -"),
			"in.yaml:7: NetworkPolicy/test/p spec.ingress[0].from[0]: a peer names nobody: podSelector, namespaceSelector or ipBlock is required", "",
		},
		{
			"operator", policy("podSelector: {matchExpressions: [{key: a, operator: Equals}]}"),
			`in.yaml:5: NetworkPolicy/test/p spec.podSelector.matchExpressions[0].operator: "Equals" is not one of In, NotIn, Exists, DoesNotExist`, "",
		},
		{
			"In without values", policy("podSelector: {matchExpressions: [{key: a, operator: In}]}"),
			"in.yaml:5: NetworkPolicy/test/p spec.podSelector.matchExpressions[0].values: operator In needs values", "",
		},
		{
			"Exists with values", policy("podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}"),
			"in.yaml:5: NetworkPolicy/test/p spec.podSelector.matchExpressions[0].values: operator Exists takes no values", "",
		},
		{
			"label key", policy("podSelector: {matchLabels: {a/b/c: d}}"),
			"in.yaml:5: NetworkPolicy/test/p spec.podSelector.matchLabels.a/b/c: \"a/b/c\" is not a label key: [DNS.PREFIX/]NAME, with a NAME of at most 63 letters, digits, '-', '_' and '.'", "",
		},
		{
			"label a number", policy("podSelector: {matchLabels: {version: 1.20}}"),
			`in.yaml:5: NetworkPolicy/test/p spec.podSelector.matchLabels.version: this is a number ("1.20"), a string is expected`, `write it in quotation marks: "1.20"`,
		},
		{
			"label a YAML 1.1 boolean", policy("podSelector: {matchLabels: {on-call: yes}}"),
			`in.yaml:5: NetworkPolicy/test/p spec.podSelector.matchLabels.on-call: this is a boolean ("yes"), a string is expected`, `write it in quotation marks: "yes"`,
		},
		{
			"policyTypes", policy("policyTypes: [ingress]"),
			`in.yaml:5: NetworkPolicy/test/p spec.policyTypes[0]: "ingress" is not one of Ingress, Egress`, "did you mean Ingress?",
		},
		{
			"from a mapping", policy("ingress:\n- from:\n    podSelector: {}"),
			"in.yaml:7: NetworkPolicy/test/p spec.ingress[0].from: this is a mapping, a list is expected", "",
		},
		{
			"address", service("clusterIP: 10.96.0.01\nports: [{port: 1}]"),
			`in.yaml:5: Service/test/s spec.clusterIP: "10.96.0.01" is not an IP address`, "leading zeros",
		},
		{
			"address mapped", service("externalIPs: ['::ffff:192.0.2.1']\nports: [{port: 1}]"),
			`in.yaml:5: Service/test/s spec.externalIPs[0]: "::ffff:192.0.2.1" is an IPv4 address written as IPv6`, "write 192.0.2.1",
		},
		{
			"no ports", service("type: NodePort"),
			"in.yaml:5: Service/test/s spec.ports: a Service needs at least one port", "",
		},
		{
			"port names", service("ports: [{name: a, port: 1}, {port: 2}]"),
			"in.yaml:5: Service/test/s spec.ports[1].name: of several ports each needs a name", "",
		},
		{
			"port twice", service("ports: [{name: a, port: 1}, {name: b, port: 1}]"),
			"in.yaml:5: Service/test/s spec.ports[1].port: another port of this Service is 1/TCP", "",
		},
		{
			"nodePort of ClusterIP", service("ports: [{port: 1, nodePort: 30000}]"),
			"in.yaml:5: Service/test/s spec.ports[0].nodePort: a Service of type ClusterIP has no node ports", "",
		},
		{
			"service type", service("type: Loadbalancer\nports: [{port: 1}]"),
			`in.yaml:5: Service/test/s spec.type: "Loadbalancer" is not one of ClusterIP, NodePort, LoadBalancer, ExternalName`, "did you mean LoadBalancer?",
		},
		{
			"duplicate key", "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nkind: Pod\n",
			`in.yaml:4: the key "kind" stands twice in one mapping, first on line 2`, "",
		},
		{
			"YAML", "a: [1\nb: c",
			"in.yaml:1: not valid YAML: did not find expected ',' or ']'", "",
		},
		{
			"name", "apiVersion: v1\nkind: Pod\nmetadata: {name: \"a\\e[31m\"}\n",
			`in.yaml:3: Pod metadata.name: "a\x1b[31m" is not a name that Kubernetes accepts: lower case letters, digits and inner '-' (and '.' for some kinds)`, "",
		},
		{
			"name missing", "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n",
			"in.yaml:3: Pod metadata.name: the name is missing", "generateName",
		},
		{
			"namespace", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: A}\n",
			`in.yaml:3: Pod/a metadata.namespace: "A" is not a namespace: a DNS label is`, "",
		},
		{
			"kind missing", "apiVersion: v1\nmetadata: {name: a}\n",
			"in.yaml:1: kind: apiVersion is there, kind is missing", "",
		},
		{
			"apiVersion missing", "kind: Deployment\nmetadata: {name: a}\n",
			"in.yaml:1: apiVersion: kind is there, apiVersion is missing", "write apiVersion: apps/v1",
		},
		{
			"group", "apiVersion: v1\nkind: NetworkPolicy\nmetadata: {name: a}\n",
			`in.yaml:1: apiVersion: no API server has the kind NetworkPolicy in "v1"`, "write apiVersion: networking.k8s.io/v1",
		},
		{
			"not an object", "- apiVersion: v1\n",
			"in.yaml:1: this is a list, an object with apiVersion and kind is expected", "kubectl get",
		},
		{
			"a message", "No resources found\n",
			"in.yaml:1: this is a string, an object with apiVersion and kind is expected", "kubectl get",
		},
		{
			"template", "{{- if .Values.on }}\napiVersion: v1\nkind: Service\n{{- end }}\n",
			"", "helm template CHART | portolan ... -f -",
		},
		{
			"template name", "apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.name }}\n",
			"", "helm template CHART | portolan ... -f -",
		},
		{
			"template name quoted", "apiVersion: v1\nkind: Service\nmetadata:\n  name: '{{ .Values.name }}'\n",
			"", "helm template CHART | portolan ... -f -",
		},
		{
			"empty", "# nothing\n---\n",
			"in.yaml: the input holds no object", "kubectl get nodes,namespaces,pods,services,endpointslices,networkpolicies -A -o yaml > cluster.yaml",
		},
		{
			"empty list", "apiVersion: v1\nitems: []\nkind: List\n",
			"in.yaml: the input holds no object", "kubectl get",
		},
		{
			"values file", "replicas: 3\n",
			"in.yaml: the input holds nothing that says how packets travel; what was ignored: File/in.yaml", "kubectl get",
		},
		{
			"twice and different", service("ports: [{port: 1}]") + "---\n" + service("ports: [{port: 2}]"),
			"in.yaml:7: Service/test/s: the same object was read before, at in.yaml:1, with other contents", "leave one of the two out",
		},

		{
			"own kind", "apiVersion: portolan.dev/v1alpha1\nkind: Fabrik\n",
			`in.yaml:2: kind: there is no kind "Fabrik" in portolan.dev`, "did you mean Fabric?",
		},
		{
			"own version", "apiVersion: portolan.dev/v1\nkind: Fabric\n",
			"in.yaml:1: apiVersion: this version of Fabric is not known", "write apiVersion: portolan.dev/v1alpha1",
		},
		{
			"fabric field", fabric("client: []"),
			"in.yaml:5: Fabric/f spec.client: there is no such field", "did you mean clients?",
		},
		{
			"fabric far field", fabric("weather: []"),
			"in.yaml:5: Fabric/f spec.weather: there is no such field", "the fields here are clients, dataplane, nodes, routers",
		},
		{
			"fabric client", fabric("clients: [{name: a}]"),
			"in.yaml:5: Fabric/f spec.clients[0].addresses: a client needs an address", "",
		},
		{
			"fabric routes", fabric("routers: [{name: r, routes: ospf}]"),
			`in.yaml:5: Fabric/f spec.routers[0].routes: "ospf" is not one of static, bgp, l2`, "",
		},
		{
			"fabric client twice", fabric("clients:\n- {name: a, addresses: [192.0.2.1]}\n- {name: a, addresses: [192.0.2.2]}"),
			"in.yaml:7: Fabric/f spec.clients[1].name: the name a is there twice", "",
		},
		{
			"two fabrics", fabric("clients: []") + "---\n" + strings.Replace(fabric("routers: [{name: r}]"), "name: f", "name: g", 1),
			"in.yaml:7: Fabric/g: Fabric/f was read before, at in.yaml:1, and says something else", "merge the two",
		},
		{
			"expect field", expectations("expect:\n- {from: external, to: 192.0.2.1:1, verdic: REACHABLE}"),
			"in.yaml:6: Expectations/e spec.expect[0].verdic: there is no such field", "did you mean verdict?",
		},
		{
			"expect verdict", expectations("expect: [{from: external, to: 192.0.2.1:1, verdict: MAYBE}]"),
			`in.yaml:5: Expectations/e spec.expect[0].verdict: verdict "MAYBE" is not one of [UNKNOWN REACHABLE UNREACHABLE DEPENDS]`, "",
		},
		{
			"expect from", expectations("expect: [{to: 192.0.2.1:1}]"),
			"in.yaml:5: Expectations/e spec.expect[0].from: a value is required here", "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("in.yaml", []byte(c.text), Options{})
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if c.want != "" && e.Error() != c.want {
				t.Errorf("got  %s\nwant %s", e, c.want)
			}
			if !strings.Contains(e.Hint, c.hint) {
				t.Errorf("hint %q does not contain %q", e.Hint, c.hint)
			}
		})
	}
}

func TestJSONErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"a": 1,}`, `c.json:1: not valid JSON: "}" stands where a key in quotation marks is expected`},
		{"{\n\"a\": [1, 2", "c.json:2: not valid JSON: the text ends where \",\" or \"]\" is expected"},
		{"{\"a\": 01}", `c.json:1: not valid JSON: "01" is not a number`},
		{"{\"a\": nil}", `c.json:1: not valid JSON: "n" stands where a value is expected`},
		{"{\"a\": 1,\n\"a\": 2}", `c.json:2: the key "a" stands twice in one mapping, first on line 1`},
	} {
		_, err := Parse("c.json", []byte(c.text), Options{})
		if err == nil || err.Error() != c.want {
			t.Errorf("%q:\ngot  %v\nwant %s", c.text, err, c.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	in := parse(t, policy("podSelector: {}\ningres: []\ningress:\n- from:\n  - ipBlock: {cidr: 10.1.2.3/8}\n  port: []")+"---\n"+
		service("ports: [{port: 1, weather: fine}]"))
	var got []string
	for _, w := range in.Warnings {
		got = append(got, w.Position.String()+" "+w.Reason.String())
	}
	want := []string{
		"in.yaml:6 unknown-field-near: NetworkPolicy/test/p, spec.ingres, ingress",
		"in.yaml:9 cidr-host-bits: NetworkPolicy/test/p, spec.ingress[0].from[0].ipBlock.cidr, 10.1.2.3/8, 10.0.0.0/8",
		"in.yaml:10 unknown-field-near: NetworkPolicy/test/p, spec.ingress[0].port, ports",
		"in.yaml:16 unknown-field: Service/test/s, spec.ports[0].weather",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
