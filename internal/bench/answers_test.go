package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
)

// peerBinary is the netpol-analyzer to compare with.
func peerBinary(t *testing.T) string {
	t.Helper()
	peer := os.Getenv("PEER")
	if peer == "" {
		t.Skip("no PEER=absolute path of a built netpol-analyzer to compare with")
	}
	return peer
}

// answers are the ports by which workloads, and addresses that are no pod's, reach
// each other.
type answers struct {
	pods map[[2]string]reach.Ports
	// from and to are who besides pods reaches a workload and is reached by it.
	from, to map[string][]outside
}

type outside struct {
	policy.Range
	ports reach.Ports
}

// askPeer runs the peer on a folder.
func askPeer(t *testing.T, peer, folder string) (*answers, error) {
	t.Helper()
	_, text, err := runProcess(10*time.Minute, peer, peerList(folder)...)
	if err != nil {
		return nil, err
	}
	var lines []struct{ Src, Dst, Conn string }
	if err := json.Unmarshal(text, &lines); err != nil {
		t.Fatalf("%s: %v", folder, err)
	}
	a := &answers{pods: map[[2]string]reach.Ports{}, from: map[string][]outside{}, to: map[string][]outside{}}
	for _, l := range lines {
		ports := peerPorts(t, l.Conn)
		switch {
		case strings.HasSuffix(l.Src, "[External]"):
			a.from[l.Dst] = append(a.from[l.Dst], outside{peerRange(t, l.Src), ports})
		case strings.HasSuffix(l.Dst, "[External]"):
			a.to[l.Src] = append(a.to[l.Src], outside{peerRange(t, l.Dst), ports})
		default:
			a.pods[[2]string{l.Src, l.Dst}] = ports
		}
	}
	return a, nil
}

func peerRange(t *testing.T, text string) policy.Range {
	t.Helper()
	first, last, ok := strings.Cut(strings.TrimSuffix(text, "[External]"), "-")
	if !ok {
		last = first
	}
	r := policy.Range{}
	var err error
	if r.First, err = netip.ParseAddr(first); err == nil {
		r.Last, err = netip.ParseAddr(last)
	}
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return r
}

// peerPorts reads "TCP 80,8000-8090,UDP 53".
func peerPorts(t *testing.T, text string) reach.Ports {
	t.Helper()
	if text == "All Connections" {
		return reach.AllPorts()
	}
	var out reach.Ports
	protocol := flow.TCP
	for word := range strings.SplitSeq(text, ",") {
		if name, rest, ok := strings.Cut(word, " "); ok {
			word = rest
			protocol = map[string]flow.Protocol{"TCP": flow.TCP, "UDP": flow.UDP, "SCTP": flow.SCTP}[name]
		}
		first, last, ok := strings.Cut(word, "-")
		if !ok {
			last = first
		}
		a, err := strconv.ParseUint(first, 10, 16)
		b, err2 := strconv.ParseUint(last, 10, 16)
		if err != nil || err2 != nil {
			t.Fatalf("ports %q", text)
		}
		out = out.Union(reach.Ports{{Protocol: protocol, First: uint16(a), Last: uint16(b)}})
	}
	return out
}

// workload is pods that the peer takes for one, under its name for them.
type workload struct {
	name  string
	units []reach.Unit
	pods  int
}

// workloadsOf are all of them but those that share a node's network.
func workloadsOf(c *reach.Chart) []workload {
	var out []workload
	at := map[string]int{}
	s := c.Model().Snapshot
	for i := range s.Pods {
		p := &s.Pods[i]
		n := c.UnitOf(p)
		if n < 0 {
			continue
		}
		name := peerName(p)
		k, ok := at[name]
		if !ok {
			k = len(out)
			at[name] = k
			out = append(out, workload{name: name})
		}
		out[k].pods++
		if !slices.Contains(out[k].units, n) {
			out[k].units = append(out[k].units, n)
		}
	}
	return out
}

func peerName(p *cluster.Pod) string {
	kind, name := "Pod", p.Name
	if !p.Owner.IsZero() {
		kind, name = p.Owner.Kind, p.Owner.Name
		if hash := p.Labels["pod-template-hash"]; kind == "Deployment" && hash != "" && !p.Derived {
			kind, name = "ReplicaSet", name+"-"+hash
		}
	}
	return fmt.Sprintf("%s/%s[%s]", p.Namespace, name, kind)
}

// between are the ports by which all pods of one workload reach all of another,
// and those by which some do; known is false where something that was not given
// decides.
func between(c *reach.Chart, from, to *workload) (all, some reach.Ports, known bool) {
	first := true
	known = true
	for _, a := range from.units {
		for _, b := range to.units {
			sure, unsure := c.Between(a, b, reach.IPv4)
			some, known = some.Union(sure), known && len(unsure) == 0
			if first {
				all, first = sure, false
			} else {
				all = all.And(sure)
			}
		}
	}
	return all, some, known
}

// at are the ports that are open to an address, or at it.
func at(list []outside, a netip.Addr) reach.Ports {
	var out reach.Ports
	for _, o := range list {
		if o.First.Compare(a) <= 0 && a.Compare(o.Last) <= 0 {
			out = out.Union(o.ports)
		}
	}
	return out
}

// outsides are ranges of IPv4.
func outsides(list []reach.Admitted) []outside {
	var out []outside
	for _, a := range list {
		for _, r := range a.Ranges {
			if r.First.Is4() && a.Sure {
				out = append(out, outside{r, a.Ports})
			}
		}
	}
	return out
}

// edges are the addresses at which a list may change its mind.
func edges(lists ...[]outside) []netip.Addr {
	var out []netip.Addr
	for _, list := range lists {
		for _, o := range list {
			for _, a := range []netip.Addr{o.First, o.Last, o.First.Prev(), o.Last.Next()} {
				if a.IsValid() {
					out = append(out, a)
				}
			}
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

func addrs(words ...string) []netip.Addr {
	var out []netip.Addr
	for _, w := range words {
		out = append(out, netip.MustParseAddr(w))
	}
	return out
}

func v4(all []netip.Addr) []netip.Addr {
	return slices.DeleteFunc(slices.Clone(all), func(a netip.Addr) bool { return !a.Is4() })
}

// equal compares but for port 0, which the peer does not count and no packet has.
func equal(a, b reach.Ports) bool {
	var zero reach.Ports
	for _, p := range []flow.Protocol{flow.TCP, flow.UDP, flow.SCTP} {
		zero = append(zero, reach.PortRange{Protocol: p})
	}
	return a.Minus(zero).Equal(b.Minus(zero))
}
