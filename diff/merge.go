package diff

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
	"github.com/portolan-net/portolan/service"
)

// key tells losses apart that are told apart.
func (l *Loss) key() string {
	var b strings.Builder
	fmt.Fprint(&b, l.Lost, l.Sure, l.More)
	for _, set := range l.Causes {
		b.WriteByte('|')
		for _, o := range set {
			fmt.Fprint(&b, o.number, " ")
		}
	}
	return b.String()
}

func (w *Who) key() string {
	return fmt.Sprint(w.Kind, w.All, w.Ranges, w.Clients, w.Nodes, w.Groups)
}

// finish folds the items of a Service port: fronts by which clients fare alike, and
// clients that fare alike.
func (x *comparison) finish(id portID, s *Service) {
	s.Items = foldBy(s.Items, func(it *Item) string { // clients outside, or pods, of one front
		return fmt.Sprint(it.Loss.key(), it.Kind, it.Fronts, it.Was.Verdict, it.Now.Verdict, it.Nodes, it.Moved, it.To, it.ToPort)
	}, func(a, b *Item) {
		a.about = append(slices.Clip(a.about), b.about...)
		if a.Kind == Nodes || a.Moved {
			return
		}
		a.Ranges = policy.MergeRanges(append(slices.Clone(a.Ranges), b.Ranges...))
		for _, c := range b.Clients {
			if !slices.Contains(a.Clients, c) {
				a.Clients = append(a.Clients, c)
			}
		}
		a.Groups, a.numbers = append(slices.Clip(a.Groups), b.Groups...), append(slices.Clip(a.numbers), b.numbers...)
	})
	for i := range s.Items {
		it := &s.Items[i]
		slices.Sort(it.Clients)
		if len(it.numbers) > 0 {
			slices.Sort(it.numbers)
			it.Groups = within(append(x.names.groups(slices.Compact(it.numbers)), it.Groups...))
			it.numbers = nil
		}
		it.Who.All = it.Kind != Outside || x.all4(id, it)
	}
	s.Items = foldBy(s.Items, func(it *Item) string {
		return fmt.Sprint(it.Loss.key(), it.Who.key(), it.Was.Verdict, it.Now.Verdict, it.Moved, it.To, it.ToPort)
	}, func(a, b *Item) {
		a.about = append(slices.Clip(a.about), b.about...)
		for _, k := range b.Fronts {
			if !slices.Contains(a.Fronts, k) {
				a.Fronts = append(a.Fronts, k)
			}
		}
	})
	for i := range s.Items {
		x.fronted(id, &s.Items[i])
	}
	slices.SortStableFunc(s.Items, func(a, b Item) int {
		return cmp.Or(order(b.Lost)-order(a.Lost), order(b.Sure)-order(a.Sure), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Who.key(), b.Who.key()))
	})
	s.Addrs = x.addresses(id)
}

// within leaves out groups that others hold.
func within(all []Group) []Group {
	everybody, whole := false, map[string]bool{}
	for i := range all {
		everybody = everybody || all[i].Everybody
		if all[i].Object.IsZero() {
			whole[all[i].Namespace] = true
		}
	}
	return slices.DeleteFunc(all, func(g Group) bool {
		return everybody && !g.Everybody || !g.Object.IsZero() && whole[g.Namespace]
	})
}

func order(b bool) int {
	if b {
		return 1
	}
	return 0
}

// foldBy joins those of a list that have a key in common, in the order of the first
// of each.
func foldBy[T any](list []T, key func(*T) string, join func(a, b *T)) []T {
	at := map[string]int{}
	var out []T
	for i := range list {
		k := key(&list[i])
		n, ok := at[k]
		if !ok {
			at[k] = len(out)
			out = append(out, list[i])
			continue
		}
		join(&out[n], &list[i])
	}
	return out
}

// kindsOf are the kinds of address that a port has in a version.
func (x *comparison) kindsOf(v int, id portID) []*service.Front {
	m := x.charts[v].Model()
	svc := m.Index.Service(id.service.Namespace, id.service.Name)
	if svc == nil {
		return nil
	}
	var out []*service.Front
	for _, f := range m.Services.Of(svc) {
		if idOf(f).portID == id {
			out = append(out, f)
		}
	}
	return out
}

