package report

import (
	"net/netip"
	"strings"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
)

// pending prints why a Service has no load balancer address.
func (p *Printer) pending(why []flow.Reason) {
	if len(why) == 0 {
		return
	}
	p.line("")
	for i, r := range why {
		lead := pad("", 10)
		if i == 0 {
			lead = p.paint(bold, p.lead(phrasePendingLead))
		}
		p.para(lead, p.say(r))
	}
}

// mostPairs bounds the pairs that are told; JSON has all.
const mostPairs = 4

// balance prints what MetalLB makes of the sharers: who loses the address, else
// which pairs may not have it together, else the one condition that all meet.
func (p *Printer) balance(sh *explain.Sharing) {
	if len(sh.Losers) > 0 {
		for i := range sh.Losers {
			l := &sh.Losers[i]
			p.para("  ", p.t(phraseLosesIt, l.Service.Namespace+"/"+l.Service.Name, joined(l.Addresses), p.sentences(l.Why)))
		}
		return
	}
	bad := 0
	for i := range sh.Pairs {
		if pair := &sh.Pairs[i]; !pair.OK && bad < mostPairs {
			p.para("  ", p.say(pair.Why))
			bad++
		}
	}
	if bad > 0 || len(sh.Pairs) == 0 {
		return
	}
	why, stays := sh.Pairs[0].Why, phraseStaysCluster
	if why.Code == flow.CodeShareSelector {
		stays = phraseStaysLocal
	}
	p.para("  ", p.say(why)+"; "+p.t(stays))
}

func (p *Printer) sentences(rs []flow.Reason) string {
	var all []string
	for _, r := range rs {
		all = append(all, p.say(r))
	}
	return strings.Join(all, "; ")
}

func joined(addrs []netip.Addr) string {
	var all []string
	for _, a := range addrs {
		all = append(all, a.String())
	}
	return strings.Join(all, ", ")
}
