package manifest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"

	"github.com/portolan-net/portolan/cluster"
)

// FuzzParse holds that no input panics, that an error is an *Error which a
// terminal can print, and that a Snapshot keeps what package cluster promises.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		policy("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 1, endPort: 2}]}]"),
		service("type: LoadBalancer\nports: [{port: 80, targetPort: http}]"), podsForSlices, deployment,
		fabric("clients: [{name: a, addresses: [192.0.2.1]}]"), expectations("expect: [{from: a, to: b}]"),
		`{"kind": "List", "items": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}]}`, bomb(),
		"a: &a {<<: *a}\n", "%YAML 1.1\n---\na: 1\n...\n", "\xFF\xFEa\x00", "items:\n- \n- a\nkind: List\n", "{{ x }}", "--- |\n---\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := Parse("fuzz", data, Options{Limits: Limits{Document: 1 << 20}})
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("not an *Error: %v", err)
			}
			printable(t, e.Error()+e.Hint)
			return
		}
		checkSnapshot(t, in.Snapshot)
		for _, w := range in.Warnings {
			printable(t, w.Reason.String()+w.Field+w.Object.String())
		}
	})
}

func printable(t *testing.T, s string) {
	t.Helper()
	if strings.ContainsFunc(s, unicode.IsControl) {
		t.Errorf("control characters: %q", s)
	}
}

func checkSnapshot(t *testing.T, s *cluster.Snapshot) {
	t.Helper()
	for _, p := range s.NetworkPolicies {
		printable(t, p.Object().String()+p.PodSelector.String())
		for _, r := range append(append([]cluster.PolicyRule{}, p.Ingress...), p.Egress...) {
			checkRule(t, r)
		}
	}
	for _, sv := range s.Services {
		for _, p := range sv.Ports {
			if p.Port == 0 || p.TargetPort.IsZero() || p.Protocol == 0 {
				t.Errorf("%s: port %+v", sv.Object(), p)
			}
		}
	}
	known := make(map[string]bool)
	for _, n := range s.Namespaces {
		known[n.Name] = true
	}
	for _, p := range s.Pods {
		printable(t, p.Object().String()+p.Owner.String()+p.Node)
		if !known[p.Namespace] {
			t.Errorf("%s: no such namespace", p.Object())
		}
	}
	for _, i := range s.Ignored {
		printable(t, i.Object.String()+i.Reason.String())
	}
	for _, i := range s.Foreign {
		printable(t, i.Object.String()+i.Engine)
	}
}

func checkRule(t *testing.T, r cluster.PolicyRule) {
	t.Helper()
	for _, p := range r.Ports {
		if p.Protocol == 0 || p.EndPort != 0 && p.EndPort < p.Port.Number {
			t.Errorf("port %+v", p)
		}
	}
	for _, p := range r.Peers {
		if (p.IPBlock == nil) == (p.PodSelector == nil && p.NamespaceSelector == nil) {
			t.Errorf("peer %+v", p)
		}
		if p.IPBlock != nil && (!p.IPBlock.CIDR.IsValid() || p.IPBlock.CIDR.Masked() != p.IPBlock.CIDR) {
			t.Errorf("cidr %v", p.IPBlock.CIDR)
		}
	}
}

// FuzzJSON holds our reader against encoding/json: both take the same single
// values, but for limits and duplicate keys, which are ours, and find the same.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a": [1, -0.5e+3, "x\u00e9\n\ud83d\ude00", true, null, {}]} {}`, `[`, `"a\q"`, "1 2", `{"a":1,}`, "\"\x01\"", "\"\xff\"", "{\"\xca\xca\":\"\xfe\xff\"}", "-", "01", "tru"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lim := Limits{}.withDefaults()
		ours, err := readJSON("f", data, 1, &lim)
		if err != nil && !err.syntax {
			return // a limit or a duplicate key
		}
		if valid := json.Valid(data); valid != (err == nil && len(ours) == 1) {
			t.Fatalf("%d values, error %v; encoding/json says valid: %v", len(ours), err, valid)
		} else if !valid {
			return
		}
		dec := json.NewDecoder(strings.NewReader(string(data)))
		dec.UseNumber()
		var theirs any
		if err := dec.Decode(&theirs); err != nil {
			t.Fatal(err)
		}
		sameJSON(t, &ours[0], theirs)
	})
}

func sameJSON(t *testing.T, n *node, v any) {
	t.Helper()
	ok := false
	switch v := v.(type) {
	case nil:
		ok = n.kind == isNull
	case bool:
		ok = n.kind == isBool && (n.text == "true") == v
	case string:
		ok = n.kind == isString && n.text == v
	case json.Number:
		ok = (n.kind == isInt || n.kind == isFloat) && n.text == v.String()
	case []any:
		if ok = n.kind == isList && len(n.kids) == len(v); ok {
			for i := range v {
				sameJSON(t, &n.kids[i], v[i])
			}
		}
	case map[string]any:
		if ok = n.kind == isMap && len(n.kids) == len(v); ok {
			for k := range v {
				if c := n.child(k); c != nil {
					sameJSON(t, c, v[k])
				} else {
					t.Errorf("no key %q", k)
				}
			}
		}
	}
	if !ok {
		t.Errorf("%+v is not %v", n, v)
	}
}
