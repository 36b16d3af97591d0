package cluster

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// The examples of concepts/overview/working-with-objects/labels and the API's
// sentences on LabelSelectorRequirement.
func TestSelectorMatches(t *testing.T) {
	requires := func(key string, op Operator, values ...string) LabelSelector {
		return LabelSelector{MatchExpressions: []Requirement{{Key: key, Operator: op, Values: values}}}
	}
	both := requires("tier", OpIn, "cache", "backend")
	both.MatchLabels = Labels{"component": "redis"}
	tests := []struct {
		name     string
		selector LabelSelector
		labels   Labels
		want     bool
	}{
		{"empty matches all", LabelSelector{}, Labels{"a": "b"}, true},
		{"empty matches what has no labels", LabelSelector{}, nil, true},
		{"empty, not absent, lists match all", LabelSelector{MatchLabels: Labels{}, MatchExpressions: []Requirement{}}, nil, true},
		{"label equal", LabelSelector{MatchLabels: Labels{"role": "db"}}, Labels{"role": "db", "x": "y"}, true},
		{"label differs", LabelSelector{MatchLabels: Labels{"role": "db"}}, Labels{"role": "web"}, false},
		{"label absent", LabelSelector{MatchLabels: Labels{"role": "db"}}, nil, false},
		{"empty value is not absent", LabelSelector{MatchLabels: Labels{"role": ""}}, nil, false},
		{"empty value is equal to empty", LabelSelector{MatchLabels: Labels{"role": ""}}, Labels{"role": ""}, true},
		{"labels are ANDed", LabelSelector{MatchLabels: Labels{"a": "1", "b": "2"}}, Labels{"a": "1"}, false},
		{"case counts", LabelSelector{MatchLabels: Labels{"role": "DB"}}, Labels{"role": "db"}, false},

		{"In, one of them", requires("tier", OpIn, "cache", "backend"), Labels{"tier": "backend"}, true},
		{"In, another", requires("tier", OpIn, "cache", "backend"), Labels{"tier": "frontend"}, false},
		{"In, absent key", requires("tier", OpIn, "cache"), Labels{"x": "cache"}, false},
		{"In nothing", requires("tier", OpIn), Labels{"tier": ""}, false},
		{"NotIn, one of them", requires("tier", OpNotIn, "cache"), Labels{"tier": "cache"}, false},
		{"NotIn, another", requires("tier", OpNotIn, "cache"), Labels{"tier": "backend"}, true},
		{"NotIn, absent key", requires("tier", OpNotIn, "cache"), nil, true},
		{"Exists", requires("tier", OpExists), Labels{"tier": ""}, true},
		{"Exists, absent key", requires("tier", OpExists), Labels{"x": "tier"}, false},
		{"DoesNotExist", requires("tier", OpDoesNotExist), Labels{"tier": ""}, false},
		{"DoesNotExist, absent key", requires("tier", OpDoesNotExist), nil, true},
		{"an unknown operator matches nothing", requires("tier", "Gt", "1"), Labels{"tier": "2"}, false},

		{"labels and expressions are ANDed: both", both, Labels{"component": "redis", "tier": "cache"}, true},
		{"labels and expressions are ANDed: labels only", both, Labels{"component": "redis"}, false},
		{"labels and expressions are ANDed: expressions only", both, Labels{"tier": "cache"}, false},
	}
	for _, tt := range tests {
		if got := tt.selector.Matches(tt.labels); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestSelectorWords(t *testing.T) {
	s := LabelSelector{
		MatchLabels: Labels{"b": "2", "a": "1"},
		MatchExpressions: []Requirement{
			{"tier", OpIn, []string{"x", "y"}}, {"env", OpNotIn, []string{"dev"}}, {Key: "on", Operator: OpExists}, {Key: "off", Operator: OpDoesNotExist},
		},
	}
	if got, want := s.String(), "a=1,b=2,tier in (x,y),env notin (dev),on,!off"; got != want {
		t.Errorf("%q, want kubectl's %q", got, want)
	}
	if got := new(LabelSelector).String(); got != "<all>" {
		t.Errorf("the empty selector prints %q", got)
	}
	if s.IsEmpty() || !(&LabelSelector{MatchLabels: Labels{}}).IsEmpty() {
		t.Error("IsEmpty: a selector is empty when it has no requirement")
	}
}

// The documentation's block 172.17.0.0/16 except 172.17.1.0/24, and the same in
// IPv6.
func TestIPBlockContains(t *testing.T) {
	v4 := IPBlock{netip.MustParsePrefix("172.17.0.0/16"), []netip.Prefix{netip.MustParsePrefix("172.17.1.0/24")}}
	v6 := IPBlock{netip.MustParsePrefix("2001:db8::/32"), []netip.Prefix{netip.MustParsePrefix("2001:db8:1::/48"), netip.MustParsePrefix("2001:db8:2::/48")}}
	one := IPBlock{CIDR: netip.MustParsePrefix("192.0.2.7/32")}
	all := IPBlock{CIDR: netip.MustParsePrefix("0.0.0.0/0")}
	all6 := IPBlock{CIDR: netip.MustParsePrefix("::/0")}
	tests := []struct {
		block IPBlock
		addr  string
		want  bool
	}{
		{v4, "172.17.0.0", true},
		{v4, "172.17.0.255", true},
		{v4, "172.17.1.0", false},
		{v4, "172.17.1.255", false},
		{v4, "172.17.2.0", true},
		{v4, "172.17.255.255", true},
		{v4, "172.18.0.0", false},
		{v4, "172.16.255.255", false},
		{v4, "2001:db8::1", false},
		{v6, "2001:db8::1", true},
		{v6, "2001:db8:1::1", false},
		{v6, "2001:db8:2:ffff::", false},
		{v6, "2001:db8:3::", true},
		{v6, "2001:db9::", false},
		{v6, "172.17.0.1", false},
		{one, "192.0.2.7", true},
		{one, "192.0.2.8", false},
		{all, "255.255.255.255", true},
		{all, "::1", false},
		{all6, "::1", true},
		{all6, "10.0.0.1", false},
	}
	for _, tt := range tests {
		if got := tt.block.Contains(netip.MustParseAddr(tt.addr)); got != tt.want {
			t.Errorf("%s except %v contains %s: %v, want %v", tt.block.CIDR, tt.block.Except, tt.addr, got, tt.want)
		}
	}
	if all.Contains(netip.Addr{}) {
		t.Error("an address that is not known is in no block")
	}
}

// FuzzSelector compares Matches with the API's sentences, read one by one.
func FuzzSelector(f *testing.F) {
	f.Add("a=1 b=2", "a=1", "In a 1,2;NotIn c 3;Exists b;DoesNotExist d")
	f.Add("", "", "")
	f.Add("a=", "a=", "In a ;DoesNotExist b;Gt a 1")
	f.Fuzz(func(t *testing.T, labels, matchLabels, expressions string) {
		have := parsePairs(labels)
		s := LabelSelector{MatchLabels: parsePairs(matchLabels), MatchExpressions: parseRequirements(expressions)}
		if got, want := s.Matches(have), naiveMatches(&s, have); got != want {
			t.Errorf("%s over %v: %v, want %v", s.String(), have, got, want)
		}
	})
}

func parsePairs(s string) Labels {
	out := Labels{}
	for _, pair := range strings.Fields(s) {
		k, v, _ := strings.Cut(pair, "=")
		out[k] = v
	}
	return out
}

func parseRequirements(s string) []Requirement {
	var out []Requirement
	for part := range strings.SplitSeq(s, ";") {
		words := strings.Fields(part)
		if len(words) < 2 {
			continue
		}
		r := Requirement{Key: words[1], Operator: Operator(words[0])}
		if len(words) > 2 {
			r.Values = strings.Split(words[2], ",")
		}
		out = append(out, r)
	}
	return out
}

// naiveMatches counts the requirements that fail: "matchLabels is a map of
// {key,value} pairs. A single {key,value} in the matchLabels map is equivalent
// to an element of matchExpressions, whose key field is "key", the operator is
// "In", and the values array contains only "value"".
func naiveMatches(s *LabelSelector, have Labels) bool {
	all := slices.Clone(s.MatchExpressions)
	for k, v := range s.MatchLabels {
		all = append(all, Requirement{k, OpIn, []string{v}})
	}
	failed := 0
	for _, r := range all {
		in, present := false, false
		for k, v := range have {
			if k != r.Key {
				continue
			}
			present = true
			for _, want := range r.Values {
				in = in || want == v
			}
		}
		satisfied := map[Operator]bool{OpIn: present && in, OpNotIn: !in, OpExists: present, OpDoesNotExist: !present}
		if !satisfied[r.Operator] {
			failed++
		}
	}
	return failed == 0
}

// FuzzIPBlock compares Contains with a comparison bit by bit.
func FuzzIPBlock(f *testing.F) {
	f.Add([]byte{172, 17, 0, 0}, 16, []byte{172, 17, 1, 0}, 24, []byte{172, 17, 1, 9})
	f.Add([]byte{0, 0, 0, 0}, 0, []byte{10, 0, 0, 0}, 8, []byte{11, 0, 0, 1})
	v6 := netip.MustParseAddr("2001:db8::").AsSlice()
	f.Add(v6, 32, v6, 48, netip.MustParseAddr("2001:db8:1::1").AsSlice())
	f.Add(v6, 0, v6, 128, []byte{10, 0, 0, 1})
	f.Fuzz(func(t *testing.T, cidr []byte, bits int, except []byte, exceptBits int, addr []byte) {
		a, ok := netip.AddrFromSlice(addr)
		block, ok2 := prefixOf(cidr, bits)
		if !ok || !ok2 {
			t.Skip("no address")
		}
		b := IPBlock{CIDR: block}
		want := sameBits(cidr, addr, bits)
		if e, ok := prefixOf(except, exceptBits); ok {
			b.Except = []netip.Prefix{e}
			want = want && !sameBits(except, addr, exceptBits)
		}
		if got := b.Contains(a); got != want {
			t.Errorf("%s except %v contains %s: %v, want %v", b.CIDR, b.Except, a, got, want)
		}
	})
}

func prefixOf(addr []byte, bits int) (netip.Prefix, bool) {
	a, ok := netip.AddrFromSlice(addr)
	if !ok || bits < 0 || bits > 8*len(addr) {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, bits), true
}

func sameBits(a, b []byte, bits int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range bits {
		if (a[i/8]^b[i/8])>>(7-i%8)&1 != 0 {
			return false
		}
	}
	return true
}
