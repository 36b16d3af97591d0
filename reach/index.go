package reach

import (
	"slices"
	"strconv"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

// index finds classes by what selectors ask for. What was asked once is known.
type index struct {
	*classes
	tables    *policy.Tables // for the labels of namespaces
	labels    map[string]map[string][]int32
	selectors map[string]selected
	spaces    map[string][2][]int32 // by selector: namespaces, those perhaps
	ports     map[portName][]numbered
	names     *cluster.Index
	nsLabels  map[[2]string][]int32 // namespaces by label
	unread    []int32               // namespaces whose labels are not known
}

// selected are the classes that a peer selects, and those it may.
type selected struct{ yes, perhaps []span }

type portName struct {
	flow.Protocol
	name string
}

// numbered are the classes that give a name one number.
type numbered struct {
	port    uint16
	classes []span
}

func newIndex(cs *classes, t *policy.Tables, names *cluster.Index) *index {
	return &index{
		classes: cs, tables: t, labels: map[string]map[string][]int32{}, selectors: map[string]selected{},
		spaces: map[string][2][]int32{}, names: names,
	}
}

// labelled are the classes with a label; the first question about a key reads
// all classes.
func (x *index) labelled(key, value string) []int32 {
	byValue, ok := x.labels[key]
	if !ok {
		byValue = map[string][]int32{}
		for i := range x.list {
			if v, ok := x.list[i].pod.Labels[key]; ok {
				byValue[v] = append(byValue[v], int32(i))
			}
		}
		x.labels[key] = byValue
	}
	return byValue[value]
}

// peer finds the classes of a peer without ipBlock.
func (x *index) peer(namespace string, peer *cluster.PolicyPeer) selected {
	key := policy.Written(peer.PodSelector) + "\x00"
	if peer.NamespaceSelector != nil {
		key += policy.Written(peer.NamespaceSelector)
	} else {
		key += "\x01" + namespace
	}
	known, ok := x.selectors[key]
	if ok {
		return known
	}
	sure, perhaps := []int32(nil), []int32(nil)
	if peer.NamespaceSelector == nil {
		if at, ok := x.byName[namespace]; ok {
			sure = []int32{at}
		}
	} else {
		both := x.namespacesOf(peer.NamespaceSelector)
		sure, perhaps = both[0], both[1]
	}
	found := selected{yes: x.of(sure, peer.PodSelector), perhaps: x.of(perhaps, peer.PodSelector)}
	x.selectors[key] = found
	return found
}

// namespacesOf are the namespaces with pods that a selector selects, and those
// it may.
func (x *index) namespacesOf(s *cluster.LabelSelector) [2][]int32 {
	key := policy.Written(s)
	known, ok := x.spaces[key]
	if ok {
		return known
	}
	for _, i := range x.maySelect(s) {
		sure, perhaps := x.tables.MatchesNamespace(s, x.namespaces[i])
		switch {
		case sure:
			known[0] = append(known[0], i)
		case perhaps:
			known[1] = append(known[1], i)
		}
	}
	x.spaces[key] = known
	return known
}

// maySelect are the namespaces with a label that the selector demands, and those
// whose labels were not read; in order.
func (x *index) maySelect(s *cluster.LabelSelector) []int32 {
	label, ok := policy.Demanded(s)
	if !ok {
		all := make([]int32, len(x.namespaces))
		for i := range all {
			all[i] = int32(i)
		}
		return all
	}
	if x.nsLabels == nil {
		x.nsLabels = map[[2]string][]int32{}
		for i, name := range x.namespaces {
			ns := x.names.Namespace(name)
			if ns == nil || ns.Implied {
				x.unread = append(x.unread, int32(i))
				continue
			}
			for k, v := range ns.Labels {
				x.nsLabels[[2]string{k, v}] = append(x.nsLabels[[2]string{k, v}], int32(i))
			}
		}
	}
	list := x.nsLabels[label]
	if len(x.unread) > 0 {
		list = append(slices.Clone(list), x.unread...)
		slices.Sort(list)
	}
	return list
}

// of are the classes of namespaces, which are in order, that a selector selects.
func (x *index) of(namespaces []int32, s *cluster.LabelSelector) []span {
	var out []span
	if s == nil || s.IsEmpty() {
		for _, n := range namespaces {
			out = appendSpan(out, x.spans[n])
		}
		return out
	}
	size := 0
	for _, n := range namespaces {
		size += int(x.spans[n].to - x.spans[n].from)
	}
	try := func(c int32) {
		if s.Matches(x.list[c].pod.Labels) {
			out = appendSpan(out, span{c, c + 1})
		}
	}
	if label, ok := policy.Demanded(s); ok && size > 8 {
		list := x.labelled(label[0], label[1])
		if len(namespaces) == 1 {
			at, _ := slices.BinarySearch(list, x.spans[namespaces[0]].from)
			for ; at < len(list) && list[at] < x.spans[namespaces[0]].to; at++ {
				try(list[at])
			}
			return out
		}
		if len(list) < size {
			for _, c := range list {
				if _, in := slices.BinarySearch(namespaces, x.list[c].namespace); in {
					try(c)
				}
			}
			return out
		}
	}
	for _, n := range namespaces {
		for c := x.spans[n].from; c < x.spans[n].to; c++ {
			try(c)
		}
	}
	return out
}

// subjects are the classes that a policy selects.
func (x *index) subjects(p *cluster.NetworkPolicy) []span {
	at, ok := x.byName[p.Namespace]
	if !ok {
		return nil
	}
	return x.of([]int32{at}, &p.PodSelector)
}

// named returns what a port name stands for, by the server's class.
func (x *index) named(n portName) []numbered {
	if x.ports == nil {
		x.ports = map[portName][]numbered{}
		for c := range x.list {
			for _, p := range x.list[c].pod.Ports {
				if p.Name != "" {
					x.addPort(portName{p.Protocol, p.Name}, p.Port, int32(c))
				}
			}
		}
	}
	return x.ports[n]
}

func (x *index) addPort(n portName, port uint16, class int32) {
	list := x.ports[n]
	at, known := slices.BinarySearchFunc(list, port, func(n numbered, port uint16) int { return int(n.port) - int(port) })
	if !known {
		list = slices.Insert(list, at, numbered{port: port})
		x.ports[n] = list
	}
	list[at].classes = appendSpan(list[at].classes, span{class, class + 1})
}

// numbers are those that the class gives a name, as text that is equal where
// they are.
func (x *index) numbers(class int32, n portName) []uint16 {
	numbers := x.list[class].pod.PortNumbers(n.Protocol, n.name)
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

func appendNumbers(b []byte, numbers []uint16) []byte {
	for _, n := range numbers {
		b = append(strconv.AppendUint(b, uint64(n), 10), ',')
	}
	return append(b, ';')
}

// Namespace calls each with a pod of every class of the namespace that has pods
// with an address.
func (x *index) Namespace(name string, each func(*cluster.Pod) bool) {
	s := x.in(name)
	for c := s.from; c < s.to; c++ {
		if p := x.list[c].pod; len(p.IPs) > 0 && !each(p) {
			return
		}
	}
}

// Peers does so for the classes that one of the peers selects for certain.
func (x *index) Peers(namespace string, peers []*cluster.PolicyPeer, each func(*cluster.Pod) bool) {
	for _, p := range peers {
		for _, s := range x.peer(namespace, p).yes {
			for c := s.from; c < s.to; c++ {
				if p := x.list[c].pod; len(p.IPs) > 0 && !each(p) {
					return
				}
			}
		}
	}
}
