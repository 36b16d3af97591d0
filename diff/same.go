package diff

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
)

// Objects are the same if they say the same of traffic, wherever they were read and
// whoever wrote them.

func samePod(a, b *cluster.Pod) bool {
	return a.Name == b.Name && sameKind(a, b) && a.Node == b.Node && slices.Equal(a.IPs, b.IPs) &&
		slices.Equal(a.HostIPs, b.HostIPs) && a.Phase == b.Phase && a.Ready == b.Ready && a.Terminating == b.Terminating
}

// sameKind: nothing tells the pods apart but their names, places and conditions.
func sameKind(a, b *cluster.Pod) bool {
	return a.Namespace == b.Namespace && a.HostNetwork == b.HostNetwork && a.Owner == b.Owner && slices.Equal(a.Ports, b.Ports) &&
		maps.Equal(a.Labels, b.Labels) && maps.Equal(a.Annotations, b.Annotations)
}

func sameSlice(a, b *cluster.EndpointSlice) bool {
	return a.Service == b.Service && a.IPv6 == b.IPv6 && a.FQDN == b.FQDN && slices.Equal(a.Ports, b.Ports) &&
		slices.EqualFunc(a.Endpoints, b.Endpoints, func(a, b cluster.Endpoint) bool { return sameEndpoint(&a, &b) })
}

func sameEndpoint(a, b *cluster.Endpoint) bool {
	return a.Ready == b.Ready && a.Serving == b.Serving && a.Terminating == b.Terminating && a.Node == b.Node && a.Zone == b.Zone &&
		a.Target == b.Target && slices.Equal(a.Addresses, b.Addresses) && slices.Equal(a.HintZones, b.HintZones) && slices.Equal(a.HintNodes, b.HintNodes)
}

// noMeaning are fields that say where an object comes from, not what it does.
var noMeaning = map[string]bool{"Position": true, "Created": true, "Manager": true}

// apiPaths are fields whose path in the API is not their name.
var apiPaths = map[string]string{
	"Labels": "metadata.labels", "Annotations": "metadata.annotations", "Ingress[Service]": "status.loadBalancer",
	"SourceRanges": "spec.loadBalancerSourceRanges", "IsolatesIngress": "spec.policyTypes", "IsolatesEgress": "spec.policyTypes",
	"Headless": "spec.clusterIP", "ProxyName": "metadata.labels", "SessionAffinity": "spec.sessionAffinity",
	"AffinitySeconds": "spec.sessionAffinityConfig", "NoNodePorts": "spec.allocateLoadBalancerNodePorts",
	"Families": "spec.ipFamilies", "RequireDualStack": "spec.ipFamilyPolicy", "InternalIPs": "status.addresses", "OtherIPs": "status.addresses",
	"Ready": "status.conditions", "NetworkUnavailable": "status.conditions", "Kubelet": "status.nodeInfo", "PodCIDRs": "spec.podCIDRs",
	"Owner": "metadata.ownerReferences", "IPs": "status.podIPs", "HostIPs": "status.hostIPs", "Phase": "status.phase",
	"Terminating": "metadata.deletionTimestamp", "Node": "spec.nodeName", "Ports[Pod]": "spec.containers[].ports",
	"Endpoints": "endpoints", "Ports[EndpointSlice]": "ports", "ClusterIPs": "spec.clusterIPs", "ExternalIPs": "spec.externalIPs",
	"LoadBalancerIP": "spec.loadBalancerIP", "Implied": "metadata.labels",
}

// fields are the paths of what differs between two objects of a kind.
func fields(a, b reflect.Value, kind string) []string {
	var out []string
	t := a.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		if noMeaning[f.Name] {
			continue
		}
		if kind == "NetworkPolicy" && (f.Name == "Labels" || f.Name == "Annotations") || kind == "Namespace" && f.Name == "Annotations" {
			continue // nobody selects them by these
		}
		if f.Anonymous {
			out = append(out, fields(a.Field(i), b.Field(i), kind)...)
			continue
		}
		if !reflect.DeepEqual(plain(a.Field(i)), plain(b.Field(i))) {
			out = append(out, apiPath(f.Name, kind))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func apiPath(name, kind string) string {
	for _, key := range []string{name + "[" + kind + "]", name} {
		if p, ok := apiPaths[key]; ok {
			return p
		}
	}
	return "spec." + strings.ToLower(name[:1]) + name[1:]
}

// plain is a value without positions, nil and empty alike.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = plain(v.Index(i))
		}
		return out
	case reflect.Map:
		out := map[any]any{}
		for _, k := range v.MapKeys() {
			out[k.Interface()] = plain(v.MapIndex(k))
		}
		return out
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	case reflect.Struct:
		if !hasPosition(v.Type()) {
			return v.Interface()
		}
		out := map[any]any{}
		for i := range v.NumField() {
			if n := v.Type().Field(i).Name; !noMeaning[n] {
				out[n] = plain(v.Field(i))
			}
		}
		return out
	default:
		return v.Interface()
	}
}

// hasPosition: structs of package cluster are taken apart, addresses and the like
// are values.
func hasPosition(t reflect.Type) bool {
	return strings.HasSuffix(t.PkgPath(), "/cluster") && t != reflect.TypeFor[flow.Object]()
}
