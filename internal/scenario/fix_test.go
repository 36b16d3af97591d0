package scenario_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/scenario"
)

const fixable = `# A title
rule: S1
source: somewhere
lab: three-nodes
-- pods --
app/a n1 10.244.1.10 app=a
app/b n1 10.244.1.11 app=b
-- cluster.yaml --
apiVersion: v1
kind: Service
metadata: {name: s, namespace: app}
spec: {clusterIP: 10.96.0.10, selector: {app: wrong}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: other, namespace: app}
spec: {clusterIP: 10.96.0.11, selector: {app: b}, ports: [{port: 80}]}
-- fix right.yaml --
apiVersion: v1
kind: Service
metadata: {name: s, namespace: app}
spec: {clusterIP: 10.96.0.10, selector: {app: a}, ports: [{port: 80}]}
-- fix deny.yaml --
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: app}
spec: {podSelector: {}}
-- ask --
pod/app/b -> svc/app/s  UNREACHABLE fates=NoEndpoints
[with right.yaml]
pod/app/b -> svc/app/s  REACHABLE endpoints=app/a
[with deny.yaml]
pod/app/b -> svc/app/s  UNREACHABLE fates=NoEndpoints
[with right.yaml|deny.yaml, policy none]
pod/app/a -> svc/app/other  REACHABLE
`

// A fix replaces what has its name, adds what has not, and is gone behind its
// block; endpoints follow it, and positions stay those of the file.
func TestFix(t *testing.T) {
	s, err := scenario.Parse("x.txtar", []byte(fixable))
	if err != nil {
		t.Fatal(err)
	}
	different, err := scenario.Run(s, scenario.Walk{}, labs, nil)
	if err != nil || len(different) > 0 {
		t.Error(different, err)
	}
	var names []string
	for i := range s.Blocks {
		clusters, err := s.Under(&s.Blocks[i], labs)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range clusters {
			names = append(names, c.Name)
			equal(t, len(c.Snapshot.Services), 2)
			for _, svc := range c.Snapshot.Services {
				line := map[string]int{"s": 9, "other": 14}[svc.Name]
				if svc.Name == "s" && strings.HasPrefix(c.Name, "right") {
					line = 19
				}
				equal(t, svc.Position, flow.Position{File: "x.txtar", Line: line})
			}
		}
	}
	equal(t, names, []string{"", "right.yaml", "deny.yaml", "right.yaml none", "deny.yaml none"})
}

// A fix that does nothing is an error.
func TestFixStrict(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{"[with right.yaml]\npod/app/b -> svc/app/s  REACHABLE", "pod/app/b -> svc/app/s  UNREACHABLE", ""},
		{"[with deny.yaml]\npod/app/b -> svc/app/s  UNREACHABLE fates=NoEndpoints\n[with right.yaml|deny.yaml, policy none]", "[policy none]", "x.txtar:23: no block is asked [with deny.yaml]"},
		{"[with deny.yaml]", "[with deni.yaml]", "x.txtar:32: no section -- fix deni.yaml --"},
		{"[with deny.yaml]", "[with]", "the setting with has no value"},
		{"[with deny.yaml]", "[with deny.yaml, with right.yaml]", "the setting with is there twice"},
		{"-- fix deny.yaml --", "-- fix right.yaml --", "x.txtar:23: the fix right.yaml is there twice"},
		{"-- fix deny.yaml --", "-- fix deny --", "x.txtar:23: a fix is called NAME.yaml"},
		{"-- fix deny.yaml --", "-- fix deny.yaml --\n-- fix more.yaml --", "the fix deny.yaml is empty"},
		{"spec: {podSelector: {}}", "spec: {podSelector: {}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: x}", "x.txtar:24: a fix is made of Services"},
	} {
		text := strings.Replace(fixable, c.old, c.new, 1)
		if text == fixable {
			t.Errorf("%q is not in the scenario", c.old)
		}
		s, err := scenario.Parse("x.txtar", []byte(text))
		if err == nil {
			_, err = scenario.Run(s, scenario.Walk{}, labs, nil)
		}
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%q: %v", c.new, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%q for %q: %v, want %q", c.new, c.old, err, c.want)
		}
		var e *scenario.Error
		if c.want != "" && !errors.As(err, &e) {
			t.Errorf("%q for %q: %T", c.new, c.old, err)
		}
	}
}
