package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// threeNodes is a cluster in which a Service's answers hang on everything that a
// front's can: pods of three workloads on every node and one on a node that is not
// there, processes of nodes, addresses that two Services share, two routers.
func threeNodes(proxy, policy string) *cluster.Snapshot {
	s := &cluster.Snapshot{Namespaces: []cluster.Namespace{{Meta: cluster.Meta{Name: "a", Labels: cluster.Labels{"kubernetes.io/metadata.name": "a"}}}}}
	for i := range 3 {
		n := cluster.Node{Ready: true, InternalIPs: addrsOf(fmt.Sprintf("10.0.0.%d", 11+i)), OtherIPs: addrsOf(fmt.Sprintf("192.0.2.%d", 11+i))}
		n.Name, n.PodCIDRs = fmt.Sprint("n", i+1), []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("10.244.%d.0/24", i+1))}
		s.Nodes = append(s.Nodes, n)
	}
	for i, app := range []string{"api", "db", "far", "web"} {
		for j, node := range []string{"n1", "n2", "n3"} {
			if app == "far" {
				node = "n9"
			}
			p := cluster.Pod{Node: node, IPs: addrsOf(fmt.Sprintf("10.244.%d.%d", j+1, 10+i)), Phase: cluster.PodRunning, Ready: true}
			p.Namespace, p.Name, p.Labels = "a", fmt.Sprint(app, j+1), cluster.Labels{"app": app}
			p.Owner = flow.Object{Kind: "Deployment", Namespace: "a", Name: app}
			s.Pods = append(s.Pods, p)
		}
	}
	more := *podOf(s, "web1")
	more.Name, more.IPs = "web4", addrsOf("10.244.1.20") // no endpoint of anything
	s.Pods = append(s.Pods, more)
	for j := range s.Nodes {
		p := cluster.Pod{Node: s.Nodes[j].Name, HostNetwork: true, IPs: s.Nodes[j].InternalIPs, Phase: cluster.PodRunning, Ready: true}
		p.Namespace, p.Name = "a", fmt.Sprint("host", j+1)
		s.Pods = append(s.Pods, p)
	}
	s.Services = []cluster.Service{serviceOf("api", 10), serviceOf("db", 11), serviceOf("mixed", 12), serviceOf("web", 13)}
	for i := range s.Services {
		s.Services[i].ExternalTrafficPolicy = cluster.PolicyLocal
	}
	db, mixed, web := &s.Services[1], &s.Services[2], &s.Services[3]
	db.Ingress, mixed.ExternalTrafficPolicy, web.InternalTrafficPolicy = slices.Clone(s.Services[0].Ingress), cluster.PolicyCluster, cluster.PolicyLocal
	web.Ports = append(web.Ports, cluster.ServicePort{Name: "more", Port: 81, Protocol: flow.TCP, NodePort: 30081})
	s.EndpointSlices = []cluster.EndpointSlice{sliceOf(s, "api", "api1", "api2"), sliceOf(s, "db", "db3"), sliceOf(s, "mixed", "host1"), sliceOf(s, "web", "web1", "web2")}
	s.Fabric = cluster.Fabric{
		Clients: []cluster.Client{
			{Name: "c1", Addresses: addrsOf("203.0.113.10")},
			{Name: "c2", Addresses: addrsOf("203.0.113.200")},
			{Name: "inside", Addresses: addrsOf("10.244.2.200")},
		},
		Routers: []cluster.Router{{Name: "r", Multipath: true, Routes: cluster.RoutesStatic, Nodes: []string{"n2"}}, {Name: "q", Multipath: true, Routes: cluster.RoutesBGP}},
		Dataplane: cluster.Dataplane{
			Proxy: proxy, Policy: policy, PodNetwork: cluster.PodNetworkRouted,
			ClusterCIDRs: []netip.Prefix{netip.MustParsePrefix("10.244.0.0/16")}, ServiceCIDRs: []netip.Prefix{netip.MustParsePrefix("10.96.0.0/16")},
		},
	}
	return s
}

func addrsOf(list ...string) (out []netip.Addr) {
	for _, a := range list {
		out = append(out, netip.MustParseAddr(a))
	}
	return out
}

