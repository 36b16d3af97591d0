package report

import (
	"io"
	"maps"
	"slices"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
)

type descriptionDoc struct {
	head
	Policies []policyJSON  `json:"policies"`
	Pods     []podJSON     `json:"pods"`
	Assumed  []reasonJSON  `json:"assumptions"`
	Ignored  []ignoredJSON `json:"ignored"`
	Lacks    []string      `json:"lacks"`
	Command  string        `json:"command,omitempty"`
}

type policyJSON struct {
	Policy   string       `json:"policy"`
	File     string       `json:"file,omitempty"`
	Line     int          `json:"line,omitempty"`
	Isolates []string     `json:"isolates"`
	Subjects peerJSON     `json:"subjects"`
	Text     string       `json:"text"`
	Rules    []ruleJSON   `json:"rules"`
	Remarks  []reasonJSON `json:"remarks"`
}

type ruleJSON struct {
	originJSON
	Direction string     `json:"direction"`
	Effective bool       `json:"effective"`
	Peers     []peerJSON `json:"peers"`
	Ports     []portJSON `json:"ports"`
	Text      string     `json:"text"`
}

type peerJSON struct {
	Kind              string      `json:"kind"`
	Text              string      `json:"text"`
	Field             string      `json:"field,omitempty"`
	Namespace         string      `json:"namespace,omitempty"`
	NamespaceSelector string      `json:"namespaceSelector,omitempty"`
	PodSelector       string      `json:"podSelector,omitempty"`
	CIDR              string      `json:"cidr,omitempty"`
	Except            []string    `json:"except"`
	Ranges            []rangeJSON `json:"ranges"`
	All               bool        `json:"all"`
	Pods              []string    `json:"pods"`
	Perhaps           []string    `json:"perhaps"`
	HostNetwork       []string    `json:"hostNetwork"`
	Nodes             []string    `json:"nodes"`
}

type rangeJSON struct {
	First string `json:"first"`
	Last  string `json:"last"`
}

type portJSON struct {
	Protocol string       `json:"protocol"`
	First    int          `json:"first,omitempty"`
	Last     int          `json:"last,omitempty"`
	Name     string       `json:"name,omitempty"`
	Numbers  []numberJSON `json:"numbers"`
	Text     string       `json:"text"`
}

type numberJSON struct {
	Number int      `json:"number"`
	Pods   []string `json:"pods"`
}

type podJSON struct {
	Pod       string       `json:"pod"`
	Node      string       `json:"node,omitempty"`
	Addresses []string     `json:"addresses"`
	Labels    []string     `json:"labels"`
	Exempt    bool         `json:"exempt"`
	Complete  bool         `json:"complete"`
	Ingress   podSideJSON  `json:"ingress"`
	Egress    podSideJSON  `json:"egress"`
	Remarks   []reasonJSON `json:"remarks"`
}

type podSideJSON struct {
	Isolated bool        `json:"isolated"`
	Policies []string    `json:"policies"`
	Allowed  []grantJSON `json:"allowed"`
}

type grantJSON struct {
	Peer  peerJSON     `json:"peer"`
	Ports []portJSON   `json:"ports"`
	By    []originJSON `json:"by"`
}

// DescribeJSON writes a document of kind Description.
func DescribeJSON(w io.Writer, x *Descriptions) error {
	d := descriptionDoc{
		head: head{APIVersion, "Description"}, Policies: []policyJSON{}, Pods: []podJSON{},
		Assumed: toReasons(x.Assumed), Ignored: toIgnored(x.Ignored), Lacks: list(x.Lacks), Command: Clean(x.Command),
	}
	for _, p := range x.Policies {
		d.Policies = append(d.Policies, toPolicy(p, x.PodsKnown))
	}
	for _, p := range x.Pods {
		d.Pods = append(d.Pods, toPod(p))
	}
	return write(w, d)
}

