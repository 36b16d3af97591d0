package manifest

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// readWhole is the reference: every document is read whole by the careful
// readers, on one goroutine, and nothing is passed over.
func readWhole(file string, data []byte, lim *Limits) (all []decoded, err *Error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	docs := documents(file, data)
	var pieces []piece
	for _, doc := range docs {
		pieces = append(pieces, pieceItems(doc, lim)...)
	}
	pass := func(pieces []piece) ([]decoded, *Error) {
		var all []decoded
		for _, p := range pieces {
			o, _ := decodePiece(p, lim, &words{}, false)
			if o.err != nil {
				return nil, o.err
			}
			all = append(all, o.objects...)
		}
		return all, nil
	}
	if all, err = pass(pieces); err != nil && err.syntax && len(pieces) > len(docs) {
		return pass(docs)
	}
	return all, err
}

// tight are limits under which everything is read as a stream, in windows of a
// few bytes.
func tight(document, window int) *Limits {
	lim := Limits{Document: document, window: window}.withDefaults()
	return &lim
}

// readTight reads the text as a stream.
func readTight(file string, data []byte, lim *Limits) ([]decoded, *Error) {
	return readText(file, iotest.HalfReader(bytes.NewReader(data)), 0, lim, lim.Objects)
}

func sameDecoded(t *testing.T, name string, got, want []decoded) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d objects, want %d", name, len(got), len(want))
		return
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%s: object %d:\ngot  %+v\n     %+v\nwant %+v\n     %+v", name, i, got[i], got[i].val, want[i], want[i].val)
			return
		}
	}
}

// isLimit: of a stream, less may be in memory at a time.
func isLimit(err *Error) bool {
	return strings.HasPrefix(err.Why, "one document of ") || strings.HasPrefix(err.Why, "one value of ") || strings.HasPrefix(err.Why, "more than ")
}

// sameReading holds every way to read the text against the reference.
func sameReading(t *testing.T, file string, data []byte, document, window int) {
	t.Helper()
	lim := Limits{}.withDefaults()
	want, wantErr := readWhole(file, data, &lim)
	got, err := read(file, data, &lim)
	if !reflect.DeepEqual(err, wantErr) {
		t.Fatalf("%s: error %v, want %v", file, err, wantErr)
	}
	sameDecoded(t, file, got, want)
	got, err = readTight(file, data, tight(document, window))
	if err != nil && beginsJSON(file, data) {
		// A stream that begins with a brace is not tried as YAML, too.
		_, wantErr = readWhole(file+".json", data, &lim)
	}
	switch {
	case err != nil && isLimit(err):
	case (err == nil) != (wantErr == nil):
		t.Fatalf("%s as a stream: error %v, want %v", file, err, wantErr)
	case err == nil:
		sameDecoded(t, file+" as a stream", got, want)
	}
}

