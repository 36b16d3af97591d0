package check

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// directions are both, in the order of the API.
var directions = []policy.Direction{policy.Ingress, policy.Egress}

// policies looks at every NetworkPolicy.
func (l *linter) policies() {
	same := map[string][]*cluster.NetworkPolicy{}
	for i := range l.s.NetworkPolicies {
		p := &l.s.NetworkPolicies[i]
		l.says(p)
		l.subjects(p)
		for _, d := range directions {
			rules, field := d.Rules(p)
			if policy.Isolated(p, d) {
				l.rules(p, d, rules, field)
			}
		}
		same[p.Namespace] = append(same[p.Namespace], p)
	}
	for _, all := range same {
		l.beside(all)
	}
	l.names()
	l.sources()
	l.enforced()
}

// rules looks at the rules of a direction that the policy isolates.
func (l *linter) rules(p *cluster.NetworkPolicy, d policy.Direction, rules []cluster.PolicyRule, field string) {
	for i := range rules {
		r := &ruleAt{p: p, d: d, rule: &rules[i], field: field + "[" + itoa(i) + "]"}
		l.lists(r)
		l.blocks(r)
		l.peers(r)
		l.ports(r)
		l.shadowed(r, rules, i, field)
	}
}

// ruleAt is one rule and where it stands.
type ruleAt struct {
	p     *cluster.NetworkPolicy
	d     policy.Direction
	rule  *cluster.PolicyRule
	field string
}

func (r *ruleAt) peersField() string {
	if r.d == policy.Egress {
		return r.field + ".to"
	}
	return r.field + ".from"
}

func (r *ruleAt) at() flow.Origin { return at(r.p.Object(), r.field, r.rule.Position, r.p.Position) }

func (r *ruleAt) atPeer(i int) flow.Origin {
	return at(r.p.Object(), r.peersField()+"["+itoa(i)+"]", r.rule.Peers[i].Position, r.rule.Position, r.p.Position)
}

func (r *ruleAt) atPort(i int) flow.Origin {
	return at(r.p.Object(), r.field+".ports["+itoa(i)+"]", r.rule.Ports[i].Position, r.rule.Position, r.p.Position)
}

func object(p *cluster.NetworkPolicy) flow.Origin { return at(p.Object(), "", p.Position) }

// says looks at what a policy says of itself: rules of a direction that
// policyTypes does not name, and a name that its effect contradicts.
func (l *linter) says(p *cluster.NetworkPolicy) {
	for _, d := range directions {
		rules, field := d.Rules(p)
		if len(rules) > 0 && !policy.Isolated(p, d) {
			l.found(TypesIgnoreRules, at(p.Object(), field, rules[0].Position, p.Position), flow.Because(flow.CodeDescribeUnusedRules, d.String(), field))
		}
	}
	claim := readName(p.Name)
	var none, all, isolated []string
	for _, d := range directions {
		rules, _ := d.Rules(p)
		word := "@phrase-" + strings.ToLower(d.String())
		if !policy.Isolated(p, d) || claim.only != 0 && claim.only != d {
			continue
		}
		isolated = append(isolated, word)
		switch {
		case len(rules) == 0:
			none = append(none, word)
		case policy.Open(p, d):
			all = append(all, word)
		}
	}
	switch {
	case claim.allows && len(isolated) > 0 && len(none) == len(isolated):
		l.found(NameContradicts, object(p), flow.Because(flow.CodeLintNameDenies, p.Name, strings.Join(none, " ")))
	case claim.everything && len(all) < len(isolated):
		l.found(NameContradicts, object(p), flow.Because(flow.CodeLintNameNotAll, p.Name))
	case claim.denies && len(isolated) > 0 && len(all) == len(isolated):
		l.found(NameContradicts, object(p), flow.Because(flow.CodeLintNameAllows, p.Name))
	}
}

// claim is what a policy's name says that it does.
type claim struct {
	allows, everything, denies bool
	only                       policy.Direction // 0: either
}

