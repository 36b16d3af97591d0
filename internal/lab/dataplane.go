//go:build linux

package lab

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
)

// Dataplane puts rules on nodes.
type Dataplane interface {
	// Install is called once for each node, on a thread inside the node's network
	// namespace.
	Install(n *Machine) error
}

// Nothing is a dataplane without any rule.
type Nothing struct{}

// Install does nothing.
func (Nothing) Install(*Machine) error { return nil }

// Install puts a dataplane on every node, several at once.
func (l *Lab) Install(ctx context.Context, d Dataplane) error {
	return parallel(ctx, len(l.plan.nodes), func(i int) error {
		n := l.plan.nodes[i].Machine
		return named(n, n.Do(func() error { return d.Install(n) }))
	})
}

// masquerade is what the pod network itself rewrites, whoever else is there: the
// source of its own pods' packets to what is not a pod, or neither pod nor node.
// It comes behind the Services' own masquerade.
func (p *plan) masquerade(ctx context.Context, n *node) error {
	if p.m.Profile.PodEgressMasquerade != cluster.EgressMasqueradeOffCluster && p.m.Profile.PodEgressMasquerade != cluster.EgressMasqueradeNodesToo {
		return nil
	}
	text := p.masqueradeRules(n)
	return n.Do(func() error {
		cmd := exec.CommandContext(ctx, "nft", "-f", "-")
		cmd.Stdin = strings.NewReader(text)
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("nft: %w: %s", err, strings.TrimSpace(string(said)))
		}
		return nil
	})
}

func (p *plan) masqueradeRules(n *node) string {
	var s strings.Builder
	fmt.Fprintf(&s, "table inet cni {\n")
	inside := p.inside()
	for _, v6 := range p.families {
		var own []netip.Prefix
		for _, one := range n.pods {
			for _, a := range one.Addrs {
				own = append(own, only(a))
			}
		}
		set(&s, "own", v6, own)
		set(&s, "inside", v6, inside)
	}
	s.WriteString("\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat + 1\n")
	for _, v6 := range p.families {
		f, name := "ip", ""
		if v6 {
			f, name = "ip6", "6"
		}
		fmt.Fprintf(&s, "\t\t%s saddr @own%s %s daddr != @inside%s masquerade\n", f, name, f, name)
	}
	s.WriteString("\t}\n}\n")
	return s.String()
}

// inside are the addresses that no pod's source is rewritten toward.
func (p *plan) inside() []netip.Prefix {
	all := slices.Clone(p.m.Profile.ClusterCIDRs)
	for _, n := range p.nodes {
		if p.m.Profile.PodEgressMasquerade == cluster.EgressMasqueradeOffCluster {
			for _, a := range n.Addrs {
				all = append(all, only(a))
			}
		}
		for _, one := range n.pods {
			for _, a := range one.Addrs {
				all = append(all, only(a))
			}
		}
	}
	return all
}

// set writes a set of ranges of one family.
func set(s *strings.Builder, name string, v6 bool, ranges []netip.Prefix) {
	typed := "ipv4_addr"
	if v6 {
		name, typed = name+"6", "ipv6_addr"
	}
	fmt.Fprintf(s, "\tset %s {\n\t\ttype %s\n\t\tflags interval\n\t\tauto-merge\n", name, typed)
	var words []string
	for _, r := range ranges {
		if r.Addr().Is6() == v6 {
			words = append(words, r.Masked().String())
		}
	}
	if len(words) > 0 {
		fmt.Fprintf(s, "\t\telements = { %s }\n", strings.Join(words, ", "))
	}
	s.WriteString("\t}\n")
}
