package check

import (
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/policy"
)

// A slip is one label off, in its spelling; anything more is another application.
func TestSlip(t *testing.T) {
	for _, c := range []struct {
		name       string
		want, have cluster.Labels
		slip       bool
	}{
		{"a letter", cluster.Labels{"app": "carts"}, cluster.Labels{"app": "cart", "x": "y"}, true},
		{"case", cluster.Labels{"app": "frontend"}, cluster.Labels{"app": "FrontEnd"}, true},
		{"a key's letter", cluster.Labels{"release-of": "db"}, cluster.Labels{"releases-of": "db"}, true},
		{"a key's prefix", cluster.Labels{"name": "web"}, cluster.Labels{"app.kubernetes.io/name": "web"}, true},
		{"equal", cluster.Labels{"app": "web"}, cluster.Labels{"app": "web"}, false},
		{"two off", cluster.Labels{"app": "carts", "tier": "backend"}, cluster.Labels{"app": "cart", "tier": "backnd"}, false},
		{"one missing", cluster.Labels{"app": "cart", "tier": "backend"}, cluster.Labels{"app": "cart"}, false},
		{"numbers", cluster.Labels{"app": "shard-1"}, cluster.Labels{"app": "shard-2"}, false},
		{"short words", cluster.Labels{"app": "api"}, cluster.Labels{"app": "app"}, false},
		{"another word", cluster.Labels{"app": "prometheus"}, cluster.Labels{"app": "alertmanager"}, false},
		{"a part of it", cluster.Labels{"app": "prometheus"}, cluster.Labels{"app": "prometheus-adapter"}, false},
	} {
		if got := slip(c.want, c.have); got != c.slip {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// Names are read by their words, and only a claim about everything is one.
func TestReadName(t *testing.T) {
	for name, want := range map[string]claim{
		"allow-all":                  {allows: true, everything: true},
		"default-allow-all":          {allows: true, everything: true},
		"allow-all-ingress":          {allows: true, everything: true, only: policy.Ingress},
		"allow-all-from-monitoring":  {allows: true},
		"allow-all-internal":         {allows: true},
		"allow-http":                 {allows: true},
		"deny-all":                   {denies: true},
		"default-deny-all-egress":    {denies: true, only: policy.Egress},
		"default-deny":               {denies: true},
		"deny-from-other-namespaces": {},
		"deny-all-allow-dns":         {},
		"web":                        {},
		"shallow-allowance":          {},
	} {
		if got := readName(name); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}
