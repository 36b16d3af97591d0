package service

import "slices"

// Same reports whether a proxy and a walk tell nothing between two endpoints of
// two Snapshots.
func (b *Backend) Same(o *Backend) bool {
	return b.Endpoint == o.Endpoint && b.Host == o.Host && b.Ready == o.Ready && b.Serving == o.Serving && b.Terminating == o.Terminating &&
		slices.Equal(b.zones, o.zones) && slices.Equal(b.nodes, o.nodes)
}

// Zones are those whose nodes topology prefers the endpoint for; none without
// hints.
func (b *Backend) Zones() []string { return b.zones }

// Nodes are those that topology prefers the endpoint for; none without hints.
func (b *Backend) Nodes() []string { return b.nodes }