// fronted says whether an Item is about every kind of address, and completes its
// question.
func (x *comparison) fronted(id portID, it *Item) {
	it.All = true
	for v := range x.s {
		for _, f := range x.kindsOf(v, id) {
			reachable := it.Kind != Outside || f.Kind.External()
			if !reachable || slices.Contains(it.about, frontKey{f.Kind, f.IPv6}) {
				continue
			}
			it.All = false
			if slices.Contains(it.Fronts, f.Kind) {
				it.Family = it.family()
			}
		}
	}
	slices.SortFunc(it.Fronts, func(a, b service.Kind) int { return cmp.Compare(rankOf(a), rankOf(b)) })
	if it.Ask.From == "" {
		return
	}
	if it.Lost && !x.canAsk(id, it) {
		it.Ask = Question{}
		return
	}
	it.Ask.To = x.target(id, it)
}

// canAsk reports whether the new version has an address that shows the Item, or shows one
// that is taken away.
func (x *comparison) canAsk(id portID, it *Item) bool {
	return len(x.taken[id.service]) > 0 || slices.ContainsFunc(x.kindsOf(1, id), func(f *service.Front) bool {
		return slices.Contains(it.Fronts, f.Kind) && (it.Family == 0 || familyOf(f.IPv6) == it.Family)
	})
}

// target is the Service port in the notation of questions: at the kind of address that
// an Item is about, and in its family.
func (x *comparison) target(id portID, it *Item) string {
	proto, at := "", ""
	if id.proto != flow.TCP {
		proto = "/" + strings.ToLower(id.proto.String())
	}
	if a := x.addrOf(id, it); a.IsValid() {
		return netip.AddrPortFrom(a, id.port).String() + proto
	}
	if !it.All && len(it.Fronts) > 0 {
		at = "@" + it.Fronts[0].String()
	}
	return "svc/" + id.service.Namespace + "/" + id.service.Name + ":" + strconv.Itoa(int(id.port)) + at + proto
}

// frontKey tells fronts of one Service port apart.
type frontKey struct {
	kind service.Kind
	v6   bool
}

// family is the one that all fronts of the Item are of, else 0.
func (it *Item) family() reach.Families {
	for _, k := range it.about {
		if k.v6 != it.about[0].v6 {
			return 0
		}
	}
	return familyOf(it.about[0].v6)
}

// addrOf is the address of the front that an Item of one family is about, in the new
// version; the zero Addr for any other.
func (x *comparison) addrOf(id portID, it *Item) netip.Addr {
	if it.Family != 0 {
		for _, f := range x.kindsOf(1, id) {
			if f.Kind == it.Fronts[0] && familyOf(f.IPv6) == it.Family {
				return f.Addr
			}
		}
	}
	return netip.Addr{}
}

// rankOf orders kinds of address as clients use them.
func rankOf(k service.Kind) int {
	return slices.Index([]service.Kind{service.LoadBalancer, service.ExternalIP, service.NodePort, service.ClusterIP}, k)
}

// all4 reports whether an Item is about everybody outside who is told apart.
func (x *comparison) all4(id portID, it *Item) bool {
	want := [2][]policy.Range{}
	clients := 0
	for v := range x.s {
		for _, f := range x.kindsOf(v, id) {
			if !slices.Contains(it.Fronts, f.Kind) {
				continue
			}
			front := x.front(x.charts[v], idOf(f))
			if front == nil {
				continue
			}
			n := 0
			for i := range front.Outside {
				want[v] = append(want[v], front.Outside[i].Ranges...)
				n += len(front.Outside[i].Clients)
			}
			clients = max(clients, n)
		}
	}
	for v := range want {
		if all := policy.MergeRanges(want[v]); len(all) > 0 && covers(it.Ranges, all) && len(it.Clients) >= clients {
			return true
		}
	}
	return len(it.Ranges) == 0 && clients > 0 && len(it.Clients) >= clients
}

// covers reports whether all ranges lie in some of others, both merged.
func covers(some, all []policy.Range) bool {
	for _, r := range all {
		if !slices.ContainsFunc(some, func(s policy.Range) bool { return s.Contains(r.First) && s.Contains(r.Last) }) {
			return false
		}
	}
	return true
}

