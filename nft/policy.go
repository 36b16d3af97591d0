package nft

// The policy half: who may reach the pods of this node, and whom they may reach.

// policySets declares the maps of the policy half, from what is looked up last to
// what is looked up first.
func policySets(_ Family) []*Set { return nil }

// policyChains are the chains every program has that enforces NetworkPolicy.
func policyChains(_ Family, _ Options) []*Chain { return nil }

// policies makes the parts of the policy groups and of the pods: c.n.groups and
// c.n.peers number them, t.put takes a part.
func (c *compiler) policies(_, _ *Table) error { return nil }