// readName reads a name by its words. A name that says both, or says of whom, is
// no claim about everything.
func readName(name string) claim {
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '.' || r == '_' })
	has := func(these ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return slices.Contains(these, w) })
	}
	c := claim{
		allows: has("allow", "allowed", "allows", "permit", "open"),
		denies: has("deny", "denied", "block", "isolate", "forbid"),
	}
	if c.allows && c.denies {
		return claim{}
	}
	switch in, out := has("ingress"), has("egress"); {
	case in && !out:
		c.only = policy.Ingress
	case out && !in:
		c.only = policy.Egress
	}
	if i := slices.Index(words, "all"); c.allows && i > 0 && strings.HasPrefix(words[i-1], "allow") {
		c.everything = !slices.ContainsFunc(words[i+1:], func(w string) bool {
			return !slices.Contains([]string{"ingress", "egress", "traffic", "policy", "networkpolicy", "np", "netpol", "default"}, w)
		})
	}
	// "deny-all-but-dns", "deny-external": only the whole is a claim to test.
	if c.denies && !has("all", "default", "everything", "any") {
		c.denies = false
	}
	return c
}

// lists looks for lists that are written and empty: they mean everything.
func (l *linter) lists(r *ruleAt) {
	if readName(r.p.Name).everything {
		return // it is what the name says
	}
	if r.rule.Peers != nil && len(r.rule.Peers) == 0 {
		l.found(EmptyList, at(r.p.Object(), r.peersField(), r.rule.Position, r.p.Position), flow.Because(flow.CodeDescribeEmptyList, r.peersField()))
	}
	if r.rule.Ports != nil && len(r.rule.Ports) == 0 {
		l.found(EmptyList, at(r.p.Object(), r.field+".ports", r.rule.Position, r.p.Position), flow.Because(flow.CodeDescribeEmptyList, r.field+".ports"))
	}
}

// blocks looks at ipBlocks: one that its exceptions take whole, one of every
// address of one family where pods have two, and "the internet" that holds the
// cluster.
func (l *linter) blocks(r *ruleAt) {
	var all [2]int // the block of every IPv4, IPv6 address, from 1
	for i := range r.rule.Peers {
		b := r.rule.Peers[i].IPBlock
		if b == nil {
			continue
		}
		if len(policy.BlockRanges(b)) == 0 {
			l.found(BlockIsEmpty, r.atPeer(i), flow.Because(flow.CodeLintBlockEmpty, b.CIDR.String()))
		}
		if b.CIDR.Bits() == 0 {
			all[family(b.CIDR.Addr().Is6())] = i + 1
		}
	}
	for f, i := range all {
		if i > 0 && all[1-f] == 0 && l.dual(r) {
			have, lack := "IPv4", "IPv6"
			if f == 1 {
				have, lack = lack, have
			}
			l.found(OneFamily, r.atPeer(i-1), flow.Because(flow.CodeLintOneFamily, have, lack))
		}
	}
	if i := all[0]; i > 0 && r.d == policy.Egress && saysInternet(r.p.Name) {
		if b := r.rule.Peers[i-1].IPBlock; len(b.Except) == 0 {
			l.found(InternetOpens, r.atPeer(i-1), flow.Because(flow.CodeLintInternet, b.CIDR.String()))
		}
	}
}

func family(v6 bool) int {
	if v6 {
		return 1
	}
	return 0
}

// dual reports whether some pod of the policy has addresses of both families, and
// no other rule of the direction tells the other family by a block of its own.
func (l *linter) dual(r *ruleAt) bool {
	rules, _ := r.d.Rules(r.p)
	v4, v6 := false, false
	for i := range rules {
		for j := range rules[i].Peers {
			if b := rules[i].Peers[j].IPBlock; b != nil {
				v4, v6 = v4 || b.CIDR.Addr().Is4(), v6 || b.CIDR.Addr().Is6()
			}
		}
	}
	return !(v4 && v6) && slices.ContainsFunc(l.x.subjects(r.p).own, func(g *kin) bool {
		return !g.pod.Invented && g.pod.IP(false).IsValid() && g.pod.IP(true).IsValid()
	})
}