// oneOfEach has the kinds that the test cluster's dump lacks, with all fields
// that are read.
const oneOfEach = `apiVersion: v1
kind: Endpoints
metadata: {name: e, namespace: n}
subsets:
- addresses: [{ip: 10.0.0.1, nodeName: a, targetRef: {kind: Pod, name: p, namespace: n, uid: x}}]
  notReadyAddresses: [{ip: 10.0.0.2, nodeName: a, hostname: h}]
  ports: [{name: http, port: 80, protocol: TCP}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d, namespace: n, labels: {a: b}, annotations: {x: y, portolan.dev/z: w}, managedFields: [{manager: m, operation: Update, time: "2026-01-01T00:00:00Z", fieldsV1: {}}]}
spec:
  replicas: 2
  strategy: {type: Recreate}
  template: &template
    metadata: {labels: {app: d}, annotations: {x: y}}
    spec:
      hostNetwork: true
      containers: [{name: c, image: i, args: [--x], command: [y], env: [{name: A, value: b}], ports: [{containerPort: 80, name: http}]}]
      initContainers: [{name: i, restartPolicy: Always, ports: [{containerPort: 81}], env: [{name: A, value: b}]}]
status: {replicas: 2, conditions: [{type: Available, status: "True"}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: r, namespace: n, ownerReferences: [{apiVersion: apps/v1, controller: true, kind: Deployment, name: d, uid: x}]}
spec: {replicas: 1, template: *template}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-proxy, namespace: n}
spec: {template: *template}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: s, namespace: n}
spec: {template: *template}
---
apiVersion: v1
kind: ReplicationController
metadata: {name: rc, namespace: n}
spec: {template: *template}
---
apiVersion: batch/v1
kind: Job
metadata: {name: j, namespace: n}
spec: {parallelism: 1, template: *template}
status: {completionTime: "2026-01-01T00:00:00Z", succeeded: 1}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: cj, namespace: n}
spec: {schedule: x, jobTemplate: {metadata: {labels: {a: b}}, spec: {parallelism: 3, backoffLimit: 1, template: *template}}}
---
apiVersion: v1
kind: Pod
metadata: {name: kube-proxy-x, namespace: kube-system, deletionTimestamp: "2026-01-01T00:00:00Z", labels: {k8s-app: kube-proxy}, ownerReferences: [{controller: true, kind: DaemonSet, name: kube-proxy}]}
spec: {nodeName: a, hostNetwork: true, containers: [{name: c, image: i, command: [kube-proxy, --proxy-mode=nftables]}], volumes: [{name: v}]}
status: {phase: Running, conditions: [{type: Ready, status: "False", reason: x}], hostIP: 192.0.2.1, hostIPs: [{ip: 192.0.2.1}], podIP: 192.0.2.1, podIPs: [{ip: 192.0.2.1}]}
---
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata: {name: p, namespace: m, managedFields: [{manager: m}]}
spec: {addresses: [192.0.2.0/24], serviceAllocation: {priority: 1, namespaceSelectors: [{matchLabels: {a: b}}]}}
---
apiVersion: metallb.io/v1beta1
kind: BGPAdvertisement
metadata: {name: p, namespace: m}
spec: {ipAddressPools: [p]}
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: p, namespace: m}
spec: {ipAddressPools: [p], interfaces: [eth0]}
---
apiVersion: metallb.io/v1beta2
kind: BGPPeer
metadata: {name: p, namespace: m}
spec: {myASN: 1, peerASN: 2, peerAddress: 192.0.2.1}
---
apiVersion: v1
kind: Node
metadata: {name: a}
spec: {podCIDR: 10.1.0.0/24, podCIDRs: [10.1.0.0/24], taints: [{key: a}]}
status: {nodeInfo: {kubeletVersion: v1.35.0}, images: [{names: [a]}], addresses: [{type: InternalIP, address: 192.0.2.1}], conditions: [{type: Ready, status: "True", reason: x}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: n, creationTimestamp: "2026-01-01T00:00:00Z"}
spec: {finalizers: [kubernetes]}
---
apiVersion: v1
kind: Service
metadata: {name: s, namespace: n, managedFields: [{manager: kubectl, fieldsV1: {f:spec: {}}}]}
spec: {selector: {a: b}, ports: [{port: 80, weather: fine}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: s, namespace: n}
addressType: IPv4
ports: [{name: http, port: 80}]
endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}, nodeName: a, zone: z, deprecatedTopology: {a: b}, hints: {forZones: [{name: z}]}, targetRef: {kind: Pod, name: p, uid: x}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: n}
spec: {podSelector: {matchLabels: {a: b}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: v, annotations: {a: b, meta.helm.sh/release-name: r}}
webhooks: [{name: a, failurePolicy: Ignore, clientConfig: {caBundle: x, service: {name: s, namespace: n, port: 8443}}, rules: [{operations: [CREATE]}]}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: v}
webhooks: [{name: a, clientConfig: {caBundle: x, service: {name: s, namespace: n}}}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1.a}
spec: {group: a, caBundle: x, service: {name: s, namespace: n}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: c}
spec: {group: a, conversion: {strategy: Webhook, webhook: {clientConfig: {service: {name: s, namespace: n}}}}, versions: [{name: v1}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other, namespace: n}
data: {a: b}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: c, namespace: n}
spec: {endpointSelector: {}}
---
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: default-ipv4-ippool, annotations: {projectcalico.org/metadata: "{}"}}
spec: {cidr: 10.244.0.0/16, blockSize: 26, natOutgoing: true, ipipMode: Always, vxlanMode: Never, nodeSelector: all(), allowedUses: [Workload, Tunnel]}
---
apiVersion: crd.projectcalico.org/v1
kind: FelixConfiguration
metadata: {name: default}
spec: {bpfLogLevel: "", bpfEnabled: false, natOutgoingExclusions: IPPoolsOnly}
---
apiVersion: networking.k8s.io/v1
kind: ServiceCIDR
metadata: {name: kubernetes}
spec: {cidrs: [10.96.0.0/16]}
status: {conditions: [{type: Ready, status: "True"}]}
`

