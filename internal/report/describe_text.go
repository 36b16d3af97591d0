package report

import (
	"fmt"
	"strings"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// Descriptions is what describe answers.
type Descriptions struct {
	Policies []*policy.Description
	Pods     []*policy.PodDescription
	// PodsKnown is false where the input holds no pods at all.
	PodsKnown bool
	// Assumed is what the reader derived that the answer rests on.
	Assumed []flow.Reason
	Ignored []explain.Ignored
	// Lacks names the kinds that would tell more, and Command brings them; both
	// empty where nothing is missing.
	Lacks   []string
	Command string
}

// Describe prints each policy, then each pod, in words.
func (p *Printer) Describe(x *Descriptions) error {
	for i, d := range x.Policies {
		if i > 0 {
			p.line("")
		}
		p.policy(d, x.PodsKnown)
	}
	for i, d := range x.Pods {
		if i > 0 || len(x.Policies) > 0 {
			p.line("")
		}
		p.pod(d)
	}
	p.reasons(phraseAssumed, x.Assumed)
	p.ignored(x.Ignored)
	if x.Command != "" {
		p.line("")
		p.line(p.t(phraseRest) + p.Lang.colon())
		p.line("  " + Clean(x.Command))
	}
	return p.Err()
}

func (l Lang) colon() string {
	if l == Chinese {
		return "："
	}
	return ":"
}

// policy prints one policy: whom it isolates, then a statement for each rule,
// then the remarks.
func (p *Printer) policy(d *policy.Description, podsKnown bool) {
	head := p.paint(bold, Clean(d.Policy.Object().String()))
	if at := d.Policy.Position.String(); at != "" {
		head += " (" + Clean(at) + ")"
	}
	p.para("", head)
	p.line("")
	n := 1
	p.statement(&n, p.isolates(d, podsKnown))
	for i := range d.Sides {
		if s := &d.Sides[i]; s.Isolates {
			p.side(&n, d, s, podsKnown)
		}
	}
	p.reasons(phraseRemarks, d.Notes)
}

// statement prints a numbered sentence, as the documentation numbers them.
func (p *Printer) statement(n *int, text string) {
	lead := fmt.Sprintf("%d. ", *n)
	if p.Lang == Chinese {
		lead = fmt.Sprintf("%d、", *n)
	}
	*n++
	p.para(lead, p.Lang.tidy(text))
}

func (p *Printer) isolates(d *policy.Description, podsKnown bool) string {
	code := phraseIsolatesBoth
	switch in, out := d.Sides[0].Isolates, d.Sides[1].Isolates; {
	case in && !out:
		code = phraseIsolatesIngress
	case out && !in:
		code = phraseIsolatesEgress
	}
	return p.known(p.t(code, p.Lang.who(&d.Subjects, policy.Ingress)), &d.Subjects, podsKnown)
}

func (p *Printer) side(n *int, d *policy.Description, s *policy.Side, podsKnown bool) {
	if len(s.Rules) == 0 {
		code := phraseNoIngressRule
		if s.Direction == policy.Egress {
			code = phraseNoEgressRule
		}
		p.statement(n, p.t(code))
		return
	}
	subjects := p.Lang.who(&d.Subjects, policy.Ingress)
	for i := range s.Rules {
		r := &s.Rules[i]
		listed := p.listed(r, s.Direction, podsKnown)
		p.statement(n, p.ruleNumber(s, i, p.rule(r, s.Direction, subjects, podsKnown, listed)))
		if !listed {
			continue
		}
		for j := range r.Peers {
			p.bullet("   ", p.known(p.Lang.who(&r.Peers[j], s.Direction), &r.Peers[j], podsKnown))
		}
	}
}

func (p *Printer) bullet(indent, text string) { p.para(indent+"- ", p.Lang.tidy(text)) }

// ruleNumber puts the direction before a rule, and which of several it is.
func (p *Printer) ruleNumber(s *policy.Side, i int, text string) string {
	codes := [2]flow.Code{phraseIngressRule, phraseIngressRules}
	if s.Direction == policy.Egress {
		codes = [2]flow.Code{phraseEgressRule, phraseEgressRules}
	}
	if len(s.Rules) == 1 {
		return p.t(codes[0], text)
	}
	return p.t(codes[1], text, i+1, len(s.Rules))
}

// listed reports whether a rule's peers follow it as a list: where there are
// several, or names to tell.
func (p *Printer) listed(r *policy.Rule, d policy.Direction, podsKnown bool) bool {
	words := p.Lang.who(&r.Peers[0], d)
	return len(r.Peers) > 1 || p.known(words, &r.Peers[0], podsKnown) != words
}

// rule is one sentence, with its only peer in it or with a list behind it.
func (p *Printer) rule(r *policy.Rule, d policy.Direction, subjects string, podsKnown, listed bool) string {
	one, these := phraseAllowsIn, phraseAllowsTheseIn
	if d == policy.Egress {
		one, these = phraseAllowsOut, phraseAllowsTheseOut
	}
	ports := p.ports(r.Ports, podsKnown)
	if listed {
		return p.t(these, subjects, ports)
	}
	return p.t(one, subjects, ports, p.Lang.who(&r.Peers[0], d))
}

// pod prints everything that applies to one pod.
func (p *Printer) pod(d *policy.PodDescription) {
	p.para(p.paint(bold, Clean("pod/"+d.Pod.Namespace+"/"+d.Pod.Name))+"  ", p.podFacts(d))
	for i := range d.Sides {
		if !d.Exempt {
			p.line("")
			p.podSide(&d.Sides[i])
		}
	}
	p.reasons(phraseRemarks, d.Notes)
}

func (p *Printer) podFacts(d *policy.PodDescription) string {
	var facts []string
	if d.Pod.Node != "" {
		facts = append(facts, p.t(phraseOnNode, d.Pod.Node))
	}
	for _, ip := range d.Pod.IPs {
		facts = append(facts, ip.String())
	}
	if len(d.Pod.Labels) > 0 {
		labels := toLabels(d.Pod.Labels)
		facts = append(facts, p.t(phraseHasLabels, p.Lang.commas(labels)))
	}
	if p.Lang == Chinese {
		return strings.Join(facts, "，")
	}
	return strings.Join(facts, ", ")
}

// unionWords are the sentences of one direction of a pod: no policy isolates it,
// nothing is allowed, everything is all the same, some is.
type unionWords struct{ free, shut, open, some flow.Code }

var (
	unionIngress = unionWords{phraseFreeIngress, phraseShutIngress, phraseOpenIngress, phraseUnionIngress}
	unionEgress  = unionWords{phraseFreeEgress, phraseShutEgress, phraseOpenEgress, phraseUnionEgress}
)

// podSide prints the union of one direction, by ports.
func (p *Printer) podSide(s *policy.PodSide) {
	say, lead := unionIngress, p.lead(phraseIngress)
	if s.Direction == policy.Egress {
		say, lead = unionEgress, p.lead(phraseEgress)
	}
	names := make([]string, 0, len(s.Isolating))
	for _, x := range s.Isolating {
		names = append(names, x.Object().String())
	}
	by := p.Lang.list(names)
	switch {
	case len(names) == 0:
		p.para(lead, p.t(say.free))
		return
	case len(s.Grants) == 0:
		p.para(lead, p.Lang.tidy(p.t(say.shut, by)))
		return
	case s.Grants[0].Peer.Kind == policy.PeerEverybody && len(s.Grants[0].Ports) == 0:
		p.para(lead, p.Lang.tidy(p.t(say.open, by, p.origins(withoutPosition(s.Grants[0].By)))))
		return
	}
	p.para(lead, p.Lang.tidy(p.t(say.some, by)))
	indent, last := strings.Repeat(" ", 10), ""
	for i := range s.Grants {
		g := &s.Grants[i]
		if ports := p.t(phraseOnPorts, p.ports(g.Ports, true)); ports != last {
			p.para(indent, p.Lang.tidy(ports)+p.Lang.colon())
			last = ports
		}
		p.bullet(indent, p.t(phraseUnionOf, p.known(p.Lang.who(&g.Peer, s.Direction), &g.Peer, true), p.origins(withoutPosition(g.By))))
	}
}

// withoutPosition leaves where a rule stands in its file to JSON.
func withoutPosition(origins []flow.Origin) []flow.Origin {
	out := make([]flow.Origin, 0, len(origins))
	for _, o := range origins {
		out = append(out, flow.Origin{Object: o.Object, Field: o.Field})
	}
	return out
}
