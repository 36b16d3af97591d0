package upstream

import (
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/kernel"
	"github.com/portolan-net/portolan/model"
	ours "github.com/portolan-net/portolan/nft"
)

var (
	sizes       = flag.String("sizes", "10", "how many Services and policies `TestBeside` loads, in turn; more than 100 need root")
	balancers   = flag.Bool("balancers", false, "TestBeside loads Services of type LoadBalancer too")
	samples     = flag.Int("samples", 1, "how often TestBeside repeats each change")
	rounds      = flag.Int("rounds", 1, "how often TestBeside goes round the connections")
	connections = flag.Int("connections", 200, "how many connections TestBeside makes in a round")
)

// TestBeside loads the same Services with kube-proxy and with our rules, changes
// one, and connects through each, and prints what took how long: a small table by
// itself, the whole one as make bench-kernel.
//
//	Services ─┬─► kube-proxy's sync ──────────────────────► node ◄── client, 10.2.x.y
//	          └─► model.Compile ─► nft.Compile ─► kernel ─► node       │
//	policies ───► the same                              ─► node       └─► server, 10.1.x.y
func TestBeside(t *testing.T) {
	all := numbers(t, *sizes)
	if slices.Max(all) > 100 && !hostRoot() {
		t.Skip("more than 100 Services need root: in a user namespace a transaction of kube-proxy's must not be large")
	}
	kinds := []kind{{"ClusterIP", false}}
	if *balancers {
		kinds = append(kinds, kind{"LoadBalancer", true})
	}
	var loads []*loading
	roads := []*journey{plainRoad(t, "no rules", ""), plainRoad(t, "conntrack alone", conntrackAlone)}
	for _, k := range kinds {
		for _, n := range all {
			l := &loading{kind: k, services: n}
			l.roads = [2]*journey{l.theirs(t), l.ours(t)}
			roads = append(roads, l.roads[:]...)
			loads = append(loads, l)
		}
	}
	for _, n := range all {
		roads = append(roads, guardedRoad(t, n))
	}
	for range *rounds {
		for _, r := range roads {
			r.round(t)
		}
	}
	var out strings.Builder
	printLoads(&out, loads)
	printRoads(&out, roads)
	printAims(&out, loads, roads)
	t.Log("\n" + out.String())
}

const conntrackAlone = "table ip x { chain x { type filter hook forward priority 0; ct state new accept; }; }"

func numbers(t *testing.T, list string) []int {
	t.Helper()
	var all []int
	for _, word := range strings.Split(list, ",") {
		n, err := strconv.Atoi(word)
		must(t, err)
		all = append(all, n)
	}
	return all
}

// hostRoot reports whether this is root, and not that of a user namespace.
func hostRoot() bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(text)), " ") == "0 0 4294967295"
}

// loading is one load of Services, measured on both sides.
type loading struct {
	kind     kind
	services int
	took     [2]map[string]time.Duration // kube-proxy's and ours, by what was done
	roads    [2]*journey
}

// What is done, besides the steps.
const (
	cold      = "all, from the Model"
	compiling = "the Model"
)

// theirs lets kube-proxy load and change the Services of a node.
func (l *loading) theirs(t *testing.T) *journey {
	t.Helper()
	r := newRoad(t)
	s := loaded(l.services, l.kind)
	profile, err := cluster.Resolve(s)
	must(t, err)
	c, err := Configure(s, profile, "n1")
	must(t, err)
	all := map[string][]time.Duration{}
	start := func(where *place) *Proxy {
		var p *Proxy
		where.try(t, func() (err error) {
			p, err = Start(c, Convert(s))
			return err
		})
		all[cold] = append(all[cold], p.Cold)
		t.Cleanup(func() { closed(t, p) })
		return p
	}
	p := start(r.node)
	for range *samples - 1 {
		if l.services <= 1000 { // more take too long to repeat
			start(newPlace(t))
		}
	}
	for i := range *samples {
		for _, step := range steps(s, l.kind) {
			took, err := p.Apply(step.told)
			must(t, err)
			all[step.name] = append(all[step.name], took)
			if i == 0 {
				r.serves(t, step.after, l.kind)
			}
		}
	}
	l.took[0] = medians(all)
	return through(fmt.Sprintf("%d Services, %s, kube-proxy", l.services, l.kind.name), r, s)
}

