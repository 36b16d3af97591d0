package nft

// Group is the row of a policy group by its number, or nil: what the drop log
// and the rule trace show of a group. Its Origins are the policies.
func (p *Program) Group(f Family, number uint32) *Element {
	t := p.table(f)
	if t == nil {
		return nil
	}
	return t.find("groups", key(nil).number(number))
}

// find is the row of a set with a key, or nil.
func (t *Table) find(set string, k key) *Element {
	for e := range t.Elements(set) {
		if e.Key == string(k) {
			return e
		}
	}
	return nil
}
