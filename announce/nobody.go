package announce

import (
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// nobody says why no node announces the address: the first condition, in the
// order of the package's picture, that every Want fails. An empty Why: some node
// would, but for its sessions.
func (x *question) nobody() Choice {
	at := x.addr.String()
	c := Choice{Known: true}
	ours := x.ours()
	var could []string
	var ads []flow.Origin
	for _, o := range ours {
		could = append(could, o.could...)
		for _, a := range o.ads {
			ads = append(ads, a.origin)
		}
	}
	slices.Sort(could)
	could = slices.Compact(could)
	switch {
	case len(ours) == 0:
		c.Why = flow.Because(flow.CodeNotAnnounced, at, x.how())
	case x.configured && !ours[0].want.Foreign && x.pool == nil:
		c.Why = flow.Because(flow.CodeNoPoolHolds, at)
	case x.configured && x.pool != nil && len(ads) == 0 && !ours[0].want.Foreign:
		c.Why, c.Origins = x.unselected()
		if x.absent {
			c.Also = []flow.Reason{flow.Because(flow.CodeAssumedNoAds)}
		}
	case x.shunned() != nil:
		a := x.shunned()
		c.Why, c.Origins = flow.Because(flow.CodeSharedAndSelected, at, a.origin.Object.String()), []flow.Origin{a.origin}
	case !slices.ContainsFunc(ours, func(o *offer) bool { return len(o.want.Serving) > 0 }):
		c.Why = flow.Because(flow.CodeNothingServes, at)
	case len(could) == 0:
		c.Why = flow.Because(flow.CodeNotAnnounced, at, x.how())
	case x.nodes() == "":
		c.Why, c.Origins = flow.Because(flow.CodeAdNotForNodes, at, objects(ads), strings.Join(could, ", ")), ads
	}
	return c
}

// ours are the offers of an address that was given: an externalIP is nobody's
// to announce.
func (x *question) ours() []*offer {
	var out []*offer
	for i := range x.offers {
		if x.offers[i].want.Assigned {
			out = append(out, &x.offers[i])
		}
	}
	return out
}

func (x *question) how() string {
	if x.kind == kindBGP {
		return "bgp"
	}
	return "l2"
}

// unselected: no advertisement is for the pool, or none of those that are for
// it selects the Service.
func (x *question) unselected() (flow.Reason, []flow.Origin) {
	at, pool := x.addr.String(), x.pool.pool
	if all := adOrigins(x.pool.ads[x.kind]); len(all) > 0 {
		return flow.Because(flow.CodeAdNotForService, at, objects(all), pool.Name), all
	}
	kind := x.kind
	if x.either {
		kind = "Advertisement"
	}
	return flow.Because(flow.CodeNoAdvertisement, at, kind, pool.Name), []flow.Origin{{Object: pool.Object(), Position: pool.Position}}
}

// shunned is the advertisement that selects Services where every sharer carries
// a sharing key, or nil.
func (x *question) shunned() *advertisement {
	if x.kind != kindL2 {
		return nil
	}
	var found *advertisement
	for _, o := range x.ours() {
		a := selective(o.ads)
		if a == nil || !o.want.Shares {
			return nil
		}
		found = a
	}
	return found
}
