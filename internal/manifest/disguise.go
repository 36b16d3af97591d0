package manifest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Disguise replaces names, label values and addresses by others: the same by the
// same, and with the same key by the same in every snapshot. nil changes nothing.
//
// Addresses keep what they have in common: two that share their first n bits share
// n bits afterwards, so that a range holds just the addresses it held. At each bit
// the key decides whether it is turned, by the bits in front of it:
//
//	10.1.2.3  0000 1010 . 0000 0001 . ...    private ranges stay private,
//	          ──────────┬──────────          loopback, link-local and multicast stay
//	             kept   │ turned, or not     what they are, and within a node's pod
//	                                         range nothing is turned
type Disguise struct {
	key   []byte
	rigid []netip.Prefix // ranges whose host bits stay
	names map[string]string
	bits  map[netip.Prefix]bool
}

// NewDisguise returns one for the key, which should not be guessable: who knows it
// can try names.
func NewDisguise(key []byte) *Disguise {
	return &Disguise{key: key, names: map[string]string{}, bits: map[netip.Prefix]bool{}}
}

// learn takes the pod ranges of nodes, whose first addresses are those of devices.
func (d *Disguise) learn(b *Builder) {
	if d == nil {
		return
	}
	for _, n := range b.nodes {
		d.rigid = append(d.rigid, n.PodCIDRs...)
	}
}

// public are names that tell nothing of a cluster, or that a meaning hangs on.
var public = []string{
	"", "*", "None", "default", "kube-system", "kube-public", "kube-node-lease", "kubernetes", "kube-dns", "coredns",
	"metallb-system", "istio-system", "true", "false", "linux", "windows", "amd64", "arm64", "kube-apiserver",
}

func (d *Disguise) sum(kind, s string) []byte {
	h := hmac.New(sha256.New, d.key)
	h.Write([]byte(kind + "\x00" + s)) // a hash takes everything
	return h.Sum(nil)
}

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// name replaces a name of anything: a DNS label stays one.
func (d *Disguise) name(s string) string {
	if d == nil || slices.Contains(public, s) || agentNames[s] != "" || configNames[s] != "" {
		return s
	}
	if known, ok := d.names[s]; ok {
		return known
	}
	if node, ok := strings.CutPrefix(s, "node."); ok { // of a FelixConfiguration
		return "node." + d.name(node)
	}
	out := "x" + letters.EncodeToString(d.sum("name", s))[:10]
	d.names[s] = out
	return out
}

// manager keeps the names of well-known programs.
func (d *Disguise) manager(s string) string {
	for _, known := range []string{"kubectl", "helm", "argocd", "flux", "kustomize", "kube-controller-manager", "kube-apiserver", "terraform"} {
		if s == known || strings.HasPrefix(s, known+"-") {
			return known
		}
	}
	return d.name(s)
}

func (d *Disguise) image(s string) string {
	if d == nil {
		return s
	}
	return path.Base(s)
}

// plainKeys are label keys that everybody uses.
var plainKeys = []string{
	"app", "component", "controller-revision-hash", "env", "environment", "instance", "k8s-app", "name", "pod-template-generation",
	"pod-template-hash", "release", "role", "run", "tier", "track", "version",
}

// roles of nodes that everybody knows.
var roles = []string{"control-plane", "master", "worker", "infra", "etcd"}

func (d *Disguise) labelKey(k string) string {
	domain, name, has := strings.Cut(k, "/")
	kubernetes := strings.HasSuffix("."+domain, ".kubernetes.io") || strings.HasSuffix("."+domain, ".k8s.io")
	switch {
	case d == nil || !has && slices.Contains(plainKeys, k):
		return k
	case domain == "node-role.kubernetes.io" && has && !slices.Contains(roles, name):
		return domain + "/" + d.name(name)
	case has && (kubernetes || slices.Contains(keptAnnotations, domain+"/")):
		return k
	}
	return d.name(k)
}

func (d *Disguise) labelValue(_, v string) string { return d.name(v) }

func (d *Disguise) labels(l cluster.Labels) map[string]string {
	if d == nil || l == nil {
		return l
	}
	out := make(map[string]string, len(l))
	for k, v := range l {
		out[d.labelKey(k)] = d.labelValue(k, v)
	}
	return out
}

func (d *Disguise) annotations(all map[string]string) map[string]string {
	if d == nil {
		return all
	}
	out := map[string]string{}
	for k, v := range all {
		switch {
		case strings.HasSuffix(k, "/backend-type"):
			out[k] = v
		case strings.HasPrefix(k, "portolan.dev/"), strings.HasSuffix(k, "/backend-data"), strings.ContainsAny(v, "{[\""):
			// prose and JSON
		default:
			out[k] = d.text(v)
		}
	}
	return out
}