// jsonOf is one JSON document for each of YAML's.
func jsonOf(t testing.TB, text string) []byte {
	t.Helper()
	var out []byte
	for doc := range strings.SplitSeq(strings.ReplaceAll(text, "*template", "{metadata: {labels: {app: d}}, spec: {hostNetwork: true, containers: [{name: kube-proxy, image: i, args: [--x], env: [{name: x}]}]}}"), "---\n") {
		out = append(append(out, asJSON(t, []byte(doc))...), '\n')
	}
	return out
}

// Of no kind the builder asks for a field that its shape leaves out, so that
// nothing is read twice; and what is passed over makes no difference.
func TestShapes(t *testing.T) {
	text, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	var pods bytes.Buffer
	if err := writePods(&pods, 20, false); err != nil {
		t.Fatal(err)
	}
	var twice []string
	reread = func(n *node) { twice = append(twice, n.child("kind").text) }
	defer func() { reread = nil }()
	seen := map[string]bool{}
	each := jsonOf(t, oneOfEach)
	for name, data := range map[string][]byte{
		"dump.json": asJSON(t, text), "each.json": each, "pods.json": pods.Bytes(), "dump.yaml": text,
		"each.yaml": bytes.ReplaceAll(each, []byte("\n}\n"), []byte("\n}\n---\n")),
	} {
		sameReading(t, name, data, 2000, 100)
		lim := Limits{}.withDefaults()
		all, err := read(name, data, &lim)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range all {
			seen[d.object.Kind] = true
		}
	}
	for _, m := range modelledKinds {
		if !seen[m.kind] {
			t.Errorf("no %s was read", m.kind)
		}
		if shapes[m.kind] == nil {
			t.Errorf("%s has no shape", m.kind)
		}
	}
	if len(twice) > 0 {
		t.Errorf("read twice, since the shape lacks a field: %v", twice)
	}
}

// A shape that forgets a field costs time only.
func TestForgottenField(t *testing.T) {
	forgotten := 0
	reread = func(*node) { forgotten++ }
	was := shapes["Pod"]
	shapes["Pod"] = object(metaShape()).and("spec", some("nodeName"))
	defer func() { reread, shapes["Pod"] = nil, was }()
	data := jsonOf(t, oneOfEach)
	sameReading(t, "each.json", data, 2000, 100)
	sameReading(t, "pod.yaml", []byte("kind: Pod\napiVersion: v1\nmetadata: {name: a}\nspec: {hostNetwork: true}\n"), 2000, 100)
	if forgotten != 3 { // once, and twice for YAML
		t.Errorf("read again %d times, want 3", forgotten)
	}
}

