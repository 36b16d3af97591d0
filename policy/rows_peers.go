package policy

import (
	"encoding/binary"
	"slices"

	"github.com/portolan-net/portolan/cluster"
)

// Peers are who a rule is about: a pod counts if its class does or its address
// does. Lists are in order and without repetition.
type Peers struct {
	// Everybody: the rule names no peer, so it is about every address.
	Everybody bool
	// Classes are pods that a selector selects.
	Classes []int32
	// Perhaps are pods of namespaces that only the name is known of, so that a
	// selector is undecided. None of them is in Classes.
	Perhaps []int32
	// Blocks: an ipBlock is among the peers. Whether it holds a peer whose address
	// is not known is undecided.
	Blocks bool
	// Atoms are the addresses that some ipBlock holds, of pods too.
	Atoms []int32
}

// Nobody reports whether there is nobody the peers could be.
func (p *Peers) Nobody() bool {
	return !p.Everybody && !p.Blocks && len(p.Classes) == 0 && len(p.Perhaps) == 0
}

// podIndex finds classes. It is filled when it is needed.
type podIndex struct {
	namespaces  map[string][]int32     // classes by namespace
	labels      map[[2]string][]int32  // classes by label
	labelled    map[[2]string][]string // namespaces with pods by label
	unread      []string               // namespaces with pods whose labels are not known
	byNamespace map[string]map[string]match
	bySelector  map[string]selection
	ports       map[portName][]numbered
}

// selection are the classes a peer selects, and those it may select.
type selection struct{ yes, perhaps []int32 }

func (r *Rows) peersOf(key ruleKey, p *cluster.NetworkPolicy, rule *cluster.PolicyRule) *Peers {
	if known := r.peers[key]; known != nil {
		return known
	}
	all := &Peers{Everybody: len(rule.Peers) == 0}
	for i := range rule.Peers {
		peer := &rule.Peers[i]
		if peer.IPBlock != nil {
			all.Blocks = true
			all.Atoms = union(all.Atoms, r.blockAtoms(peer.IPBlock))
			continue
		}
		found := r.selects(p.Namespace, peer)
		all.Classes, all.Perhaps = union(all.Classes, found.yes), union(all.Perhaps, found.perhaps)
	}
	if len(all.Perhaps) > 0 {
		all.Perhaps = slices.DeleteFunc(slices.Clone(all.Perhaps), func(c int32) bool { return in(all.Classes, c) })
	}
	r.peers[key] = all
	return all
}

// union merges two ordered lists; neither is changed.
func union(a, b []int32) []int32 {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	both := append(slices.Clone(a), b...)
	slices.Sort(both)
	return slices.Compact(both)
}

// selects finds the classes of a peer without ipBlock (see peerMatches).
func (r *Rows) selects(namespace string, peer *cluster.PolicyPeer) selection {
	key := writtenAs(peer.PodSelector) + "\x00"
	if peer.NamespaceSelector != nil {
		key += writtenAs(peer.NamespaceSelector)
	} else {
		key += "\x01" + namespace
	}
	if known, ok := r.pod.bySelector[key]; ok {
		return known
	}
	r.fillIndex()
	found := r.find(namespace, peer)
	r.pod.bySelector[key] = found
	return found
}

func (r *Rows) fillIndex() {
	if r.pod.bySelector != nil {
		return
	}
	x := &r.pod
	x.namespaces, x.labels = map[string][]int32{}, map[[2]string][]int32{}
	x.byNamespace, x.bySelector = map[string]map[string]match{}, map[string]selection{}
	for class := range r.pods {
		p := r.example(class)
		x.namespaces[p.Namespace] = append(x.namespaces[p.Namespace], int32(class))
		for k, v := range p.Labels {
			key := [2]string{k, v}
			x.labels[key] = append(x.labels[key], int32(class))
		}
	}
	x.labelled = map[[2]string][]string{}
	for name := range x.namespaces {
		ns := r.t.index.Namespace(name)
		if ns == nil || ns.Implied {
			x.unread = append(x.unread, name)
			continue
		}
		for k, v := range ns.Labels {
			key := [2]string{k, v}
			x.labelled[key] = append(x.labelled[key], name)
		}
	}
}

func (r *Rows) find(namespace string, peer *cluster.PolicyPeer) selection {
	spaces := map[string]match{namespace: yes}
	if peer.NamespaceSelector != nil {
		spaces = r.spaces(peer.NamespaceSelector)
	}
	var found selection
	for _, c := range r.candidates(spaces, peer.PodSelector) {
		m := spaces[r.t.classes[c].namespace]
		if m == no || peer.PodSelector != nil && !peer.PodSelector.Matches(r.example(int(c)).Labels) {
			continue
		}
		if m == yes {
			found.yes = append(found.yes, c)
		} else {
			found.perhaps = append(found.perhaps, c)
		}
	}
	return found
}

// candidates are the classes with a label that the selector demands, or all of
// the namespaces, whichever are fewer; in order.
func (r *Rows) candidates(spaces map[string]match, s *cluster.LabelSelector) []int32 {
	count := 0
	for name := range spaces {
		count += len(r.pod.namespaces[name])
	}
	if s != nil {
		if label, ok := demanded(s); ok && len(r.pod.labels[label]) <= count {
			return r.pod.labels[label]
		}
	}
	all := make([]int32, 0, count)
	for name := range spaces {
		all = append(all, r.pod.namespaces[name]...)
	}
	slices.Sort(all)
	return all
}

// spaces are the namespaces with pods that a selector selects, or may select.
func (r *Rows) spaces(s *cluster.LabelSelector) map[string]match {
	key := writtenAs(s)
	if known, ok := r.pod.byNamespace[key]; ok {
		return known
	}
	found := map[string]match{}
	try := func(name string) {
		if m, _ := r.t.namespaceMatches(s, name); m != no {
			found[name] = m
		}
	}
	if label, ok := demanded(s); ok {
		for _, name := range r.pod.labelled[label] {
			try(name)
		}
		for _, name := range r.pod.unread {
			try(name)
		}
	} else {
		for name := range r.pod.namespaces {
			try(name)
		}
	}
	r.pod.byNamespace[key] = found
	return found
}

// writtenAs is equal for selectors that are written alike; nil and the empty
// one select the same.
func writtenAs(s *cluster.LabelSelector) string {
	if s == nil || s.IsEmpty() {
		return ""
	}
	var few [4]string
	keys := few[:0]
	for k := range s.MatchLabels {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var b []byte
	word := func(w string) { b = append(binary.AppendUvarint(b, uint64(len(w))), w...) }
	for _, k := range keys {
		word(k)
		word(s.MatchLabels[k])
	}
	for i := range s.MatchExpressions {
		e := &s.MatchExpressions[i]
		word("")
		word(e.Key)
		word(string(e.Operator))
		b = binary.AppendUvarint(b, uint64(len(e.Values)))
		for _, v := range e.Values {
			word(v)
		}
	}
	return string(b)
}
