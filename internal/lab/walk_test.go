//go:build linux

package lab_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/lab"
	"github.com/portolan-net/portolan/internal/probe"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// bare is a cluster without anything that needs a rule in a kernel: no Services,
// no policies, no range of Services. What is left is addresses and routes.
func bare(s *cluster.Snapshot) *cluster.Snapshot {
	b := *s
	b.Services, b.EndpointSlices, b.NetworkPolicies, b.Foreign = nil, nil, nil, nil
	b.Fabric.Dataplane.ServiceCIDRs = nil
	b.Fabric.Dataplane.Profile, b.Fabric.Dataplane.Proxy, b.Fabric.Dataplane.Policy = "", "portolan", "none"
	return &b
}

// places are all starts of questions.
func places(m *model.Model) (all []path.Question) {
	for _, c := range path.Outside(m) {
		all = append(all, path.Question{From: "external/" + c.Name})
		for i := range m.Snapshot.Nodes {
			all = append(all, path.Question{From: "external/" + c.Name, Via: m.Snapshot.Nodes[i].Name})
		}
	}
	for i := range m.Snapshot.Nodes {
		all = append(all, path.Question{From: "node/" + m.Snapshot.Nodes[i].Name})
	}
	for i := range m.Snapshot.Pods {
		if p := &m.Snapshot.Pods[i]; !p.Finished() && len(p.IPs) > 0 {
			all = append(all, path.Question{From: "pod/" + p.Namespace + "/" + p.Name})
		}
	}
	return all
}

// targets are addresses of every kind.
func targets(m *model.Model) (all []string) {
	add := func(a netip.Addr, ports ...uint16) {
		for _, p := range ports {
			all = append(all, netip.AddrPortFrom(a, p).String(), netip.AddrPortFrom(a, p).String()+"/udp")
		}
	}
	for i := range m.Snapshot.Pods {
		p := &m.Snapshot.Pods[i]
		for _, a := range p.IPs {
			if add(a, 7777); len(p.Ports) > 0 {
				add(a, p.Ports[0].Port)
			}
		}
	}
	for i := range m.Snapshot.Nodes {
		n := &m.Snapshot.Nodes[i]
		for _, a := range slices.Concat(n.InternalIPs, n.OtherIPs) {
			add(a, 22, 31999)
		}
		for _, c := range n.PodCIDRs {
			add(nobodyIn(m, c), 80)
		}
	}
	for _, c := range path.Outside(m) {
		for _, a := range c.Addresses {
			if !m.Profile.InClusterCIDR(a) { // as a server it is not what path takes it for
				add(a, 80, 40000)
			}
		}
	}
	add(netip.MustParseAddr("192.0.2.200"), 80)
	add(netip.MustParseAddr("2001:db8:200::1"), 80)
	add(netip.MustParseAddr("127.0.0.1"), 9)
	return all
}

// nobodyIn is an address of a range that nobody has.
func nobodyIn(m *model.Model, c netip.Prefix) netip.Addr {
	a := cluster.LastAddr(c).Prev()
	for m.Index.PodByIP(a) != nil {
		a = a.Prev()
	}
	return a
}

type question struct {
	path.Question
	target path.Target
	want   map[string]bool
	place  string
}

// pointless: a client that asks somebody outside, by way of a node, or itself.
func pointless(m *model.Model, q path.Question, to netip.Addr) bool {
	if !strings.HasPrefix(q.From, "external/") {
		return false
	}
	own := slices.ContainsFunc(path.Outside(m), func(c cluster.Client) bool {
		return "external/"+c.Name == q.From && slices.Contains(c.Addresses, to)
	})
	inside := m.Index.NodeByIP(to) != nil || m.Index.PodByIP(to) != nil || m.Profile.InClusterCIDR(to)
	return own || q.Via != "" && !inside
}

// lacksFamily: a socket cannot even be connected.
func lacksFamily(a *path.Answer) bool {
	return slices.ContainsFunc(a.Traces, func(t path.Walked) bool {
		return !t.Hops[0].Steps[0].Before.Src.Addr().IsValid()
	})
}

func outcome(t *path.Walked) string {
	if t.Fate != flow.Delivered {
		return t.Seen.String()
	}
	return t.Seen.String() + " " + t.Endpoint.String() + " from " + t.Source.String()
}

// ask walks every question that has an answer.
func ask(t *testing.T, m *model.Model) (all []question, o lab.Options) {
	t.Helper()
	for _, from := range places(m) {
		for _, to := range targets(m) {
			from.To = to
			a, err := path.Walk(m, from)
			if err != nil || pointless(m, from, a.Targets[0].Addr.Addr()) || lacksFamily(a) {
				continue
			}
			q := question{Question: from, target: a.Targets[0], want: map[string]bool{}, place: from.From}
			for i := range a.Traces {
				q.want[outcome(&a.Traces[i])] = true
			}
			if q.want[flow.SeenUnknown.String()] {
				continue
			}
			o.AddTarget(q.target)
			all = append(all, q)
		}
	}
	return all, o
}

// agree builds a cluster's network and compares what connections find with what
// package path says. It returns how many were made.
func agree(t *testing.T, m *model.Model) int {
	t.Helper()
	all, o := ask(t, m)
	l, err := lab.Up(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := l.Install(t.Context(), lab.Nothing{}); err != nil {
		t.Fatal(err)
	}
	routers := m.Announce.Routers()
	probes := make([]probe.Probe, len(all))
	for i := range all {
		q := &all[i]
		p := probe.Probe{Place: l.Machine(q.place), Protocol: q.target.Protocol, To: q.target.Addr, Timeout: 100 * time.Millisecond}
		if strings.HasPrefix(q.From, "external/") {
			var err error
			router := routers[i%len(routers)].Name // each is a way, and path says what may be on any
			if p.Ports, err = l.Ports(router, q.Via); err != nil {
				t.Fatal(err)
			}
			p.From = l.ClientAddr(strings.TrimPrefix(q.From, "external/"), q.target.Addr.Addr().Is6())
		}
		if p.Place == (*lab.Machine)(nil) {
			t.Fatalf("%s is not in the lab", q.place)
		}
		probes[i] = p
	}
	wrong := 0
	for i, r := range probe.Run(t.Context(), probes, probe.Options{Servers: l.Servers()}) {
		got := r.Seen.String()
		if r.Seen == flow.Connected {
			got += " " + r.Answer.Server + " from " + r.Answer.Peer.Addr().String()
		}
		if !all[i].want[got] {
			if wrong++; wrong <= 20 {
				t.Errorf("%s via %q -> %s: %s (%v), path says %v", all[i].From, all[i].Via, all[i].To, got, r.Err, all[i].want)
			}
		}
	}
	if wrong > 20 {
		t.Errorf("and %d more", wrong-20)
	}
	return len(all)
}
