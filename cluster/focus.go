package cluster

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/flow"
)

// Focus is what somebody named to look at: pods, a Service, clients outside, a node.
// Nil is everybody.
type Focus struct {
	Text string // as it was written
	// Namespace, Owner or Pod are whose pods they are; zero of what is no pods.
	Namespace string
	Owner     flow.Object
	Pod       flow.Object
	// Service is one, and Port the port of it that was named, if one was.
	Service flow.Object
	Port    string
	// Outside: what is outside, of which Client is a name of the Fabric or an
	// address, or "" for all.
	Outside bool
	Client  string
	Node    string
}

// Side is which end of a connection is named.
type Side uint8

// The sides: what is outside and nodes connect, Services are connected to.
const (
	FromSide Side = iota + 1
	ToSide
)

// WordError is a word that makes no sense, or that the cluster does not have.
type WordError struct {
	Part, What, Hint string
	// Missing is the kind of object that was named and is not in the input, if that is
	// what is wrong, and Namespace where it would be.
	Missing, Namespace string
}

// Error prints `"deploy/test/wob": no such workload`.
func (e *WordError) Error() string { return fmt.Sprintf("%q: %s", e.Part, e.What) }

const podsHint = "ns/NAME, deploy/NAMESPACE/NAME (sts, ds, rs, job, cronjob), pod/NAMESPACE/NAME"

// hint is what may be named on a side.
func (s Side) hint() string {
	if s == FromSide {
		return podsHint + ", external, external/NAME-or-IP, node/NAME"
	}
	return podsHint + ", svc/NAMESPACE/NAME[:PORT]"
}

var workloads = map[string]string{
	"deploy": "Deployment", "deployment": "Deployment", "sts": "StatefulSet", "statefulset": "StatefulSet",
	"ds": "DaemonSet", "daemonset": "DaemonSet", "rs": "ReplicaSet", "replicaset": "ReplicaSet",
	"job": "Job", "cronjob": "CronJob", "cj": "CronJob", "rc": "ReplicationController",
}

// ParseFocus reads a name; namespace is that of names that have none. The error is a
// *WordError.
func ParseFocus(text, namespace string, side Side) (*Focus, error) {
	if text == "" {
		return nil, nil
	}
	f := &Focus{Text: text}
	kind, rest, has := strings.Cut(text, "/")
	in := func(kind, name string) flow.Object {
		o := flow.Object{Kind: kind, Namespace: namespace, Name: name}
		if ns, n, ok := strings.Cut(name, "/"); ok {
			o.Namespace, o.Name = ns, n
		}
		return o
	}
	full := workloads[kind]
	switch {
	case (kind == "external" || kind == "node" || kind == "no") && side == ToSide:
		return nil, &WordError{Part: text, What: "what is connected to is pods, or a Service", Hint: side.hint()}
	case kind == "external" && has == (rest != ""):
		f.Outside, f.Client = true, rest
	case !has || rest == "":
		return nil, &WordError{Part: text, What: "not a name of pods", Hint: side.hint()}
	case kind == "node" || kind == "no":
		f.Node = rest
	case kind == "ns" || kind == "namespace":
		f.Namespace = rest
	case (kind == "svc" || kind == "service") && side == ToSide:
		rest, f.Port, _ = strings.Cut(rest, ":")
		f.Service = in("Service", rest)
	case kind == "pod" || kind == "po":
		f.Pod = in("Pod", rest)
	case full != "":
		f.Owner = in(full, rest)
	default:
		return nil, &WordError{Part: text, What: "not a name of pods", Hint: side.hint()}
	}
	return f, nil
}

// InNamespace is all pods of a namespace.
func InNamespace(name string) *Focus { return &Focus{Text: name, Namespace: name} }

// NamesPods reports whether it is pods that were named, themselves.
func (f *Focus) NamesPods() bool { return f == nil || !f.Outside && f.Node == "" && f.Service.IsZero() }

// Holds reports whether a pod was named.
func (f *Focus) Holds(p *Pod) bool {
	switch {
	case f == nil:
		return true
	case !f.Pod.IsZero():
		return p.Name == f.Pod.Name && p.Namespace == f.Pod.Namespace
	case !f.Owner.IsZero():
		return p.Owner == f.Owner
	}
	return f.Namespace != "" && p.Namespace == f.Namespace
}

// Shows reports whether a port is of the Service, and the one that was named.
func (f *Focus) Shows(svc flow.Object, p *ServicePort) bool {
	return svc == f.Service && (f.Port == "" || f.Port == p.Name || f.Port == p.Words())
}

// Words are the port's number, and its protocol where it is not TCP: "53/udp".
func (p *ServicePort) Words() string {
	w := fmt.Sprint(p.Port)
	if p.Protocol != flow.TCP {
		w += "/" + strings.ToLower(p.Protocol.String())
	}
	return w
}

// ShowsClient reports whether a client of the Fabric was named, by its name or one of
// its addresses.
func (f *Focus) ShowsClient(c *Client) bool {
	if f == nil {
		return true
	}
	return f.Outside && (f.Client == "" || f.Client == c.Name || f.Addr().IsValid() && slices.Contains(c.Addresses, f.Addr()))
}

// Addr is the address outside that was named; invalid where none was.
func (f *Focus) Addr() netip.Addr {
	if f == nil || !f.Outside {
		return netip.Addr{}
	}
	a, _ := netip.ParseAddr(strings.Trim(f.Client, "[]")) // a name is no address
	return a.Unmap()
}

