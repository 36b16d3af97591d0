package nft

// Diff is what makes a kernel that holds old hold new. old may be nil: nothing
// of ours is there yet, or it is to be replaced whole.
func Diff(old, new *Program) Change {
	var c Change
	if old == nil {
		c.Before = new.Skeleton()
		for _, t := range new.Tables {
			for _, s := range t.Sets {
				for e := range t.Elements(s.Name) {
					c.Ops = append(c.Ops, Op{Family: t.Family, Set: s, Element: e})
				}
			}
		}
	}
	return c
}
