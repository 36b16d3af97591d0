package explain

import (
	"maps"
	"testing"

	"github.com/portolan-net/portolan/cluster"
)

func TestAlikeValues(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"api-svc", "api-service", true}, // case H04
		{"fronted", "frontend", true},
		{"Frontend", "frontend", true},
		{"postgres", "postgresql", true},
		{"web", "db", false},
		{"web", "api", false},
		{"api", "api-gateway-internal", false},
		{"redis", "kafka", false},
		{"", "web", false},
	} {
		if alikeValues(c.a, c.b) != c.want || alikeValues(c.b, c.a) != c.want {
			t.Errorf("alikeValues(%q, %q) is not %v", c.a, c.b, c.want)
		}
	}
}

// One label may be off, by its value or by its key; two are no typo.
func TestCorrected(t *testing.T) {
	for _, c := range []struct{ selector, labels, want cluster.Labels }{
		{cluster.Labels{"app": "api-svc"}, cluster.Labels{"app": "api-service", "tier": "x"}, cluster.Labels{"app": "api-service"}},
		{cluster.Labels{"app": "api", "tier": "x"}, cluster.Labels{"app.kubernetes.io/name": "api", "tier": "x"}, cluster.Labels{"app.kubernetes.io/name": "api", "tier": "x"}},
		{cluster.Labels{"app": "api"}, cluster.Labels{"app": "db"}, nil},
		{cluster.Labels{"app": "frontnd", "tier": "fronted"}, cluster.Labels{"app": "frontend", "tier": "frontend"}, nil},
		{cluster.Labels{"app": "api"}, cluster.Labels{"app": "api"}, nil},
	} {
		if got := corrected(c.selector, c.labels); !maps.Equal(got, c.want) || (got == nil) != (c.want == nil) {
			t.Errorf("%v on pods %v: %v, want %v", c.selector, c.labels, got, c.want)
		}
	}
}
