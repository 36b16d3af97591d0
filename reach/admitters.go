package reach

// admitter is a row of ingress that admits some sources by a run of keys.
type admitter struct {
	members []span
	keys    span
	list    []span // of the sources
}

// throughAdmitters is what of many targets admits the sources: every row is
// looked at once, whatever the keys.
func (x *compare) throughAdmitters(sources, targets []span, keys span, lost bool) {
	if x.admitters == nil {
		x.admitters = x.findAdmitters(sources)
	}
	for i := range x.admitters {
		a := &x.admitters[i]
		both := span{max(a.keys.from, keys.from), min(a.keys.to, keys.to)}
		if both.from >= both.to {
			continue
		}
		if to := intersect2(a.members, targets); len(to) > 0 {
			x.pile(sources, a.list, to, both, lost)
		}
	}
}

func (x *compare) findAdmitters(sources []span) []admitter {
	out := []admitter{}
	rows := x.was.rowsOf(ingress)
	// Sets are shared by many rows: what of the sources is in one is looked up once.
	seen := make([]bool, len(x.was.kept))
	found := make([][]span, len(x.was.kept))
	for i, r := range rows.list[x.family] {
		members := rows.members[x.family][i]
		if len(members) == 0 {
			continue
		}
		from := int32(0)
		for _, s := range r.segments {
			keys := span{from, s.to}
			from = s.to
			if s.set == nobody && r.doubt == certain {
				continue
			}
			if !seen[s.set] || r.doubt != certain {
				found[s.set] = intersect2(x.at(x.was, r, s.set), sources)
				seen[s.set] = r.doubt == certain
			}
			if list := found[s.set]; len(list) > 0 {
				out = append(out, admitter{members, keys, list})
			}
		}
	}
	return out
}