// addresses are those of the port in the new version, and of the old one where the new
// has none of that kind.
func (x *comparison) addresses(id portID) []netip.Addr {
	fronts, has := x.kindsOf(1, id), map[frontKey]bool{}
	for _, f := range fronts {
		has[frontKey{f.Kind, f.IPv6}] = true
	}
	for _, f := range x.kindsOf(0, id) {
		if !has[frontKey{f.Kind, f.IPv6}] {
			fronts = append(fronts, f)
		}
	}
	slices.SortStableFunc(fronts, func(a, b *service.Front) int { return cmp.Compare(rankOf(a.Kind), rankOf(b.Kind)) })
	var out []netip.Addr
	for _, f := range fronts {
		if f.Addr.IsValid() && !slices.Contains(out, f.Addr) {
			out = append(out, f.Addr)
		}
	}
	return out
}

// kept notes who is answered as before where others are not.
func (x *comparison) kept(s *Service, c *reach.FrontChange) {
	if c.Old == nil || c.New == nil || len(s.Kept) > 0 || x.focus.From != nil ||
		x.focus.Namespace != "" && x.focus.Namespace != s.Object.Namespace { // nodes are not of it
		return
	}
	if len(c.Nodes) > 0 {
		var names []string
		for i := range c.New.Nodes {
			n := &c.New.Nodes[i]
			if n.Verdict != flow.Reachable {
				continue
			}
			for _, name := range n.Nodes.Names() {
				if !slices.ContainsFunc(c.Nodes, func(ch reach.NodesChange) bool { return ch.Nodes.Contains(name) }) {
					names = append(names, name)
				}
			}
		}
		if len(names) > 0 {
			s.Kept = append(s.Kept, Who{Kind: Nodes, All: true, Nodes: names, Total: len(x.s[1].Nodes)})
		}
	}
}

// moves tells of addresses and node ports that are others now.
func (x *comparison) moves(at func(*service.Front) *Service) {
	old, young := x.charts[0].Model(), x.charts[1].Model()
	for i := range young.Snapshot.Services {
		svc := &young.Snapshot.Services[i]
		was := old.Index.Service(svc.Namespace, svc.Name)
		if was == nil || slices.Equal(claims(was), claims(svc)) {
			continue
		}
		before := map[frontID][]*service.Front{}
		for _, f := range old.Services.Of(was) {
			before[idOf(f)] = append(before[idOf(f)], f)
		}
		now := map[frontID]int{}
		for _, f := range young.Services.Of(svc) {
			id := idOf(f)
			n := now[id]
			now[id]++
			if n >= len(before[id]) || !x.tellsMove(id) {
				continue
			}
			if o := before[id][n]; o.Addr != f.Addr || o.Port != f.Port {
				s := at(f)
				s.Items = append(s.Items, x.moved(id, o, f))
			}
		}
	}
}

// tellsMove reports whether an address that is another is told of: nobody asks for
// those inside from outside.
func (x *comparison) tellsMove(id frontID) bool {
	in := x.aboutPort(id.portID) && (x.focus.From == nil || !x.focus.From.Outside || id.kind.External())
	return in != x.beyond
}

func (x *comparison) moved(id frontID, was, f *service.Front) Item {
	it := Item{
		Loss: Loss{Lost: true, Sure: true}, Fronts: []service.Kind{f.Kind}, about: []frontKey{{f.Kind, f.IPv6}}, Moved: true, From: was.Addr, To: f.Addr,
		Who: Who{All: true},
	}
	if f.Kind == service.NodePort {
		it.FromPort, it.ToPort = was.Port, f.Port
	}
	w := witness{touched: *x.around(id.name()), was: levelYes, now: levelNo}
	w.ask = func(c *reach.Chart) level {
		m := c.Model()
		svc := m.Index.Service(id.service.Namespace, id.service.Name)
		if svc != nil && slices.ContainsFunc(m.Services.Of(svc), func(f *service.Front) bool { return idOf(f) == id && f.Addr == was.Addr && f.Port == was.Port }) {
			return levelYes
		}
		return levelNo
	}
	x.explain(&w, &it.Loss)
	return it
}

var _ cluster.Labels