// What is cut anywhere reads the same.
func TestStream(t *testing.T) {
	text, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	var pods, podsYAML bytes.Buffer
	if writePods(&pods, 10, false) != nil || writePods(&podsYAML, 10, true) != nil {
		t.Fatal("no pods")
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, pods.Bytes()); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"dump.yaml": text, "dump.json": asJSON(t, text), "pods.json": pods.Bytes(), "compact": compact.Bytes(), "pods.yaml": podsYAML.Bytes(),
		"each.yaml": []byte(strings.ReplaceAll(oneOfEach, "*template", "{}")), "each.json": jsonOf(t, oneOfEach),
		"crlf.yaml": bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")),
		"typed.json": []byte(`{"kind": "NamespaceList", "apiVersion": "v1", "metadata": {}, "items": [
			{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]}`),
		"late.json": []byte(`{"items": [{"metadata": {"name": "a"}},
			{"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "x"}}, {"metadata": {"name": "b"}}],
			"kind": "NamespaceList", "apiVersion": "v1", "metadata": {}}`),
		"late.yaml": []byte("items:\n- metadata:\n    name: a\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: x}\n- metadata: {name: b}\nkind: NamespaceList\napiVersion: v1\n"),
		"object.json": []byte(`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"},
			"items": [{"kind": "Pod"}, 1, "` + strings.Repeat("x", 300) + `"]}`),
		"lists.json": []byte(`{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "List", "items": [
			{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}]}, {"apiVersion": "v1", "kind": "List", "items": []}]}`),
		"escaped.json": []byte(`{"\u0061piVersion": "v1", "kind": "Namespace", "metadata": {"name": "\u0061", "labels": {"a": "b\u0063"}}}`),
		"utf8.json":    []byte("{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"a\", \"uid\": \"\xff\"}}"),
		"separated":    []byte("{\"kind\": \"List\", \"items\": []}\n---\n" + strings.Repeat(" ", 200) + "\n---\n{\"kind\": \"Namespace\", \"apiVersion\": \"v1\",\n\"metadata\": {\"name\": \"a\"}}"),
		"merged.yaml":  []byte("x: &x {nodeName: a, hostNetwork: true}\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {<<: *x, dnsPolicy: x}\n"),
		"long.json": []byte(`{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "generation": 1234567890123456789},
			"spec": [1234567, 12345678, 123456789, 1234567890, 12345678901, true, false, null, -1.5e300, -1.5e301]}`),
		"array.json": []byte(`[1, 2]`), "numbers.json": []byte(`1 22 333`), "empty.json": []byte(" \n "),
		"more.yaml": []byte("---\n" + string(text) + "---\n" + ns("a") + "---\n# nothing\n---\n" + ns("b")),
	} {
		for _, window := range []int{16, 61, 1000, 100_000} {
			for _, document := range []int{100, 1000, 12_000} {
				sameReading(t, name, data, document, window)
			}
		}
	}
}

// The dumps of a cluster fit in windows that are smaller than they are.
func TestStreamFits(t *testing.T) {
	text, err := os.ReadFile(dump)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"a.yaml": text, "a.json": asJSON(t, text)} {
		got, err := readTight(name, data, tight(len(text)/4, 1000))
		if err != nil || len(got) != 30 {
			t.Errorf("%s: %d objects, error %v", name, len(got), err)
		}
	}
}

// Of a text that is read as a stream errors say the same.
func TestStreamErrors(t *testing.T) {
	pad := strings.Repeat(" ", 200)
	pod := `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}`
	for _, c := range []struct{ name, text, want string }{
		{"a.json", `{"a": 1,` + pad + `}`, `a.json:1: not valid JSON: "}" stands where a key in quotation marks is expected`},
		{"a.json", "{" + pad + "\n\"a\": [1, 2", "a.json:2: not valid JSON: the text ends where \",\" or \"]\" is expected"},
		{"a.json", "{\"kind\": \"List\", \"items\": [" + pad + "\n" + pod + "\n" + pod + "]}", "a.json:3: not valid JSON: \"{\" stands where \",\" or \"]\" is expected"},
		{"a.json", "{\"kind\": \"List\", \"items\": [" + pad + "\n" + pod + ",\n01]}", "a.json:3: not valid JSON: \"01\" is not a number"},
		{"a.json", "{\"kind\": \"List\", \"items\": [" + pad + "\n1,\n{\"a\": 1, \"a\": 2}]}", "a.json:3: the key \"a\" stands twice in one mapping, first on line 3"},
		{"a.json", "{\"kind\": \"List\", \"items\": [" + pad + "\n1,\n" + pod + "]}", "a.json:2: this is a number, an object with apiVersion and kind is expected"},
		{"a.json", "{\"kind\": \"List\", \"items\": [" + pad + "\n" + strings.Replace(pod, "a", "A", -1) + "]}", ""},
		{"a.json", "{\"kind\": \"List\", \"items\": [" + pad + "], \"kind\": 1}", "a.json:1: the key \"kind\" stands twice in one mapping, first on line 1"},
		{"a.yaml", "kind: List\nitems:\n" + strings.Repeat("- a: 1\n", 20) + "- a: [\n", "a.yaml:23: not valid YAML: did not find expected node content"},
		{"a.yaml", "kind: Lisp\nitems:\n- {}\n" + strings.Repeat("- {}\n", 30), "a.yaml:1: one document of 173 bytes; the limit is 100"},
		{"a.yaml", "kind: List\nitems:\n- a: 1\n  b: " + pad + "\n- c: 1\nx: y\n---\n", "a.yaml:3: one document of 213 bytes; the limit is 100"},
		{"a.yaml", ns("a") + "...\n%YAML 1.1\n---\n# " + pad, "a.yaml:1: one document of 271 bytes; the limit is 100"},
		{"a.yaml", "a: " + pad + pad + "b\n---\n", "a.yaml:1: one document of 405 bytes; the limit is 100"},
	} {
		_, err := readTight(c.name, []byte(c.text), tight(100, 30))
		lim := Limits{}.withDefaults()
		_, whole := readWhole(c.name, []byte(c.text), &lim)
		switch {
		case err == nil:
			t.Errorf("%.60q: no error", c.text)
		case !isLimit(err) && (whole == nil || err.Error() != whole.Error() || err.Hint != whole.Hint):
			t.Errorf("%.60q:\ngot   %v, %s\nwhole %v", c.text, err, err.Hint, whole)
		case c.want != "" && err.Error() != c.want:
			t.Errorf("%.60q:\ngot  %v\nwant %v", c.text, err, c.want)
		}
	}
}

