package manifest

import (
	"net/netip"

	"github.com/portolan-net/portolan/cluster"
)

var (
	ownFields       = []string{"apiVersion", "kind", "metadata", "spec"}
	ownMetaFields   = []string{"annotations", "labels", "name", "namespace"}
	fabricFields    = []string{"clients", "dataplane", "nodes", "routers"}
	clientFields    = []string{"addresses", "name"}
	routerFields    = []string{"addresses", "multipath", "name", "nodes", "prefixes", "routes"}
	dataplaneFields = []string{
		"clusterCIDRs", "masqueradeAll", "podEgressMasquerade", "podNetwork", "policy", "profile", "proxy", "serviceCIDRs",
	}
	masqueradeFields = []string{"toLocalPods", "toOtherNodes", "toPodsOnOtherNodes"}
)

func (v value) ownHead() value {
	v.known(ownFields...)
	v.get("metadata").known(ownMetaFields...)
	return v.get("spec")
}

func decodeFabric(v value) any {
	spec := v.ownHead()
	spec.known(fabricFields...)
	f := &cluster.Fabric{Name: v.d.object.Name, Position: v.pos()}
	names := make(map[string]bool)
	for _, c := range spec.get("clients").list() {
		c.known(clientFields...)
		addresses := c.get("addresses")
		f.Clients = append(f.Clients, cluster.Client{Name: c.get("name").word(names), Addresses: addresses.addrs()})
		if !addresses.present() || len(addresses.n.kids) == 0 {
			addresses.fail("a client needs an address", "")
		}
	}
	clear(names)
	for _, r := range spec.get("routers").list() {
		f.Routers = append(f.Routers, fabricRouter(r, names))
	}
	f.Dataplane = fabricDataplane(spec.get("dataplane"))
	clear(names)
	for _, n := range spec.get("nodes").list() {
		f.Nodes = append(f.Nodes, fabricNode(n, names))
	}
	return f
}

// word is a required name in our own kinds, once per list.
func (v value) word(seen map[string]bool) string {
	s := v.str()
	switch {
	case s == "":
		v.fail("a name is required", "")
	case !isWord(s):
		v.failf("%s is not a name: at most 63 letters, digits, '-', '_' and '.'", quote(s))
	case seen[s]:
		v.failf("the name %s is there twice", s)
	}
	seen[s] = true
	return s
}

func fabricRouter(r value, names map[string]bool) cluster.Router {
	r.known(routerFields...)
	router := cluster.Router{
		Name:      r.get("name").word(names),
		Addresses: r.get("addresses").addrs(),
		Multipath: r.get("multipath").boolean(true),
		Routes:    cluster.Routes(r.get("routes").oneOf("static", "bgp", "l2")),
		Prefixes:  r.get("prefixes").prefixes(),
	}
	if router.Routes == "" {
		router.Routes = cluster.RoutesStatic
	}
	for _, n := range r.get("nodes").list() {
		n.need()
		router.Nodes = append(router.Nodes, n.nodeName())
	}
	return router
}

func fabricDataplane(v value) cluster.Dataplane {
	v.known(dataplaneFields...)
	d := cluster.Dataplane{
		Profile:             v.get("profile").optionalWord(),
		Proxy:               v.get("proxy").optionalWord(),
		Policy:              v.get("policy").optionalWord(),
		PodNetwork:          cluster.PodNetwork(v.get("podNetwork").oneOf("routed", "bridge", "vxlan", "gateway")),
		ClusterCIDRs:        v.get("clusterCIDRs").prefixes(),
		ServiceCIDRs:        v.get("serviceCIDRs").prefixes(),
		PodEgressMasquerade: cluster.EgressMasquerade(v.get("podEgressMasquerade").oneOf("none", "off-cluster", "nodes-too")),
	}
	if all := v.get("masqueradeAll"); all.present() {
		b := all.boolean(false)
		d.MasqueradeAll = &b
	}
	return d
}

func (v value) optionalWord() string {
	s := v.str()
	if s != "" && !isWord(s) {
		v.failf("%s is not a name", quote(s))
	}
	return s
}

func fabricNode(n value, names map[string]bool) cluster.FabricNode {
	n.known("masquerade", "name")
	m := n.get("masquerade")
	m.known(masqueradeFields...)
	return cluster.FabricNode{
		Name: n.get("name").word(names),
		Masquerade: cluster.Masquerade{
			ToLocalPods:        m.get("toLocalPods").addressOrList(),
			ToPodsOnOtherNodes: m.get("toPodsOnOtherNodes").addressOrList(),
			ToOtherNodes:       m.get("toOtherNodes").addressOrList(),
		},
	}
}

// addressOrList is one address, or a list with one for each family.
func (v value) addressOrList() []netip.Addr {
	if v.present() && v.n.kind == isList {
		return v.addrs()
	}
	if a := v.addr(); a.IsValid() {
		return []netip.Addr{a}
	}
	return nil
}
