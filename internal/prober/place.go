package prober

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
)

// Here is what is known of this machine.
type Here struct {
	// Addrs are all its addresses.
	Addrs []netip.Addr
	// Source is the address by which packets to another leave; zero where there is no
	// route.
	Source func(to netip.Addr) netip.Addr
}

// ThisMachine asks the kernel. No packet is sent.
func ThisMachine() Here {
	h := Here{Source: sourceTo}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return h
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			h.Addrs = append(h.Addrs, p.Addr().Unmap())
		}
	}
	return h
}

func sourceTo(to netip.Addr) netip.Addr {
	c, err := net.Dial("udp", netip.AddrPortFrom(to, 9).String()) // connecting UDP only looks up the route
	if err != nil {
		return netip.Addr{}
	}
	defer func() { _ = c.Close() }() // nothing was sent
	addr, err := netip.ParseAddr(host(c.LocalAddr().String()))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// NewPlan says what a probe would do. What is read of the cluster for it, by hand, is
// the pod that asks; nothing is changed. The error is a *path.QuestionError or a
// *Refusal.
func NewPlan(ctx context.Context, m *model.Model, hand Hand, o Options) (*Plan, error) {
	o.defaults()
	p := &Plan{ID: o.ID, Options: o, From: o.Question.From, Namespace: o.Question.Namespace}
	kind, _, _ := strings.Cut(o.Question.From, "/")
	var err error
	switch kind {
	case "external":
		err = p.outside(m)
	case "node", "no":
		err = p.atNode(m)
	default:
		err = p.inPod(ctx, m, hand)
	}
	if err != nil {
		return nil, err
	}
	q := o.Question
	q.From = p.From
	if err := p.questions(m, q); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(p.Asks, func(k Ask) bool { return k.Target.Protocol == flow.UDP }) {
		p.Notes = append(p.Notes, flow.Because(flow.CodeProbeSilence))
	}
	p.objects(m)
	return p, nil
}

// outside: this machine asks, and must not be one of the cluster's.
func (p *Plan) outside(m *model.Model) error {
	q, here := p.Options.Question, p.Options.Here
	if h := p.Options.How; h != "" {
		return wrong("--how "+h, "leave --how out", "this machine connects by itself")
	}
	p.Means = []Means{Dialing}
	for _, a := range here.Addrs {
		if n := m.Index.NodeByIP(a); n != nil {
			return wrong(q.From, "portolan probe node/"+n.Name+" "+q.To, "this machine is node %s (%s), and not outside", n.Name, a)
		}
		if pod := m.Index.PodByIP(a); pod != nil {
			return wrong(q.From, "portolan probe pod/"+pod.Namespace+"/"+pod.Name+" "+q.To, "this machine is pod %s/%s (%s), and not outside", pod.Namespace, pod.Name, a)
		}
	}
	a, err := path.Ask(m, q)
	if err != nil {
		return err
	}
	if q.Via != "" && a.Targets[0].Node == "" {
		p.Notes = append(p.Notes, flow.Because(flow.CodeProbeVia, q.Via))
	}
	source := here.source(a.Targets[0].Addr.Addr())
	switch {
	case !source.IsValid():
		p.Notes = append(p.Notes, flow.Because(flow.CodeProbeNoSource, a.Targets[0].Addr.Addr().String()))
	case q.From == "external":
		p.From = "external/" + source.String()
		p.Notes = append(p.Notes, flow.Because(flow.CodeProbeOutside, source.String()))
	case !slices.ContainsFunc(path.Outside(m), func(c cluster.Client) bool {
		return "external/"+c.Name == q.From && slices.Contains(c.Addresses, source)
	}) && q.From != "external/"+source.String():
		p.Notes = append(p.Notes, flow.Because(flow.CodeProbeNotClient, q.From, source.String()))
	default:
		p.Notes = append(p.Notes, flow.Because(flow.CodeProbeOutside, source.String()))
	}
	return nil
}

func (h *Here) source(to netip.Addr) netip.Addr {
	if h.Source == nil || !to.IsValid() {
		return netip.Addr{}
	}
	return h.Source(to)
}

// atNode: a pod in the node's network asks.
func (p *Plan) atNode(m *model.Model) error {
	q := p.Options.Question
	_, name, _ := strings.Cut(q.From, "/")
	n := m.Index.Node(name)
	if n == nil {
		_, err := path.Ask(m, q) // names those that there are
		return err
	}
	if h := p.Options.How; h != "" && h != NewPod.String() {
		return wrong("--how "+h, "leave --how out", "a node is asked from by a pod in its network")
	}
	if p.Options.Image == "" {
		return wrong(q.From, "--image IMAGE (busybox, say), or ask from a hostNetwork pod that has a tool", "a pod in the node's network needs an image")
	}
	p.From, p.Node, p.Addrs = "node/"+n.Name, n.Name, n.InternalIPs
	p.Means = []Means{NewPod}
	p.Notes = append(p.Notes, flow.Because(flow.CodeProbeHost, n.Name))
	return nil
}

// inPod: a pod asks, or a container beside it, or one that stands for it.
func (p *Plan) inPod(ctx context.Context, m *model.Model, hand Hand) error {
	q := p.Options.Question
	a, err := path.Ask(m, q)
	if err != nil {
		return err
	}
	if p.From = q.From; len(a.Traces) > 0 {
		p.From = a.Traces[0].From
	}
	kind, _, _ := strings.Cut(q.From, "/")
	if kind != "pod" && kind != "po" {
		p.Notes = append(p.Notes, flow.Because(flow.CodeProbeStands, p.From, q.From))
	}
	namespace, name, ok := strings.Cut(strings.TrimPrefix(p.From, "pod/"), "/")
	if !ok {
		return wrong(q.From, "pod/NAMESPACE/NAME", "not a pod")
	}
	if pod := m.Index.Pod(namespace, name); pod != nil {
		p.Addrs = pod.IPs
	}
	if p.Pod, err = hand.Pod(ctx, namespace, name); err != nil {
		return err
	}
	p.Namespace, p.Node = namespace, p.Pod.Node
	if p.Means, err = p.Options.means(); err != nil {
		return err
	}
	if c := p.Options.Container; c != "" && !slices.Contains(p.Pod.Containers, c) {
		return wrong("--container "+c, "its containers are "+strings.Join(p.Pod.Containers, ", "), "%s has no such container", p.From)
	}
	return nil
}

// means are those to try, in order.
func (o *Options) means() ([]Means, error) {
	if o.Image == "" && (o.How == Ephemeral.String() || o.How == NewPod.String()) {
		return nil, wrong("--how "+o.How, "--image IMAGE (busybox, say)", "a container needs an image")
	}
	switch o.How {
	case "":
		if o.Image != "" {
			return []Means{Exec, Ephemeral}, nil
		}
		return []Means{Exec}, nil
	case Exec.String():
		return []Means{Exec}, nil
	case Ephemeral.String():
		return []Means{Ephemeral}, nil
	case NewPod.String():
		return []Means{NewPod}, nil
	}
	return nil, wrong("--how "+o.How, "exec, ephemeral or pod", "no such means")
}

// objects are what is created, should it come to that.
func (p *Plan) objects(m *model.Model) {
	for _, means := range p.Means {
		switch means {
		case Ephemeral:
			p.Container = p.ephemeral()
			p.Notes = append(p.Notes, flow.Because(flow.CodeProbeEphemeral, p.From))
		case NewPod:
			p.Object = p.pod()
			if p.Pod.Name == "" {
				continue
			}
			p.Notes = append(p.Notes, flow.Because(flow.CodeProbeStandIn, p.From))
			p.Notes = append(p.Notes, unready(m, p.Namespace, p.Pod.Labels)...)
			for _, k := range slices.Sorted(maps.Keys(p.marks())) {
				if was, ok := p.Pod.Labels[k]; ok && was != p.marks()[k] {
					p.Notes = append(p.Notes, flow.Because(flow.CodeProbeLabel, k, p.marks()[k], was))
				}
			}
		case NoMeans, Dialing, Exec:
		}
	}
}

func wrong(part, hint, what string, args ...any) error {
	return &path.QuestionError{Part: part, What: fmt.Sprintf(what, args...), Hint: hint}
}

func newID() string {
	b := make([]byte, 4)
	_, _ = rand.Read(b) // does not fail
	return hex.EncodeToString(b)
}

func itoa(n int) string              { return strconv.Itoa(n) }
func portOf(a netip.AddrPort) string { return itoa(int(a.Port())) }
func portNumber(n uint16) string     { return itoa(int(n)) }
func protocol(proto flow.Protocol) string {
	if proto == flow.TCP {
		return ""
	}
	return "/" + strings.ToLower(proto.String())
}
