package diff

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// small is a Service of type LoadBalancer with one pod of a Deployment.
func small(pod, ip, vip string) *cluster.Snapshot {
	a := netip.MustParseAddr
	meta := func(name string) cluster.Meta { return cluster.Meta{Namespace: "app", Name: name} }
	p := cluster.Pod{
		Meta: meta(pod), Node: "n1", IPs: []netip.Addr{a(ip)}, Ports: []cluster.ContainerPort{{Port: 8080, Protocol: flow.TCP}},
		Phase: cluster.PodRunning, Ready: true, Owner: flow.Object{Kind: "Deployment", Namespace: "app", Name: "web"},
	}
	p.Labels = cluster.Labels{"app": "web"}
	return &cluster.Snapshot{
		Nodes: []cluster.Node{
			{Meta: cluster.Meta{Name: "n1"}, InternalIPs: []netip.Addr{a("10.0.0.11")}, PodCIDRs: []netip.Prefix{netip.MustParsePrefix("10.244.1.0/24")}, Ready: true},
			{Meta: cluster.Meta{Name: "n2"}, InternalIPs: []netip.Addr{a("10.0.0.12")}, PodCIDRs: []netip.Prefix{netip.MustParsePrefix("10.244.2.0/24")}, Ready: true},
		},
		Namespaces: []cluster.Namespace{{Meta: cluster.Meta{Name: "app"}}},
		Pods:       []cluster.Pod{p},
		Services: []cluster.Service{{
			Meta: meta("web"), Type: cluster.ServiceLoadBalancer, ClusterIPs: []netip.Addr{a("10.96.0.80")}, Selector: cluster.Labels{"app": "web"},
			Ports:   []cluster.ServicePort{{Protocol: flow.TCP, Port: 80, TargetPort: cluster.PortRef{Number: 8080}}},
			Ingress: []cluster.Ingress{{IP: a(vip)}},
		}},
		EndpointSlices: []cluster.EndpointSlice{{
			Meta: meta("web-1"), Service: "web", Ports: []cluster.EndpointPort{{Protocol: flow.TCP, Port: 8080}},
			Endpoints: []cluster.Endpoint{{Addresses: p.IPs, Ready: true, Serving: true, Node: "n1", Target: p.Object()}},
		}},
		Fabric: cluster.Fabric{
			Clients: []cluster.Client{{Name: "branch", Addresses: []netip.Addr{a("203.0.113.10")}}},
			Routers: []cluster.Router{{Name: "gw", Multipath: true}},
		},
	}
}

// A rollout: other pods, other addresses, and nobody notices.
func TestRollout(t *testing.T) {
	r := compare(t, small("web-a", "10.244.1.5", "198.51.100.1"), small("web-b", "10.244.1.6", "198.51.100.1"))
	if len(losses(r)) > 0 || len(r.Gone)+len(r.Come) > 0 || r.Same != 1 {
		t.Errorf("%+v", r)
	}
	if len(r.Objects) != 1 || r.Objects[0].Object.Kind != "Deployment" {
		t.Errorf("%+v", r.Objects)
	}
}

// Another address is lost to those who ask the old one.
func TestMoved(t *testing.T) {
	r := compare(t, small("web-a", "10.244.1.5", "198.51.100.1"), small("web-a", "10.244.1.5", "198.51.100.2"))
	if len(r.Services) != 1 || len(r.Services[0].Items) != 1 || !r.Lost() || r.Gained() {
		t.Fatalf("%+v", r.Services)
	}
	it := &r.Services[0].Items[0]
	if !it.Moved || it.From.String() != "198.51.100.1" || it.To.String() != "198.51.100.2" || causes(&it.Loss) != "Service/app/web" {
		t.Errorf("%+v, by %s", it, causes(&it.Loss))
	}
}

// A Service that is gone, and its workload.
func TestGone(t *testing.T) {
	old, young := small("web-a", "10.244.1.5", "198.51.100.1"), small("web-a", "10.244.1.5", "198.51.100.1")
	young.Services, young.EndpointSlices = nil, nil
	r := compare(t, old, young)
	if len(r.Services) != 1 || r.Same != 0 {
		t.Fatalf("%+v", r)
	}
	for _, l := range losses(r) {
		if causes(l) != "Service/app/web" || !l.Lost {
			t.Errorf("by %s", causes(l))
		}
	}
	young.Pods = nil
	r = compare(t, old, young)
	if len(r.Gone) != 1 || r.Gone[0].Object.Kind != "Deployment" || r.Gone[0].Pods != 1 {
		t.Errorf("%+v", r.Gone)
	}
}

// A pod that is not ready any more: told under its workload.
func TestNotReady(t *testing.T) {
	old, young := small("web-a", "10.244.1.5", "198.51.100.1"), small("web-a", "10.244.1.5", "198.51.100.1")
	young.Pods[0].Ready = false
	young.EndpointSlices[0].Endpoints[0].Ready, young.EndpointSlices[0].Endpoints[0].Serving = false, false
	r := compare(t, old, young)
	if !r.Lost() {
		t.Fatal("nothing lost")
	}
	for _, l := range losses(r) {
		if causes(l) != "Deployment/app/web" {
			t.Errorf("by %q", causes(l))
		}
	}
	// With the pod as it was, it is the slice's own change.
	young.Pods[0].Ready = true
	for _, l := range losses(compare(t, old, young)) {
		if causes(l) != "EndpointSlice/app/web" {
			t.Errorf("by %q", causes(l))
		}
	}
}
