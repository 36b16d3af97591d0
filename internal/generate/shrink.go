package generate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
)

// Shrink removes one thing after the other from a cluster, as long as it holds
// what is wanted of it, until nothing more can go. The cluster itself stays as it
// is. Lists go by halves first, since to hold may be slow.
func Shrink(s *cluster.Snapshot, holds func(*cluster.Snapshot) bool) *cluster.Snapshot {
	s = halve(s, holds)
	for again := true; again; {
		again = false
		for n := 0; ; {
			c := clone(s)
			if left := n; !removeNth(reflect.ValueOf(c).Elem(), &left) {
				break
			}
			if !IsWhole(c) || !holds(c) {
				n++
				continue
			}
			s, again = c, true
		}
	}
	return s
}

// halve takes big parts out of the lists of objects.
func halve(s *cluster.Snapshot, holds func(*cluster.Snapshot) bool) *cluster.Snapshot {
	lists := []string{"NetworkPolicies", "EndpointSlices", "Services", "Pods", "Nodes", "Namespaces"}
	for _, name := range lists {
		size := reflect.ValueOf(s).Elem().FieldByName(name).Len()
		for part := size; part > 1; part /= 2 {
			for from := 0; from < reflect.ValueOf(s).Elem().FieldByName(name).Len(); {
				c := clone(s)
				l := reflect.ValueOf(c).Elem().FieldByName(name)
				l.Set(reflect.AppendSlice(l.Slice(0, from), l.Slice(min(from+part, l.Len()), l.Len())))
				if IsWhole(c) && holds(c) {
					s = c
				} else {
					from += part
				}
			}
		}
	}
	return s
}

// IsWhole reports whether every pod has its node and its namespace, and every
// Service a port.
func IsWhole(s *cluster.Snapshot) bool {
	for i := range s.Services {
		if svc := &s.Services[i]; len(svc.Ports) == 0 && svc.Type != cluster.ServiceExternalName {
			return false
		}
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		if !slices.ContainsFunc(s.Nodes, func(n cluster.Node) bool { return n.Name == p.Node }) ||
			!slices.ContainsFunc(s.Namespaces, func(n cluster.Namespace) bool { return n.Name == p.Namespace }) {
			return false
		}
	}
	return true
}

// clone is a deep copy that keeps nil and empty apart.
func clone(s *cluster.Snapshot) *cluster.Snapshot {
	c := new(cluster.Snapshot)
	copyTo(reflect.ValueOf(c).Elem(), reflect.ValueOf(s).Elem())
	return c
}

func copyTo(to, from reflect.Value) {
	switch from.Kind() { //nolint:exhaustive // a Snapshot holds no other kinds that refer to anything
	case reflect.Slice:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			copyTo(to.Index(i), from.Index(i))
		}
	case reflect.Map:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeMapWithSize(from.Type(), from.Len()))
		for _, k := range from.MapKeys() {
			v := reflect.New(from.Type().Elem()).Elem()
			copyTo(v, from.MapIndex(k))
			to.SetMapIndex(k, v)
		}
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(from.Type().Elem()))
			copyTo(to.Elem(), from.Elem())
		}
	case reflect.Struct:
		to.Set(from)
		if isAddress(from) {
			return
		}
		for i := range from.NumField() {
			if to.Field(i).CanSet() {
				copyTo(to.Field(i), from.Field(i))
			}
		}
	default:
		to.Set(from)
	}
}

// removeNth counts down through everything that can be removed, in a fixed
// order, and removes what it is at when the count is zero: an element, a label,
// a set field, or the list that is left when it is empty.
func removeNth(v reflect.Value, n *int) bool {
	here := func() bool { *n--; return *n < 0 }
	switch v.Kind() { //nolint:exhaustive // a Snapshot holds no other kinds that can shrink
	case reflect.Slice:
		if v.Len() == 0 && !v.IsNil() && here() {
			v.SetZero()
			return true
		}
		for i := range v.Len() {
			if here() {
				v.Set(reflect.AppendSlice(v.Slice(0, i), v.Slice(i+1, v.Len())))
				return true
			}
		}
		for i := range v.Len() {
			if removeNth(v.Index(i), n) {
				return true
			}
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			if here() {
				v.SetMapIndex(k, reflect.Value{})
				return true
			}
		}
	case reflect.Pointer:
		return !v.IsNil() && removeNth(v.Elem(), n)
	case reflect.Struct:
		return removeOfStruct(v, n, here)
	}
	return false
}

func removeOfStruct(v reflect.Value, n *int, here func() bool) bool {
	if isAddress(v) {
		return false
	}
	for i := range v.NumField() {
		f, name := v.Field(i), v.Type().Field(i).Name
		if simplifiable[name] && !f.IsZero() && here() {
			f.SetZero()
			return true
		}
		if !kept[name] && removeNth(f, n) {
			return true
		}
	}
	return false
}

// simplifiable are the fields whose zero value makes a plainer cluster.
var simplifiable = map[string]bool{
	"PodNetwork": true, "PodEgressMasquerade": true, "MasqueradeAll": true, "ExternalTrafficPolicy": true, "InternalTrafficPolicy": true,
	"SessionAffinity": true, "Terminating": true, "EndPort": true, "Target": true, "HostIPs": true, "NodePort": true, "Routes": true,
	"IsolatesIngress": true, "IsolatesEgress": true, "NetworkUnavailable": true, "Zone": true, "Policy": true, "Ready": true,
	"HealthCheckNodePort": true,
}

// kept are the fields without which an object would be none that Tangle makes.
var kept = map[string]bool{"InternalIPs": true, "PodCIDRs": true, "IPs": true, "ClusterIPs": true, "Addresses": true}

// isAddress: a type with a text form of its own is never taken apart.
func isAddress(v reflect.Value) bool {
	_, ok := v.Interface().(fmt.Stringer)
	return ok && v.Type().PkgPath() == "net/netip"
}