// Sends reports whether a packet from outside may have an address as its source: none
// has that of a loopback, of a group, of everybody or of nobody (RFC 1122, 3.2.1.3;
// RFC 4291, 2.5).
func Sends(a netip.Addr) bool {
	return !a.IsLoopback() && !a.IsMulticast() && !a.IsUnspecified() && a != broadcast
}

// NobodySends is what is said of an address that does not send.
const NobodySends = "nobody outside sends from this address"

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// Find looks for what was named in versions of a cluster, one of which must have it.
// Pods are looked for among those that counts takes. The error is a *WordError.
func (f *Focus) Find(side Side, counts func(*Pod) bool, versions ...*Snapshot) error {
	if f == nil {
		return nil
	}
	if !Sends(f.Addr()) {
		return &WordError{Part: f.Text, What: NobodySends, Hint: "external/203.0.113.10"}
	}
	if a := f.Addr(); slices.ContainsFunc(versions, func(s *Snapshot) bool { return s.owns(a) }) {
		return &WordError{Part: f.Text, What: "nobody outside has this address: it is the cluster's own", Hint: "--from node/NAME, --from pod/NAMESPACE/NAME"}
	}
	for _, s := range versions {
		switch ok, err := f.in(s, counts); {
		case err != nil:
			return err
		case ok:
			return nil
		}
	}
	err := &WordError{Part: f.Text, What: f.none(), Hint: side.hint()}
	err.Missing, err.Namespace = f.missing(versions)
	if f.Port != "" && slices.ContainsFunc(versions, func(s *Snapshot) bool {
		return slices.ContainsFunc(s.Services, func(o Service) bool { return o.Object() == f.Service })
	}) {
		err.What, err.Missing = "the Service has no such port", ""
	}
	return err
}

// missing is the kind of what none of the versions has, and its namespace: of a
// workload one that not all could be read of, for that tells who made whom.
func (f *Focus) missing(versions []*Snapshot) (kind, namespace string) {
	switch {
	case f.Outside:
		return "", ""
	case f.Node != "":
		return "Node", ""
	case !f.Service.IsZero():
		return "Service", f.Service.Namespace
	case !f.Pod.IsZero():
		return "Pod", f.Pod.Namespace
	case f.Owner.IsZero():
		return "Pod", f.Namespace
	}
	for _, k := range []string{"Pod", f.Owner.Kind, "ReplicaSet"} {
		if slices.ContainsFunc(versions, func(s *Snapshot) bool { return s.LacksIn(k, f.Owner.Namespace) }) {
			return k, f.Owner.Namespace
		}
	}
	return "Pod", f.Owner.Namespace
}

// in reports whether a Snapshot has what was named.
func (f *Focus) in(s *Snapshot, counts func(*Pod) bool) (bool, error) {
	switch {
	case f.Outside:
		return f.Client == "" || f.Addr().IsValid() || slices.ContainsFunc(s.Fabric.Clients, func(c Client) bool { return c.Name == f.Client }), nil
	case f.Node != "":
		return slices.ContainsFunc(s.Nodes, func(n Node) bool { return n.Name == f.Node }), nil
	case !f.Service.IsZero():
		at := slices.IndexFunc(s.Services, func(o Service) bool { return o.Object() == f.Service })
		if at < 0 {
			return false, nil
		}
		return slices.ContainsFunc(s.Services[at].Ports, func(p ServicePort) bool { return f.Shows(f.Service, &p) }), nil
	}
	for i := range s.Pods {
		p := &s.Pods[i]
		switch {
		case !f.Holds(p):
		case !f.Pod.IsZero() && p.HostNetwork:
			return false, &WordError{Part: f.Text, What: "the Pod uses its node's network, so it is a process of node " + p.Node, Hint: "portolan trace " + f.Text + " TARGET -f ..."}
		case counts(p):
			return true, nil
		}
	}
	return false, nil
}

// owns reports whether an address is a node's, a pod's, or of those that a node gives
// its pods.
func (s *Snapshot) owns(a netip.Addr) bool {
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if slices.Contains(n.InternalIPs, a) || slices.Contains(n.OtherIPs, a) || slices.ContainsFunc(n.PodCIDRs, func(p netip.Prefix) bool { return p.Contains(a) }) {
			return true
		}
	}
	return slices.ContainsFunc(s.Pods, func(p Pod) bool { return slices.Contains(p.IPs, a) })
}

// none says what there is none of.
func (f *Focus) none() string {
	switch {
	case f.Outside:
		return "the Fabric has no client of that name, and it is no address"
	case f.Node != "":
		return "no such Node in the input"
	case !f.Service.IsZero():
		return "no such Service in the input"
	case !f.Pod.IsZero():
		return "no such Pod in the input, or it has no address"
	case !f.Owner.IsZero():
		return "no running Pod of " + f.Owner.String() + " in the input"
	}
	return "no pods of that namespace with addresses of their own in the input"
}

// Addresses are those of the client that was named.
func (f *Focus) Addresses(s *Snapshot) []netip.Addr {
	var out []netip.Addr
	switch {
	case f == nil:
	case f.Addr().IsValid():
		out = append(out, f.Addr())
	case f.Outside:
		for i := range s.Fabric.Clients {
			if c := &s.Fabric.Clients[i]; f.ShowsClient(c) {
				out = append(out, c.Addresses...)
			}
		}
	}
	return out
}