// ours does the same with our rules.
func (l *loading) ours(t *testing.T) *journey {
	t.Helper()
	r := newRoad(t)
	s := loaded(l.services, l.kind)
	all := map[string][]time.Duration{}
	load := func(where *place) (*kernel.Handle, *ours.Program) {
		start := time.Now()
		m := compiled(t, s)
		all[compiling] = append(all[compiling], time.Since(start))
		h := where.handle(t)
		start = time.Now()
		p := program(t, m, ours.Options{Services: true})
		must(t, h.Apply(ours.Diff(nil, p)))
		all[cold] = append(all[cold], time.Since(start))
		return h, p
	}
	for range *samples - 1 {
		load(newPlace(t))
	}
	h, p := load(r.node)
	changes := steps(s, l.kind)
	models := make([]*model.Model, len(changes))
	for i := range changes {
		models[i] = compiled(t, changes[i].after)
	}
	for i := range *samples * 5 { // they are short
		for j, step := range changes {
			start := time.Now()
			next, err := ours.Update(models[j], p, []flow.Object{step.changed})
			must(t, err)
			must(t, h.Apply(ours.Diff(p, next)))
			all[step.name] = append(all[step.name], time.Since(start))
			p = next
			if i == 0 {
				r.serves(t, step.after, l.kind)
			}
		}
	}
	l.took[1] = medians(all)
	return through(fmt.Sprintf("%d Services, %s, ours", l.services, l.kind.name), r, s)
}

func (p *place) handle(t *testing.T) *kernel.Handle {
	t.Helper()
	var h *kernel.Handle
	p.try(t, func() (err error) {
		h, err = kernel.Open()
		return err
	})
	t.Cleanup(func() { must(t, h.Close()) })
	return h
}

func compiled(t *testing.T, s *cluster.Snapshot) *model.Model {
	t.Helper()
	m, err := model.Compile(s)
	must(t, err)
	return m
}

func program(t *testing.T, m *model.Model, o ours.Options) *ours.Program {
	t.Helper()
	p, err := ours.Compile(m, "n1", o, nil)
	must(t, err)
	if len(p.Left) > 0 {
		t.Fatalf("no row for %v", p.Left)
	}
	return p
}

func medians(all map[string][]time.Duration) map[string]time.Duration {
	out := map[string]time.Duration{}
	for name, each := range all {
		slices.Sort(each)
		out[name] = each[len(each)/2]
	}
	return out
}

// client is a pod of n2.
var client = count(clientBase, 0)

// serves connects to the first, the middle and the last Service, by each of its
// addresses.
func (r *road) serves(t *testing.T, s *cluster.Snapshot, k kind) {
	t.Helper()
	targets := map[netip.AddrPort][]netip.Addr{}
	for _, i := range []int{0, len(s.Services) / 2, len(s.Services) - 1} {
		var want []netip.Addr
		for _, e := range s.EndpointSlices[i].Endpoints {
			want = append(want, e.Addresses...)
		}
		targets[netip.AddrPortFrom(s.Services[i].ClusterIPs[0], 80)] = want
	}
	r.reaches(t, client, targets)
	if k.balancer { // from those addresses nodes rewrite the client's
		first := targets[netip.AddrPortFrom(s.Services[0].ClusterIPs[0], 80)]
		r.reaches(t, netip.Addr{}, map[netip.AddrPort][]netip.Addr{
			netip.AddrPortFrom(s.Services[0].Ingress[0].IP, 80):                            first,
			netip.AddrPortFrom(s.Nodes[0].InternalIPs[0], s.Services[0].Ports[0].NodePort): first,
		})
	}
}

// journey is one way through the node. Of the rounds over few targets, which stay
// in the caches, the best is kept, and of those over all targets in turn.
type journey struct {
	name    string
	road    *road
	from    netip.Addr
	targets []netip.AddrPort
	few     *latencies
	all     *latencies
}

// few is the number of targets at every size.
const few = 10

// through connects to the cluster IPs of the Services.
func through(name string, r *road, s *cluster.Snapshot) *journey {
	j := &journey{name: name, road: r, from: client}
	for i := range s.Services {
		j.targets = append(j.targets, netip.AddrPortFrom(s.Services[i].ClusterIPs[0], 80))
	}
	return j
}

// direct connects to pods.
func direct(name string, r *road, from netip.Addr) *journey {
	j := &journey{name: name, road: r, from: from}
	for i := range servers {
		j.targets = append(j.targets, netip.AddrPortFrom(count(endpointBase, i), targetPort))
	}
	return j
}