// text replaces each part of a list: an address, a range, or a name.
func (d *Disguise) text(s string) string {
	parts := strings.Split(s, ",")
	for i, p := range parts {
		p = strings.TrimSpace(p)
		if a, err := netip.ParseAddr(p); err == nil && a.Zone() == "" {
			parts[i] = d.addr(a).String()
		} else if r, err := netip.ParsePrefix(p); err == nil {
			parts[i] = netip.PrefixFrom(d.addr(r.Addr()), r.Bits()).String()
		} else {
			parts[i] = d.name(p)
		}
	}
	return strings.Join(parts, ",")
}

// setting replaces the ranges and addresses of a dataplane's setting; words stay.
func (d *Disguise) setting(s string) string {
	if d == nil {
		return s
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
	told := false
	for i, p := range parts {
		if a, err := netip.ParseAddr(p); err == nil && a.Zone() == "" {
			parts[i], told = d.addr(a).String(), true
		} else if r, err := netip.ParsePrefix(p); err == nil {
			parts[i], told = d.prefix(r).String(), true
		} else if addressLike(p) {
			parts[i], told = "...", true
		}
	}
	if !told {
		return s
	}
	return strings.Join(parts, ",")
}

// addressLike reports whether an address may hide in a word: "10.0.0.1:80",
// "[2001:db8::1]:80", "fe80::1%eth0", "10.0.0.0/99".
func addressLike(word string) bool {
	return strings.Count(word, ".") >= 3 && strings.ContainsAny(word, "0123456789") || strings.Count(word, ":") >= 2
}

// args are those of a note without what a server's message may hold.
func (d *Disguise) args(r flow.Reason) []string {
	switch {
	case d == nil:
		return r.Args
	case r.Code == flow.CodeLiveForbidden, r.Code == flow.CodeLiveFailed:
		return []string{r.Args[0], r.Args[1], "..."}
	case r.Code == flow.CodeLiveNarrow:
		return []string{r.Args[0], r.Args[1], "..."}
	case r.Code == flow.CodeLiveOdd:
		kind, _, _ := strings.Cut(r.Args[0], "/")
		return []string{kind, "..."}
	}
	return r.Args
}

// The ranges that mean something: those that stay as they are, and those that are
// only kept together.
var (
	fixedRanges = parsePrefixes("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
		"::/8", "3fff::/20", "fe80::/10", "ff00::/8")
	keptRanges = parsePrefixes("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "2000::/3", "fc00::/7")
)

func parsePrefixes(all ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(all))
	for i, s := range all {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

func (d *Disguise) prefix(p netip.Prefix) netip.Prefix {
	if d == nil || !p.IsValid() {
		return p
	}
	return netip.PrefixFrom(d.addr(p.Addr()), p.Bits()).Masked()
}

func (d *Disguise) addr(a netip.Addr) netip.Addr {
	if d == nil || !a.IsValid() {
		return a
	}
	out := a.AsSlice()
	for i := range a.BitLen() {
		if d.turns(netip.PrefixFrom(a, i).Masked()) {
			out[i/8] ^= 0x80 >> (i % 8)
		}
	}
	b, _ := netip.AddrFromSlice(out)
	return b
}

// turns reports whether the bit behind p is turned.
func (d *Disguise) turns(p netip.Prefix) bool {
	turn, known := d.bits[p]
	if !known {
		turn = d.free(p) && d.sum("bit", p.String())[0]&1 == 1
		if p.Bits() < p.Addr().BitLen()-8 { // the last bits are many, and seldom asked twice
			d.bits[p] = turn
		}
	}
	return turn
}

func (d *Disguise) free(p netip.Prefix) bool {
	holds := func(outer, inner netip.Prefix) bool {
		return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
	}
	for _, r := range fixedRanges {
		if holds(r, p) || holds(p, r) {
			return false
		}
	}
	for _, r := range keptRanges {
		if p.Bits() < r.Bits() && holds(p, r) {
			return false
		}
	}
	return !slices.ContainsFunc(d.rigid, func(r netip.Prefix) bool { return holds(r, p) })
}

// cidrs are the largest ranges of whole prefixes that make up r.
func cidrs(r cluster.AddressRange) []netip.Prefix {
	var out []netip.Prefix
	for first := r.First; first.IsValid() && first.Compare(r.Last) <= 0; {
		p := netip.PrefixFrom(first, first.BitLen())
		for p.Bits() > 0 {
			wider := netip.PrefixFrom(first, p.Bits()-1)
			if wider.Masked().Addr() != first || cluster.LastAddr(wider).Compare(r.Last) > 0 {
				break
			}
			p = wider
		}
		out = append(out, p)
		first = cluster.LastAddr(p).Next()
	}
	return out
}