// FuzzRead holds the fast ways to read against the reference, with windows and
// limits that cut the text anywhere.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "uid": "x"}, "status": {"phase": "Running"}}, {"kind": "x"}]}`,
		`{"items": [{"metadata": {"name": "a"}}, {}], "kind": "NamespaceList", "apiVersion": "v1"} {"apiVersion": "v1", "kind": "Service"}`,
		`{"a":[1,-0.5e+3,"x\u00e9\ud83d\ude00",true,null,{}]} {}`, `{"a":1,}`, "{\"\xca\xca\":\"\xfe\xff\"}", `{"items":[],"items":[]}`, "[{}]\n---\n{}",
		"kind: List\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n- a: |\n    - b\n# c\n- *x\nmetadata: {}\n---\n" + ns("a"),
		"items:\n- metadata: {name: a}\nkind: NamespaceList\napiVersion: v1\n", ns("a") + "...\n%YAML 1.1\n---\n" + ns("b"), "items:\n\n- a\n", "\xFF\xFEa\x00",
	} {
		for _, window := range []uint8{1, 60} {
			f.Add([]byte(seed), uint8(90), window, true)
			f.Add([]byte(seed), uint8(30), window, false)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, document, window uint8, isJSON bool) {
		name := "f"
		if isJSON {
			name = "f.json"
		}
		var text bytes.Buffer
		if _, err := text.ReadFrom(plainText(bytes.NewReader(data))); err != nil {
			t.Fatal(err)
		}
		sameReading(t, name, text.Bytes(), int(document)+1, int(window)+1)
	})
}

