package nft_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/nft"
)

func tuple(src, dst string) flow.Tuple {
	return flow.Tuple{Protocol: flow.TCP, Src: netip.AddrPortFrom(netip.MustParseAddr(src), 40000), Dst: netip.MustParseAddrPort(dst)}
}

// followed is a rule and the rows that it must find.
type followed struct {
	rule string
	want string // "set: origin" of each row
}

// TestReader follows the example's packets through the rules that the kernel
// traces for them.
func TestReader(t *testing.T) {
	asks, arrives := tuple("203.0.113.10", "198.51.100.17:22"), tuple("10.0.0.11", "10.244.2.10:2222")
	p := program(t, "a01-seed", "n2", nil)
	r := p.Reader(nft.IPv4)
	for _, step := range []followed{
		{"ct mark set 0", ""},
		{"ct mark set ip daddr . meta l4proto . th dport map @fronts", "fronts: Service/app/ssh"},
		{"ct mark set ct mark & 0xff0fffff", ""},
		{"meta priority set 0:0", ""},
		{"meta priority set ct mark map @lists", "lists: Service/app/ssh"},
		{"meta priority vmap @sizes", ""},
		{"meta priority set ct mark . numgen random mod 1 map @slots", ""},
		{"meta l4proto { tcp, udp, sctp } dnat ip to meta priority map @endpoints", "endpoints: Service/app/ssh"},
	} {
		follow(t, r, step, asks, arrives)
	}
	r = p.Reader(nft.IPv4)
	for _, step := range []followed{
		{"ip daddr . meta l4proto . th dport != @restricted return", ""},
		{"meta priority set 0:0", ""},
		{"meta priority set ip daddr map @ingress", "ingress: Pod/app/ssh-0"},
		{"ct mark set 0", ""},
		{"meta mark set meta priority map @groups", "groups: NetworkPolicy/app/deny-from-other-namespaces"},
	} {
		follow(t, r, step, arrives, flow.Tuple{})
	}
	r = p.Reader(nft.IPv4)
	for _, step := range []followed{
		{"meta priority set ip daddr map @ingress", "ingress: Pod/app/ssh-0"},
		{"ct mark set ip saddr map @peers", "peers: "},
		{"ct mark . meta priority @allow-peers return", "allow-peers: NetworkPolicy/app/deny-from-other-namespaces"},
	} {
		follow(t, r, step, tuple("10.244.2.10", "10.244.2.10:2222"), flow.Tuple{})
	}
	if p.Reader(nft.IPv6) != nil {
		t.Error("a reader of a family that is not there")
	}
}

func follow(t *testing.T, r *nft.Reader, step followed, now, after flow.Tuple) {
	t.Helper()
	var got []string
	for _, m := range r.Meets(step.rule, now, after) {
		origin := ""
		if len(m.Element.Origins) > 0 {
			origin = m.Element.Origins[0].Object.String()
		}
		got = append(got, m.Set.Name+": "+origin)
	}
	if s := strings.Join(got, ", "); s != step.want && !(strings.HasSuffix(step.want, ": ") && strings.HasPrefix(s, step.want)) {
		t.Errorf("%s\n\tfound %q, want %q", step.rule, s, step.want)
	}
}

// Every rule that looks something up is understood: whoever writes a new kind of
// lookup teaches it to the reader.
func TestReaderKnowsEveryLookup(t *testing.T) {
	used := regexp.MustCompile(`(!= )?@[a-z0-9-]+`)
	lookups := 0
	for _, g := range goldens {
		p := program(t, g.scenario, g.node, g.options)
		for _, table := range p.Tables {
			for _, c := range table.Chains {
				for _, rule := range c.Rules {
					for _, s := range used.FindAllString(rule.Text, -1) {
						set := table.Set(strings.TrimLeft(s, "!= @"))
						if set == nil || set.Dispatch || set.Dynamic {
							continue
						}
						lookups++
						if !nft.Understood(rule.Text, set.Name) {
							t.Errorf("%s: %s: the lookup of %s is not understood", g.feature, rule.Text, set.Name)
						}
					}
				}
			}
		}
	}
	if lookups < 100 {
		t.Errorf("only %d lookups were found", lookups)
	}
}
