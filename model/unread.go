package model

import (
	"net/netip"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// unread is what a list that was not read may hold, by kind: whoever asks for an
// address that nobody has cannot tell whether it is one of theirs.
type unread struct{ services, pods bool }

func unreadOf(s *cluster.Snapshot) unread {
	return unread{services: s.UnreadOf("Service") != nil, pods: s.UnreadOf("Pod") != nil}
}

// Lacks reports whether objects of the kind may exist that the input does not hold:
// it holds none although a whole dump would, or they could not be read.
func (m *Model) Lacks(kind string) bool { return m.Snapshot.Lacks(kind) }

// Missing says that objects of a kind are not known, and what would have read them.
func (m *Model) Missing(kind string) flow.Reason {
	if u := m.Snapshot.UnreadOf(kind); u != nil {
		return flow.Because(flow.CodeUnreadKind, kind, u.Words())
	}
	return flow.Because(flow.CodeMissingKind, kind)
}

// MayBeTaken reports whether a Service that could not be read may take a packet on a
// node that no front took. It may have any address as its cluster IP, its load
// balancer's or an external one, a node's too; not that of a pod, nor the cluster IP
// of another. On loopback there are node ports alone.
func (m *Model) MayBeTaken(node string, t flow.Tuple) bool {
	addr := t.Dst.Addr()
	switch {
	case !m.unread.services || !m.Profile.Proxy.Captures:
		return false
	case addr.IsLoopback():
		return m.answersNodePorts(node, t) && InNodePortRange(t.Dst.Port())
	}
	return m.Index.PodByIP(addr) == nil && m.Services.ClusterIPOwner(addr) == nil
}

// EntryUnknown reports whether nobody knows which nodes a router sends an address to:
// Nodes could not be read, or what announces it.
func (m *Model) EntryUnknown(addr netip.Addr) bool {
	if m.Snapshot.UnreadOf("Node") != nil {
		return true
	}
	routers := m.Announce.Routers()
	for i := range routers {
		if m.Announce.NextHops(&routers[i], addr).Unread != "" {
			return true
		}
	}
	return false
}

// MayBePod reports whether an address that is nobody's may be that of a pod which
// could not be read.
func (m *Model) MayBePod() bool { return m.unread.pods }

// unreadAt is the pod behind the destination of a packet, as far as it may be one
// whose labels are not known: the endpoint that was chosen, or whoever has an address
// that nobody has.
func (m *Model) unreadAt(s *Stop, dst policy.Party) flow.Object {
	if !s.Unread.IsZero() || !m.unread.pods || dst.Node || !dst.Addr.IsValid() {
		return s.Unread
	}
	return flow.Object{Kind: "Pod", Name: dst.Addr.String()}
}

// BlindTo reports whether the input lacks what would show the endpoints of a Service
// that has none: its slices could not be read, and neither could the pods to derive
// them from. Nothing is derived where other slices were read.
func (m *Model) BlindTo(svc *cluster.Service) bool {
	s := m.Snapshot
	if !s.LacksIn("EndpointSlice", svc.Namespace) {
		return false
	}
	if u := s.UnreadOf("EndpointSlice"); u != nil && len(u.Except) > 0 {
		return true
	}
	return len(svc.Selector) == 0 || s.LacksIn("Pod", svc.Namespace)
}

// foreignIn are the objects of other engines, and those that could not be read, that
// may decide about pods of a namespace.
func (m *Model) foreignIn(namespace string) []cluster.Foreign {
	own, all := m.foreign[namespace], m.foreign[""]
	if len(all) == 0 {
		return own
	}
	out := make([]cluster.Foreign, 0, len(all)+len(own))
	for i := range all {
		if !slices.Contains(all[i].Except, namespace) {
			out = append(out, all[i])
		}
	}
	return append(out, own...)
}
