package diff

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
)

// Cluster IPs that were made up are no difference: not because another Service came
// before in the input, nor because the API server has given one since; and a Service
// that comes gets one that nobody had.
func TestInventedServices(t *testing.T) {
	a := netip.MustParseAddr
	svc := func(name, ip string) cluster.Service {
		s := small("web-a", "10.244.1.5", "198.51.100.1").Services[0]
		s.Name, s.Type, s.Ingress, s.ClusterIPs = name, cluster.ServiceClusterIP, nil, []netip.Addr{a(ip)}
		s.Invented = a(ip).As4()[0] == 198
		return s
	}
	version := func(services ...cluster.Service) *cluster.Snapshot {
		s := small("web-a", "10.244.1.5", "198.51.100.1")
		s.Services = services
		return s
	}
	for _, tt := range []struct {
		name       string
		old, young *cluster.Snapshot
		was, now   []string
	}{
		{
			"another order, and one that comes", version(svc("web", "198.19.255.254"), svc("db", "198.19.255.253")),
			version(svc("api", "198.19.255.254"), svc("db", "198.19.255.253"), svc("web", "198.19.255.252")),
			[]string{"198.19.255.254", "198.19.255.253"},
			[]string{"198.19.255.251", "198.19.255.253", "198.19.255.254"},
		},
		{"one goes", version(svc("web", "198.19.255.254"), svc("db", "198.19.255.253")), version(svc("db", "198.19.255.254")), []string{"198.19.255.254", "198.19.255.253"}, []string{"198.19.255.253"}},
		{"applied since", version(svc("web", "198.19.255.254")), version(svc("web", "10.96.0.9")), []string{"10.96.0.9"}, []string{"10.96.0.9"}},
		{"applied before", version(svc("web", "10.96.0.9")), version(svc("web", "198.19.255.254")), []string{"10.96.0.9"}, []string{"10.96.0.9"}},
	} {
		both := alignBoth(tt.old, tt.young)
		for v, want := range [2][]string{tt.was, tt.now} {
			var got []string
			for _, s := range both[v].Services {
				got = append(got, s.ClusterIPs[0].String())
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: version %d: %v, want %v", tt.name, v, got, want)
			}
		}
		r := compare(t, tt.old, tt.young)
		for i := range r.Services {
			if name := r.Services[i].Object.Name; tt.name != "one goes" && name != "api" || name == "db" {
				t.Errorf("%s: %s is told as changed: %+v", tt.name, name, r.Services[i].Items)
			}
		}
	}
}