// serviceOf is a load balancer at a port and addresses of its own.
func serviceOf(name string, n int) cluster.Service {
	svc := cluster.Service{Type: cluster.ServiceLoadBalancer, ClusterIPs: addrsOf(fmt.Sprintf("10.96.0.%d", n))}
	svc.Namespace, svc.Name = "a", name
	svc.Ports = []cluster.ServicePort{{Name: "http", Port: uint16(80 + n), Protocol: flow.TCP, NodePort: uint16(30000 + n)}}
	svc.Ingress = []cluster.Ingress{{IP: addrsOf(fmt.Sprintf("198.51.100.%d", n))[0]}}
	return svc
}

func sliceOf(s *cluster.Snapshot, svc string, pods ...string) cluster.EndpointSlice {
	e := cluster.EndpointSlice{Service: svc, Ports: []cluster.EndpointPort{{Name: "http", Port: 8080, Protocol: flow.TCP}, {Name: "more", Port: 8081, Protocol: flow.TCP}}}
	e.Namespace, e.Name = "a", svc+"-1"
	for _, name := range pods {
		p := podOf(s, name)
		e.Endpoints = append(e.Endpoints, cluster.Endpoint{Addresses: p.IPs, Node: p.Node, Target: p.Object(), Ready: true, Serving: true})
	}
	return e
}

func podOf(s *cluster.Snapshot, name string) *cluster.Pod {
	return &s.Pods[slices.IndexFunc(s.Pods, func(p cluster.Pod) bool { return p.Name == name })]
}

func svcOf(s *cluster.Snapshot, name string) *cluster.Service {
	return &s.Services[slices.IndexFunc(s.Services, func(p cluster.Service) bool { return p.Name == name })]
}

// endpointsOf are those of a Service.
func endpointsOf(s *cluster.Snapshot, name string) *[]cluster.Endpoint {
	return &s.EndpointSlices[slices.IndexFunc(s.EndpointSlices, func(e cluster.EndpointSlice) bool { return e.Service == name })].Endpoints
}

// deny isolates the pods of some workloads in a direction.
func deny(s *cluster.Snapshot, egress bool, apps ...string) {
	for _, app := range apps {
		np := cluster.NetworkPolicy{PodSelector: cluster.LabelSelector{MatchLabels: cluster.Labels{"app": app}}, IsolatesIngress: !egress, IsolatesEgress: egress}
		np.Namespace, np.Name = "a", fmt.Sprint("deny-", app, egress)
		s.NetworkPolicies = append(s.NetworkPolicies, np)
	}
}

// oneThing is what two versions differ in. Same: nobody is answered otherwise.
type oneThing struct {
	name   string
	same   bool
	policy string                  // the enforcer, if not the usual one
	first  func(*cluster.Snapshot) // done to both versions, if not nil
	edit   func(*cluster.Snapshot) // done to one of them
}

// Versions that differ in one thing: who is answered otherwise is told, and nobody
// else, whichever is the older. Neither is changed by being compared.
func TestDiffOneThing(t *testing.T) {
	t.Parallel()
	for i := range oneThings {
		o := &oneThings[i]
		t.Run(o.name, func(t *testing.T) {
			var versions [2]*cluster.Snapshot
			for j := range versions {
				s := threeNodes("kube-proxy-iptables", cmp.Or(o.policy, "generic"))
				if o.first != nil {
					o.first(s)
				}
				if j > 0 {
					o.edit(s)
				}
				versions[j] = s
			}
			old, young := Compile(compileSnapshot(t, versions[0])), Compile(compileSnapshot(t, versions[1]))
			lines := linesOf(versions)
			for _, d := range []*Difference{Diff(old, young), Diff(young, old)} {
				_, differ := sameTold(t, uint64(i), d)
				if (differ == 0) != o.same {
					t.Errorf("%d answers are others", differ)
				}
			}
			if got := linesOf(versions); !slices.Equal(got, lines) {
				t.Errorf("ports were at %v, and are at %v", lines, got)
			}
		})
	}
}

// linesOf is where the ports of Services are written.
func linesOf(versions [2]*cluster.Snapshot) (out []int) {
	for _, s := range versions {
		for i := range s.Services {
			for _, p := range s.Services[i].Ports {
				out = append(out, p.Position.Line)
			}
		}
	}
	return out
}