func plainRoad(t *testing.T, name, rules string) *journey {
	t.Helper()
	r := newRoad(t)
	if rules != "" {
		r.node.do(func() { nft(t, rules, "-f", "-") })
	}
	return direct(name, r, client)
}

// guardedRoad is a node whose pods so many policies select. The last client is
// admitted by the last of them, the next one by none.
func guardedRoad(t *testing.T, n int) *journey {
	t.Helper()
	r := newRoad(t)
	m := compiled(t, guarded(n))
	h := r.node.handle(t)
	must(t, h.Apply(ours.Diff(nil, program(t, m, ours.Options{Policies: true}))))
	j := direct(fmt.Sprintf("%d policies, ours", n), r, count(clientBase, n-1))
	r.reaches(t, j.from, map[netip.AddrPort][]netip.Addr{j.targets[0]: {j.targets[0].Addr()}})
	r.silent(t, count(clientBase, n), j.targets[0])
	return j
}

// round connects, and keeps the round with the lowest median: the machine may
// have other things to do.
func (j *journey) round(t *testing.T) {
	t.Helper()
	var some []netip.AddrPort
	for i := range few { // spread over the table
		some = append(some, j.targets[i*len(j.targets)/few])
	}
	j.few = better(j.few, j.road.connect(t, j.from, some, *connections))
	j.all = better(j.all, j.road.connect(t, j.from, j.targets, *connections))
}

func better(a, b *latencies) *latencies {
	if a == nil || b.at(0.5) < a.at(0.5) {
		return b
	}
	return a
}

func printLoads(out *strings.Builder, loads []*loading) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "Services\tkind\tuntil in the kernel\tkube-proxy\tours\tratio\t")
	for _, l := range loads {
		row := func(what string, theirs, mine time.Duration) {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%.0f\t\n", l.services, l.kind.name, what, short(theirs), short(mine), float64(theirs)/float64(mine))
		}
		row("all, from the objects", l.took[0][cold], l.took[1][cold]+l.took[1][compiling])
		for _, what := range l.done() {
			row(what, l.took[0][what], l.took[1][what])
		}
	}
	w.Flush() //nolint:errcheck // a strings.Builder
}

func printRoads(out *strings.Builder, roads []*journey) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\nconnections of one thread\tto %d targets: p50\tp99\ta second\tto all in turn: p50\tp99\t\n", few)
	for _, j := range roads {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t\n", j.name, short(j.few.at(0.5)), short(j.few.at(0.99)),
			time.Second*time.Duration(len(j.few.each))/j.few.whole, short(j.all.at(0.5)), short(j.all.at(0.99)))
	}
	w.Flush() //nolint:errcheck // a strings.Builder
}

// done is what was done on both sides.
func (l *loading) done() []string { return slices.Sorted(maps.Keys(l.took[0])) }

// aimedAt is the number of Services and policies that the aims are about.
const aimedAt = 10000

// printAims says what became of the aims.
func printAims(out *strings.Builder, loads []*loading, roads []*journey) {
	small, large := loads[0], loads[0]
	for _, l := range loads {
		if l.kind == small.kind {
			large = l
		}
	}
	if large.services != aimedAt {
		return
	}
	aim := func(what string, got, bound float64, unit string, reached bool) {
		word := "reached"
		if !reached {
			word = "missed"
		}
		fmt.Fprintf(out, "%s: %.3g%s, the aim is %g%s: %s\n", what, got, unit, bound, unit, word)
	}
	at := fmt.Sprintf("%d Services", large.services)
	fmt.Fprintln(out)
	for _, what := range large.done() {
		bound, ratio := 100.0, float64(large.took[0][what])/float64(large.took[1][what])
		if what == cold {
			bound = 40
		}
		aim(what+", at "+at+": faster than kube-proxy", ratio, bound, "x", ratio >= bound)
	}
	if small != large {
		p50 := func(l *loading) float64 { return float64(l.roads[1].few.at(0.5)) }
		grows := 100 * (p50(large)/p50(small) - 1)
		aim(fmt.Sprintf("median connect from %d to %s", small.services, at), grows, 10, " %", grows <= 10)
	}
	bare, policies := roads[1].few.at(0.5), roads[len(roads)-1].few.at(0.5)
	over := float64(policies-bare) / float64(time.Microsecond)
	aim("median connect with "+roads[len(roads)-1].name+", over conntrack alone", over, 1, " us", over <= 1)
}

// short prints three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g us", float64(d)/float64(time.Microsecond))
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}