func saysInternet(name string) bool {
	for _, w := range []string{"internet", "external", "outside", "world", "public"} {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

// shadowed looks for a rule that another of the policy makes needless.
func (l *linter) shadowed(r *ruleAt, rules []cluster.PolicyRule, i int, field string) {
	for j := range rules {
		if j == i || !holds(&rules[j], r.rule) || holds(r.rule, &rules[j]) && j > i {
			continue
		}
		l.found(RuleShadowed, r.at(), flow.Because(flow.CodeLintShadowed, r.field, field+"["+itoa(j)+"]"))
		return
	}
}

// holds reports whether whatever the one rule admits the other admits by its
// letter: everybody on every port, or the same peers and ports and more.
func holds(wide, narrow *cluster.PolicyRule) bool {
	peers := len(wide.Peers) == 0 || len(narrow.Peers) > 0 && !slices.ContainsFunc(narrow.Peers, func(x cluster.PolicyPeer) bool {
		return !slices.ContainsFunc(wide.Peers, func(y cluster.PolicyPeer) bool { return peerText(&x) == peerText(&y) })
	})
	return peers && (len(wide.Ports) == 0 || len(narrow.Ports) > 0 && !slices.ContainsFunc(narrow.Ports, func(x cluster.PolicyPort) bool {
		return !slices.ContainsFunc(wide.Ports, func(y cluster.PolicyPort) bool {
			return x.Protocol == y.Protocol && x.Port == y.Port && x.EndPort == y.EndPort
		})
	}))
}

func peerText(p *cluster.PolicyPeer) string {
	var b strings.Builder
	for _, s := range []*cluster.LabelSelector{p.NamespaceSelector, p.PodSelector} {
		if s == nil {
			b.WriteString("-")
		} else {
			b.WriteString(s.String())
		}
		b.WriteByte('\x00')
	}
	if p.IPBlock != nil {
		b.WriteString(p.IPBlock.CIDR.String())
		for _, e := range p.IPBlock.Except {
			b.WriteString(" " + e.String())
		}
	}
	return b.String()
}

// beside looks at the policies of one namespace together: two that say the
// same, and one that another makes ineffective.
func (l *linter) beside(all []*cluster.NetworkPolicy) {
	texts := map[string]*cluster.NetworkPolicy{}
	wide := map[string]*cluster.NetworkPolicy{} // by direction and selector: open to all
	for _, p := range all {
		k := policyText(p)
		if first := texts[k]; first != nil {
			l.found(Duplicate, object(p), flow.Because(flow.CodeLintDuplicate, first.Object().String()), object(first))
		} else {
			texts[k] = p
		}
		for _, d := range directions {
			if policy.Isolated(p, d) && policy.Open(p, d) {
				wide[d.String()+p.PodSelector.String()] = p
			}
		}
	}
	for _, p := range all {
		for _, d := range directions {
			if !policy.Isolated(p, d) || policy.Open(p, d) {
				continue
			}
			by := wide[d.String()+p.PodSelector.String()]
			if by == nil {
				by = wide[d.String()+(&cluster.LabelSelector{}).String()]
			}
			if by != nil {
				l.found(WithoutEffect, object(p), flow.Because(flow.CodeLintWithoutEffect, "@phrase-"+strings.ToLower(d.String()), by.Object().String()), object(by))
			}
		}
	}
}

func policyText(p *cluster.NetworkPolicy) string {
	var b strings.Builder
	b.WriteString(p.PodSelector.String())
	for _, d := range directions {
		rules, _ := d.Rules(p)
		if !policy.Isolated(p, d) {
			continue
		}
		b.WriteString("\x01" + d.String())
		for i := range rules {
			b.WriteByte('\x02')
			for j := range rules[i].Peers {
				b.WriteString("\x03" + peerText(&rules[i].Peers[j]))
			}
			for j := range rules[i].Ports {
				b.WriteString("\x04" + rules[i].Ports[j].Protocol.String() + rules[i].Ports[j].Words())
			}
		}
	}
	return b.String()
}

// enforced says once that nobody enforces what the policies say.
func (l *linter) enforced() {
	for _, r := range l.m.Profile.Assumed {
		if r.Code != flow.CodeNotEnforced || len(l.s.NetworkPolicies) == 0 {
			continue
		}
		where := object(&l.s.NetworkPolicies[0])
		for i := range l.s.Clues {
			if !l.s.Clues[i].Config {
				where = at(l.s.Clues[i].Object, "", l.s.Clues[i].Position)
				break
			}
		}
		l.found(NotEnforced, where, r)
	}
}
