package lbip

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// request is what a Service asks for.
type request struct {
	addrs []netip.Addr // nil: any
	pool  string       // "": any
}

// requestOf reads the annotations and spec.loadBalancerIP. "service can not have
// both": then, as with what is no address, nothing is given.
func requestOf(svc *cluster.Service) (request, flow.Reason) {
	r := request{pool: annotation(svc, annotationPool)}
	text := annotation(svc, annotationAddresses)
	switch {
	case text != "" && svc.LoadBalancerIP.IsValid():
		return r, flow.Because(flow.CodePendingTwice, name(svc))
	case svc.LoadBalancerIP.IsValid():
		r.addrs = []netip.Addr{svc.LoadBalancerIP.Unmap()}
	case text != "":
		for part := range strings.SplitSeq(text, ",") {
			a, err := netip.ParseAddr(strings.TrimSpace(part))
			if err != nil || a.Zone() != "" {
				return r, flow.Because(flow.CodePendingInvalid, name(svc), annotationAddresses, text)
			}
			r.addrs = append(r.addrs, a.Unmap())
		}
	}
	return r, flow.Reason{}
}

// misfits says that the addresses asked for are not one for each family.
func (r *request) misfits(svc *cluster.Service) flow.Reason {
	if slices.Equal(familiesOf(r.addrs), families(svc)) {
		return flow.Reason{}
	}
	return flow.Because(flow.CodePendingFamily, name(svc), words(r.addrs), familyWords(families(svc)))
}

// familiesOf are the families of addresses, IPv4 first, each once; two addresses
// of one family are no request that MetalLB understands, and nil here.
func familiesOf(addrs []netip.Addr) []bool {
	var out []bool
	for _, v6 := range []bool{false, true} {
		n := 0
		for _, a := range addrs {
			if a.Is6() == v6 {
				n++
			}
		}
		switch n {
		case 0:
		case 1:
			out = append(out, v6)
		default:
			return nil
		}
	}
	return out
}

// families are those of the cluster addresses, which MetalLB follows; before
// they are allocated spec.ipFamilies, else IPv4. IPv4 first.
func families(svc *cluster.Service) []bool {
	v4, v6 := false, false
	for _, a := range svc.ClusterIPs {
		v4, v6 = v4 || a.Is4(), v6 || a.Is6()
	}
	if !v4 && !v6 {
		v4, v6 = slices.Contains(svc.Families, false), slices.Contains(svc.Families, true)
	}
	switch {
	case v4 && v6:
		return []bool{false, true}
	case v6:
		return []bool{true}
	}
	return []bool{false}
}

// ForeignClass reports whether the Service is left to another controller: "any
// default load balancer implementation ... should ignore Services that set this
// field" (API, ServiceSpec.loadBalancerClass). A class that names MetalLB is its
// --lb-class.
func ForeignClass(svc *cluster.Service) bool {
	return svc.LoadBalancerClass != "" && !strings.Contains(svc.LoadBalancerClass, "metallb")
}

// Typos are annotations of a Service that are nearly MetalLB's, with what was
// meant: service, annotation, what was meant.
func Typos(svc *cluster.Service) []flow.Reason { return typos(svc) }

// Wanted are the addresses that the Service asks for or already has; nil: any
// will do.
func Wanted(svc *cluster.Service) []netip.Addr {
	r, _ := requestOf(svc)
	if len(r.addrs) > 0 {
		return r.addrs
	}
	var had []netip.Addr
	for _, in := range svc.Ingress {
		if in.IP.IsValid() {
			had = append(had, in.IP)
		}
	}
	return had
}

// typos are annotations under MetalLB's prefixes that mean nothing to it, but
// nearly something: they are answered with silence.
func typos(svc *cluster.Service) []flow.Reason {
	var keys []string
	for k := range svc.Annotations {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var out []flow.Reason
	for _, k := range keys {
		for _, p := range []string{prefix, oldPrefix} {
			if n, ok := strings.CutPrefix(k, p); ok {
				if meant := nearest(n); meant != "" {
					out = append(out, flow.Because(flow.CodePendingTypo, name(svc), k, p+meant))
				}
			}
		}
	}
	return out
}

// nearest is the annotation that was meant, "" for one that is right or far from
// any: another case, a part left out, or two letters wrong.
func nearest(n string) string {
	known := []string{annotationShare, annotationAddresses, annotationPool, annotationFrom}
	if slices.Contains(known, n) {
		return ""
	}
	low := strings.ToLower(n)
	for _, k := range known {
		lk := strings.ToLower(k)
		if len(low) > 5 && (strings.HasPrefix(lk, low) || strings.HasPrefix(low, lk)) || cluster.Distance(low, lk) <= 2 {
			return k
		}
	}
	return ""
}

func words(addrs []netip.Addr) string {
	var out []string
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return strings.Join(out, ", ")
}

func familyWord(v6 bool) string {
	if v6 {
		return "IPv6"
	}
	return "IPv4"
}

func familyWords(v6s []bool) string {
	var out []string
	for _, v6 := range v6s {
		out = append(out, familyWord(v6))
	}
	return strings.Join(out, ", ")
}
