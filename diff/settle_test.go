package diff

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// sharing is a second Service at the address of the first, as MetalLB allows it: one
// key, both Cluster, other ports.
func sharing(change ...func(*cluster.Service)) *cluster.Snapshot {
	s := small("web-a", "10.244.1.5", "198.51.100.1")
	s.Services[0].Annotations = map[string]string{"metallb.io/allow-shared-ip": "k"}
	other := s.Services[0]
	other.Name, other.ClusterIPs = "ssh", []netip.Addr{netip.MustParseAddr("10.96.0.22")}
	other.Ports = []cluster.ServicePort{{Protocol: flow.TCP, Port: 22, TargetPort: cluster.PortRef{Number: 8080}}}
	slice := s.EndpointSlices[0]
	slice.Name, slice.Service = "ssh-1", "ssh"
	s.Services, s.EndpointSlices = append(s.Services, other), append(s.EndpointSlices, slice)
	for i, f := range change {
		f(&s.Services[i])
	}
	return s
}

// MetalLB looks again at the Service that changed, and where the address is "also in use
// by" another that does not fit (internal/allocator/allocator.go, Assign), that one keeps
// it: wherever the two stand in the input, and whichever is older.
func TestSharerThatChanges(t *testing.T) {
	same := func(*cluster.Service) {}
	local := func(s *cluster.Service) { s.ExternalTrafficPolicy = cluster.PolicyLocal }
	key := func(s *cluster.Service) { s.Annotations = map[string]string{"metallb.io/allow-shared-ip": "q"} }
	taken := func(s *cluster.Service) {
		s.Ports = append(s.Ports[:1:1], cluster.ServicePort{Protocol: flow.TCP, Port: 22, TargetPort: cluster.PortRef{Number: 8080}})
	}
	label := func(s *cluster.Service) { s.Labels = cluster.Labels{"new": "yes"} }
	for _, c := range []struct {
		name   string
		change [2]func(*cluster.Service)
		want   string // who loses the address, and by whom
	}{
		{"the first becomes Local", [2]func(*cluster.Service){local, same}, "app/web by Service/app/web"},
		{"the second becomes Local", [2]func(*cluster.Service){same, local}, "app/ssh by Service/app/ssh"},
		{"another key for the first", [2]func(*cluster.Service){key, same}, "app/web by Service/app/web"},
		{"another key for the second", [2]func(*cluster.Service){same, key}, "app/ssh by Service/app/ssh"},
		{"the first wants a port of the second, too", [2]func(*cluster.Service){taken, same}, "app/web by Service/app/web"},
		{"another label takes nothing", [2]func(*cluster.Service){key, label}, "app/web by Service/app/web"},
		{"one key for both again", [2]func(*cluster.Service){key, key}, ""},
	} {
		for _, older := range []int{0, 1} {
			old, young := sharing(), sharing(c.change[:]...)
			for _, s := range []*cluster.Snapshot{old, young} {
				s.Services[older].Created, s.Services[1-older].Created = "2026-01-01T00:00:00Z", "2026-02-02T00:00:00Z"
			}
			r, got := compare(t, old, young), []string{}
			for i := range r.Services {
				s := &r.Services[i]
				if len(s.Taken) > 0 && len(s.Items) > 0 {
					got = append(got, s.Object.Namespace+"/"+s.Object.Name+" by "+causes(&s.Items[0].Loss))
				}
			}
			if text := strings.Join(slices.Compact(got), "; "); text != c.want {
				t.Errorf("%s, number %d being older: %q loses the address, want %q", c.name, older, text, c.want)
			}
		}
	}
}

// Where sharers do not go together already, nobody takes addresses: nothing is lost.
func TestSharersThatNeverFitted(t *testing.T) {
	key := func(s *cluster.Service) { s.Annotations = map[string]string{"metallb.io/allow-shared-ip": "q"} }
	other := func(s *cluster.Service) { s.Annotations = map[string]string{"metallb.io/allow-shared-ip": "z"} }
	for _, young := range []*cluster.Snapshot{sharing(other), sharing(func(*cluster.Service) {}, other)} {
		if r := compare(t, sharing(key), young); r.Lost() || r.Gained() {
			t.Errorf("%+v", r.Services)
		}
	}
}
