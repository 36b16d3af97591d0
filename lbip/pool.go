package lbip

import (
	"cmp"
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// pool is an IPAddressPool at work.
type pool struct {
	*cluster.IPAddressPool
	// namespaces are those it is pinned to by name and by label; nil: none.
	namespaces map[string]bool
	// next is, for each range, the first address that may be free. Nothing is
	// ever given back here, so it only moves on; the zero Addr: none is.
	next    []netip.Addr
	used    map[bool]uint64             // addresses in use, by family
	holders map[bool][]*cluster.Service // who uses them, in the order they came
}

func newPool(p *cluster.IPAddressPool, s *cluster.Snapshot) *pool {
	q := &pool{IPAddressPool: p, used: map[bool]uint64{}, holders: map[bool][]*cluster.Service{}}
	for _, r := range p.Addresses {
		q.next = append(q.next, r.First)
	}
	if p.Allocation == nil {
		return q
	}
	q.namespaces = map[string]bool{}
	for _, n := range p.Allocation.Namespaces {
		q.namespaces[n] = true
	}
	for i := range s.Namespaces {
		ns := &s.Namespaces[i]
		if sel := p.Allocation.NamespaceSelectors; len(sel) > 0 && cluster.AnySelects(sel, ns.Labels) {
			q.namespaces[ns.Name] = true
		}
	}
	return q
}

// everybodys reports an empty serviceAllocation: it "matches everything", but
// comes before pools that have none.
func (p *pool) everybodys() bool {
	a := p.Allocation
	return a != nil && len(a.Namespaces)+len(a.NamespaceSelectors)+len(a.ServiceSelectors) == 0
}

// pinned reports whether the pool names the Service's namespace or selects
// Services at all; suits says whether it selects this one.
func (p *pool) pinned(svc *cluster.Service) bool {
	a := p.Allocation
	return a != nil && (p.namespaces[svc.Namespace] || len(a.ServiceSelectors) > 0 || p.everybodys())
}

// suits reports whether the Service may have an address of the pool, asked for
// or not (isPoolCompatibleWithService): its namespace and its labels must both
// be wanted. Selectors of namespaces that match none do not count, so such a
// pool suits whoever asks for it.
func (p *pool) suits(svc *cluster.Service) flow.Reason {
	a := p.Allocation
	if a == nil {
		return flow.Reason{}
	}
	if len(p.namespaces) > 0 && !p.namespaces[svc.Namespace] {
		return flow.Because(flow.CodePoolNamespaces, p.Name, p.namespaceWords(), svc.Namespace)
	}
	if !cluster.AnySelects(a.ServiceSelectors, svc.Labels) {
		return flow.Because(flow.CodePoolServices, p.Name, selectorWords(a.ServiceSelectors), name(svc))
	}
	return flow.Reason{}
}

// offers reports why the pool gives the Service nothing by itself, or the zero
// Reason.
func (p *pool) offers(svc *cluster.Service) flow.Reason {
	switch why := p.suits(svc); {
	case !p.AutoAssign:
		return flow.Because(flow.CodePoolNotAuto, p.Name)
	case !why.IsZero():
		return why
	case p.Allocation != nil && !p.pinned(svc):
		return flow.Because(flow.CodePoolNobody, p.Name)
	}
	return flow.Reason{}
}

// avoids reports whether avoidBuggyIPs leaves the address alone.
func (p *pool) avoids(a netip.Addr) bool {
	if !p.AvoidBuggyIPs || !a.Is4() {
		return false
	}
	last := a.As4()[3]
	return last == 0 || last == 255
}

func (p *pool) gives(a netip.Addr) bool { return p.Holds(a) && !p.avoids(a) }

// free is the first address of a range that nobody uses, or the zero Addr.
func (p *pool) free(i int, used map[netip.Addr][]*cluster.Service) netip.Addr {
	a, last := p.next[i], p.Addresses[i].Last
	for a.IsValid() && (len(used[a]) > 0 || p.avoids(a)) {
		if a == last {
			a = netip.Addr{}
			break
		}
		a = a.Next()
	}
	p.next[i] = a
	return a
}

// size is how many addresses of the family the pool can give; the largest
// number stands for more than anybody counts.
func (p *pool) size(v6 bool) uint64 {
	var n uint64
	for _, r := range p.Addresses {
		if r.First.Is6() != v6 {
			continue
		}
		of := span(r)
		if n+of < n || of == math.MaxUint64 {
			return math.MaxUint64
		}
		n += of
		if p.AvoidBuggyIPs && !v6 {
			n -= ending(r, 0) + ending(r, 255)
		}
	}
	return n
}

// span is the number of addresses in a range.
func span(r cluster.AddressRange) uint64 {
	a, b := r.First.As16(), r.Last.As16()
	if binary.BigEndian.Uint64(a[:8]) != binary.BigEndian.Uint64(b[:8]) {
		return math.MaxUint64
	}
	of := binary.BigEndian.Uint64(b[8:]) - binary.BigEndian.Uint64(a[8:])
	if of == math.MaxUint64 {
		return of
	}
	return of + 1
}

// ending counts the IPv4 addresses of a range whose last byte is x.
func ending(r cluster.AddressRange, x uint64) uint64 {
	a, b := r.First.As4(), r.Last.As4()
	first, last := uint64(binary.BigEndian.Uint32(a[:])), uint64(binary.BigEndian.Uint32(b[:]))
	return below(last+1, x) - below(first, x)
}

// below counts the numbers under n whose last byte is x.
func below(n, x uint64) uint64 { return (n + 255 - x) / 256 }

// why says why the pool has no address of the family left.
func (p *pool) why(v6 bool) flow.Reason {
	size := p.size(v6)
	if size == 0 {
		return flow.Because(flow.CodePoolNoFamily, p.Name, familyWord(v6))
	}
	return flow.Because(flow.CodePoolFull, p.Name,
		strconv.FormatUint(p.used[v6], 10), strconv.FormatUint(size, 10), few(namesOf(p.holders[v6])))
}

func (p *pool) namespaceWords() string {
	var all []string
	for n := range p.namespaces {
		all = append(all, n)
	}
	slices.Sort(all)
	return few(all)
}

func selectorWords(selectors []cluster.LabelSelector) string {
	var all []string
	for i := range selectors {
		all = append(all, selectors[i].String())
	}
	return strings.Join(all, "; ")
}

func namesOf(services []*cluster.Service) []string {
	var all []string
	for _, s := range services {
		all = append(all, name(s))
	}
	return all
}

// few names at most six.
func few(names []string) string {
	const most = 6
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}

// order sorts pinned pools: "a lower value for pool priority equals a higher
// priority", none at all comes last. MetalLB takes those of one priority in no
// particular order; here it is that of the input.
func order(pools []*pool) {
	slices.SortStableFunc(pools, func(a, b *pool) int {
		return cmp.Compare(rank(a.Allocation.Priority), rank(b.Allocation.Priority))
	})
}

func rank(priority int) int {
	if priority == 0 {
		return math.MaxInt
	}
	return priority
}

// overlap finds two pools, or two ranges of one, that have addresses in common:
// MetalLB refuses such a configuration and keeps the last one that was valid.
func overlap(pools []*pool) flow.Reason {
	type part struct {
		cluster.AddressRange
		of *pool
	}
	var all []part
	for _, p := range pools {
		for _, r := range p.Addresses {
			all = append(all, part{r, p})
		}
	}
	slices.SortStableFunc(all, func(a, b part) int { return a.First.Compare(b.First) })
	for i := 1; i < len(all); i++ {
		if a, b := all[i-1], all[i]; a.Contains(b.First) {
			return flow.Because(flow.CodePoolsOverlap, a.of.Name, b.of.Name, b.AddressRange.String())
		}
	}
	return flow.Reason{}
}
