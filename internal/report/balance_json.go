package report

import "github.com/portolan-net/portolan/explain"

// pairJSON is two sharers and whether MetalLB lets them share.
type pairJSON struct {
	Services []string   `json:"services"`
	MayShare bool       `json:"mayShare"`
	Reason   reasonJSON `json:"reason"`
}

// loserJSON is a Service that MetalLB takes the addresses away from.
type loserJSON struct {
	Service   string       `json:"service"`
	Addresses []string     `json:"addresses"`
	Reasons   []reasonJSON `json:"reasons"`
}

func toPairs(pairs []explain.Pair) []pairJSON {
	out := make([]pairJSON, 0, len(pairs))
	for i := range pairs {
		x := &pairs[i]
		names := []string{x.A.Object().String(), x.B.Object().String()}
		out = append(out, pairJSON{Services: names, MayShare: x.OK, Reason: toReason(x.Why)})
	}
	return out
}

func toLosers(losers []explain.Loser) []loserJSON {
	out := make([]loserJSON, 0, len(losers))
	for i := range losers {
		x := &losers[i]
		out = append(out, loserJSON{Service: x.Service.Object().String(), Addresses: stringsOf(x.Addresses), Reasons: toReasons(x.Why)})
	}
	return out
}