// FuzzItem holds the fast reader of single values against the careful one:
// where it reads at all, it reads the same, positions included.
func FuzzItem(f *testing.F) {
	f.Add([]byte(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "uid": "x", "labels": {"a": "b"}}, "spec": {"containers": [{"ports": [], "env": [1, {"a": null}]}]}, "status": {}}`), true)
	f.Add([]byte("{\n\n\"a\":\n[1, -0.5e+3,\n\"x\\u00e9\", true, {}]}"), false)
	f.Fuzz(func(t *testing.T, data []byte, cut bool) {
		if raw, _ := newJSONStream("f", nil, nil, tight(0, 0)).skim(append(data, ' ')); raw == nil {
			return
		} else {
			data = raw
		}
		lim := Limits{}.withDefaults()
		var s *shape
		if cut {
			s = shapes["Pod"]
		}
		careful := &jsonReader{file: "f", data: data, line: 7, lim: &lim}
		want, err := careful.value(2)
		got, ok := newItemReader(&lim).shaped(data, 7, 2, s)
		if err != nil {
			if ok {
				t.Fatalf("read what is wrong: %v", err)
			}
			return
		}
		if ok {
			sameNode(t, &got, project(&want, s))
		}
	})
}

// project leaves out what the shape does.
func project(n *node, s *shape) *node {
	out := *n
	out.keys, out.kids = nil, nil
	if n.kind == isMap {
		out.part = s
	}
	for i := range n.kids {
		sub := s
		if n.kind == isMap {
			kept := false
			if sub, kept = under(s, n.keys[i].name); !kept {
				continue
			}
			out.keys = append(out.keys, n.keys[i])
		}
		out.kids = append(out.kids, *project(&n.kids[i], sub))
	}
	return &out
}

func sameNode(t *testing.T, got, want *node) {
	t.Helper()
	if got.kind != want.kind || got.line != want.line || got.text != want.text || got.part != want.part || len(got.kids) != len(want.kids) || len(got.keys) != len(want.keys) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	for i := range got.keys {
		if got.keys[i] != want.keys[i] {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
	for i := range got.kids {
		sameNode(t, &got.kids[i], &want.kids[i])
	}
}

// What is passed over is still held to every rule of the text.
func TestPassedOver(t *testing.T) {
	deep := strings.Repeat("[", 120) + strings.Repeat("]", 120)
	for _, c := range []struct{ volumes, want string }{
		{deep, "nested deeper than 100 levels"},
		{strings.Repeat("[", 100) + strings.Repeat("]", 100), "nested deeper than 100 levels"},
		{strings.Repeat("[", 99) + strings.Repeat("]", 99), ""},
		{`[{"a": 1, "b": {"c": 1, "c": 2}}]`, `the key "c" stands twice in one mapping, first on line 4`},
		{`{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6}`, "a mapping with 6 keys; the limit is 5"},
		{`[{"<<": 1}]`, ""},
		{`[{<<: 1}]`, `the merge key "<<" needs a mapping`},
		{`[{[a]: 1}]`, "a mapping or list stands where a key is expected"},
		{`[&a {b: c}, {<<: *a, b: d}]`, ""},
		{`[&a [x, x, x, x, x, x, x], *a, *a, *a]`, "YAML aliases stand for more than 20 values"},
		{`[{"a": ]}`, "not valid"},
	} {
		lim := Limits{Keys: 5, Aliased: 20}.withDefaults()
		pod := "{\"apiVersion\": \"v1\",\n\"kind\": \"Pod\", \"metadata\": {\"name\": \"a\"},\n\"spec\": {\n\"volumes\": " + c.volumes + "}}"
		for _, name := range []string{"a.json", "a.yaml"} {
			isYAML := name == "a.yaml"
			if strings.ContainsAny(c.volumes, "*") || strings.Contains(c.volumes, "<<:") || strings.Contains(c.volumes, "[a]") {
				if !isYAML {
					continue
				}
			}
			text := pod
			if isYAML {
				text = "---\n" + text
			}
			want := c.want
			if isYAML {
				want = strings.ReplaceAll(want, "line 4", "line 5")
			}
			data := []byte(text)
			got, err := read(name, data, &lim)
			whole, wholeErr := readWhole(name, data, &lim)
			if !reflect.DeepEqual(err, wholeErr) {
				t.Errorf("%s %.40s: error %v, want %v", name, c.volumes, err, wholeErr)
			}
			sameDecoded(t, name, got, whole)
			if err == nil && want != "" || err != nil && (want == "" || !strings.Contains(err.Why, want)) {
				t.Errorf("%s %.40s: error %v, want %s", name, c.volumes, err, want)
			}
		}
		// In a List the limits hold for the fast reader too, which starts within.
		data := []byte("{\"kind\": \"List\", \"items\": [" + strings.Repeat(" ", 100) + pod + "]}")
		_, err := readTight("a.json", data, &Limits{Bytes: 1, Document: 1000, Objects: 10, Depth: 102, Aliased: 20, Keys: 100_000, window: 10})
		_, whole := readWhole("a.json", data, &Limits{Bytes: 1, Document: 1000, Objects: 10, Depth: 102, Aliased: 20, Keys: 100_000})
		if (err == nil) != (whole == nil) || err != nil && err.Error() != whole.Error() {
			t.Errorf("%.40s in a List: error %v, want %v", c.volumes, err, whole)
		}
	}
}