func toPolicy(d *policy.Description, podsKnown bool) policyJSON {
	p := NewPrinter(nil)
	at := d.Policy.Position
	j := policyJSON{
		Policy: d.Policy.Object().String(), File: Clean(at.File), Line: at.Line, Isolates: []string{},
		Subjects: toPeer(&d.Subjects, policy.Ingress), Text: p.isolates(d, podsKnown), Rules: []ruleJSON{}, Remarks: toReasons(d.Notes),
	}
	subjects := p.Lang.who(&d.Subjects, policy.Ingress)
	for i := range d.Sides {
		s := &d.Sides[i]
		if s.Isolates {
			j.Isolates = append(j.Isolates, s.Direction.String())
		}
		for k := range s.Rules {
			r := &s.Rules[k]
			x := ruleJSON{originJSON: toOrigins([]flow.Origin{r.Origin})[0], Direction: s.Direction.String(), Effective: s.Isolates, Peers: []peerJSON{}}
			for n := range r.Peers {
				x.Peers = append(x.Peers, toPeer(&r.Peers[n], s.Direction))
			}
			x.Ports = toPorts(r.Ports)
			x.Text = p.rule(r, s.Direction, subjects, podsKnown, len(r.Peers) > 1)
			j.Rules = append(j.Rules, x)
		}
	}
	return j
}

func toPeer(x *policy.Peer, d policy.Direction) peerJSON {
	j := peerJSON{
		Kind: x.Kind.String(), Text: English.who(x, d), Field: x.Origin.Field, Namespace: Clean(x.Namespace),
		Except: []string{}, Ranges: []rangeJSON{}, All: x.All,
		Pods: podNames(x.Known), Perhaps: podNames(x.Perhaps), HostNetwork: podNames(x.Host), Nodes: list(x.Nodes),
	}
	if x.NamespaceSelector != nil {
		j.NamespaceSelector = x.NamespaceSelector.String()
	}
	if x.PodSelector != nil {
		j.PodSelector = x.PodSelector.String()
	}
	if x.Block != nil {
		j.CIDR, j.Except = x.Block.CIDR.String(), stringsOf(x.Block.Except)
	}
	for _, r := range x.Ranges {
		j.Ranges = append(j.Ranges, rangeJSON{r.First.String(), r.Last.String()})
	}
	return j
}

func toPorts(ports []policy.Port) []portJSON {
	out := make([]portJSON, 0, len(ports))
	for i := range ports {
		x := &ports[i]
		j := portJSON{Protocol: x.Protocol.String(), First: int(x.First), Last: int(x.Last), Name: x.Name, Numbers: []numberJSON{}, Text: NewPrinter(nil).port(x, false)}
		for _, n := range x.Numbers {
			j.Numbers = append(j.Numbers, numberJSON{int(n.Number), podNames(n.Pods)})
		}
		out = append(out, j)
	}
	return out
}

func toPod(d *policy.PodDescription) podJSON {
	return podJSON{
		Pod: d.Pod.Object().String(), Node: Clean(d.Pod.Node), Addresses: stringsOf(d.Pod.IPs), Labels: toLabels(d.Pod.Labels),
		Exempt: d.Exempt, Complete: len(d.Foreign) == 0,
		Ingress: toPodSide(&d.Sides[0]), Egress: toPodSide(&d.Sides[1]), Remarks: toReasons(d.Notes),
	}
}

func toPodSide(s *policy.PodSide) podSideJSON {
	j := podSideJSON{Isolated: len(s.Isolating) > 0, Policies: []string{}, Allowed: []grantJSON{}}
	for _, p := range s.Isolating {
		j.Policies = append(j.Policies, p.Object().String())
	}
	for i := range s.Grants {
		g := &s.Grants[i]
		x := grantJSON{Peer: toPeer(&g.Peer, s.Direction), Ports: toPorts(g.Ports), By: toOrigins(g.By)}
		x.Peer.Field = ""
		j.Allowed = append(j.Allowed, x)
	}
	return j
}

func toLabels(labels cluster.Labels) []string {
	out := make([]string, 0, len(labels))
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, Clean(k+"="+labels[k]))
	}
	return out
}

func podNames(pods []*cluster.Pod) []string {
	out := make([]string, 0, len(pods))
	for _, p := range pods {
		out = append(out, Clean(p.Namespace+"/"+p.Name))
	}
	return out
}
