package policy

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/generate"
)

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// parties are the ends a packet may have: pods, and addresses of nobody known.
func (t *Tables) parties() []Party {
	all := []Party{{}}
	for i := range t.snapshot.Pods {
		for _, ip := range t.snapshot.Pods[i].IPs {
			p := Party{Addr: ip, Pod: t.index.PodByIP(ip), Node: t.index.NodeByIP(ip) != nil}
			if p.Pod != nil && p.Pod.Invented {
				p.Addr = netip.Addr{}
			}
			all = append(all, p)
		}
	}
	for _, a := range []string{
		"0.0.0.0", "9.255.255.255", "10.0.0.0", "10.0.1.15", "10.0.1.16", "10.0.1.255", "10.1.0.0", "172.31.255.255", "192.168.0.127", "192.168.0.128",
		"255.255.255.255", "fd01::1", "fd00::1", "2001:db8:7fff::", "2001:db8:8000::", "2a00::1", "::",
	} {
		addr := netip.MustParseAddr(a)
		all = append(all, Party{Addr: addr, Node: t.index.NodeByIP(addr) != nil})
	}
	return all
}

// judge answers a question from the rows alone.
func (r *Rows) judge(q Question) Verdict {
	class := r.t.ClassOf(q.Subject.Pod)
	if class < 0 || r.Group(class, q.Direction) == 0 {
		return NotIsolated
	}
	peer := int32(-1)
	if q.Peer.Pod != nil {
		peer = int32(r.t.ClassOf(q.Peer.Pod))
	}
	atom := int32(-1)
	for _, a := range r.AtomRanges() {
		if a.Contains(q.Peer.Addr) {
			atom = a.Atom
		}
	}
	if q.Peer.Addr.IsValid() && atom < 0 {
		atom = 0
	}
	answer := Denied
	for _, p := range r.Permissions(class, q.Direction) {
		if !p.Everything() && (p.Protocol != q.Protocol || q.Port < p.First || p.Last < q.Port) {
			continue
		}
		if p.Anybody() || in(p.Classes(), peer) || in(p.Peers.Atoms, atom) && p.Counts(peer) {
			return Admitted
		}
		if p.Counts(peer) && peer >= 0 && in(p.Peers.Perhaps, peer) || p.Counts(peer) && p.Peers.Blocks && atom < 0 {
			answer = Undecided
		}
	}
	return answer
}

// Rows answer as Judge does.
func TestRowsAnswerAsJudge(t *testing.T) {
	counts := map[Verdict]int{}
	for seed := range uint64(600) {
		c := rand.New(rand.NewPCG(seed, 7))
		s := generate.Knot(c)
		tables := Compile(s, cluster.NewIndex(s), letter())
		rows, err := tables.Rows()
		if err != nil {
			t.Fatal(err)
		}
		parties := tables.parties()
		for range 400 {
			q := Question{
				Direction: pick(c, Ingress, Egress), Subject: Party{Pod: &s.Pods[c.IntN(len(s.Pods))]}, Peer: pick(c, parties...),
				Protocol: pick(c, flow.TCP, flow.TCP, flow.UDP, flow.SCTP, flow.ProtocolUnknown), Port: pick[uint16](c, 0, 1, 53, 54, 80, 8080, 8081, 65535),
			}
			for range 3 {
				if tables.Isolates(q.Subject.Pod, q.Direction) {
					break
				}
				q.Subject.Pod = &s.Pods[c.IntN(len(s.Pods))]
			}
			want := tables.Judge(q).Verdict
			counts[want]++
			if got := rows.judge(q); got != want {
				t.Fatalf("seed %d: %v of %s, peer %v (%+v), %v %d: rows say %v, Judge %v", seed, q.Direction, q.Subject.Pod.Object(), q.Peer.Addr, q.Peer.Pod, q.Protocol, q.Port, got, want)
			}
		}
	}
	for v := Undecided; v <= Denied; v++ {
		if counts[v] < 1000 {
			t.Errorf("only %d questions are %v: %v", counts[v], v, counts)
		}
	}
}

// Classes of one identity have equal permissions, and the other way round a
// group is told apart by its named ports alone.
func TestRowsIdentity(t *testing.T) {
	shared := 0
	for seed := range uint64(300) {
		s := generate.Knot(rand.New(rand.NewPCG(seed, 8)))
		rows, err := Compile(s, cluster.NewIndex(s), letter()).Rows()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []Direction{Ingress, Egress} {
			known := map[string]int{}
			for class := range rows.Classes() {
				id := rows.Identity(class, d)
				if (id == "") != (rows.Group(class, d) == 0) {
					t.Fatalf("seed %d: class %d has group %d and identity %q", seed, class, rows.Group(class, d), id)
				}
				for _, p := range rows.Permissions(class, d) {
					if meet(p.Peers.Classes, p.Peers.Perhaps) {
						t.Fatalf("seed %d: certain and undecided: %+v", seed, p.Peers)
					}
				}
				first, again := known[id]
				if !again {
					known[id] = class
					continue
				}
				shared++
				if !reflect.DeepEqual(rows.Permissions(first, d), rows.Permissions(class, d)) {
					t.Fatalf("seed %d: classes %d and %d of identity %q differ", seed, first, class, id)
				}
			}
		}
	}
	if shared < 500 {
		t.Errorf("only %d classes share an identity", shared)
	}
}

// Ranges of atoms are in order, do not overlap, and name the atom that Atom does.
func TestAtomRanges(t *testing.T) {
	for seed := range uint64(100) {
		s := generate.Knot(rand.New(rand.NewPCG(seed, 9)))
		tables := Compile(s, cluster.NewIndex(s), letter())
		rows, err := tables.Rows()
		if err != nil {
			t.Fatal(err)
		}
		var before Range
		for _, r := range rows.AtomRanges() {
			if before.Last.IsValid() && !before.Last.Less(r.First) || r.Last.Less(r.First) {
				t.Fatalf("seed %d: %v behind %v", seed, r, before)
			}
			before = r.Range
			if tables.Atom(r.First) != r.Atom || tables.Atom(r.Last) != r.Atom || !rows.AtomPrefix(r.Atom).Contains(r.First) {
				t.Fatalf("seed %d: %v is of atom %d and %d, not of %d (%v)", seed, r, tables.Atom(r.First), tables.Atom(r.Last), r.Atom, rows.AtomPrefix(r.Atom))
			}
		}
	}
}

// An enforcer that reads rules otherwise is refused, and so is every flag that
// somebody adds without saying here what it changes.
func TestRowsRefuse(t *testing.T) {
	elsewhere := strings.Fields("Enforces AfterSNAT SelfOpen BeforeProxyVerdicts RootBypasses DropsProxyErrors SkipsNodePortRange " +
		"ExemptsProcessesOnly WorldOverTunnel EgressBeforeDNAT FailsClosed ForwardOnly Unmeasured")
	s := &cluster.Snapshot{}
	profile := reflect.TypeFor[cluster.PolicyProfile]()
	for i := range profile.NumField() {
		f := profile.Field(i)
		if f.Type.Kind() != reflect.Bool {
			continue
		}
		p := letter()
		reflect.ValueOf(p).Elem().Field(i).SetBool(true)
		_, err := Compile(s, cluster.NewIndex(s), p).Rows()
		if slices.Contains(elsewhere, f.Name) {
			if err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
			continue
		}
		if err == nil || !strings.HasSuffix(err.Error(), f.Name) {
			t.Errorf("%s is set: %v", f.Name, err)
		}
	}
}

// A permission that rests on a namespace without an object says so.
func TestRowsDoubts(t *testing.T) {
	tables := read(t, letter(), pods, netpol("p", `podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {project: theirs}}}]}]`))
	for i := range tables.snapshot.Namespaces {
		tables.snapshot.Namespaces[i].Implied = tables.snapshot.Namespaces[i].Name == "other"
	}
	rows, err := tables.Rows()
	if err != nil {
		t.Fatal(err)
	}
	ps := rows.Permissions(tables.ClassOf(tables.index.Pod("default", "db")), Ingress)
	if len(ps) != 1 || len(ps[0].Peers.Classes) != 0 || len(ps[0].Peers.Perhaps) != 1 {
		t.Fatalf("%+v", ps)
	}
	if got := rows.Doubts(&ps[0]); !reflect.DeepEqual(got, []flow.Reason{flow.Because(flow.CodeNamespaceUnknown, "other")}) {
		t.Errorf("%+v", got)
	}
}

// Of two blocks that begin at one address the wider is first, whatever order
// policies name them in.
func TestAtomsOfOneAddress(t *testing.T) {
	tables := read(t, letter(), pods, netpol("p", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.5.0.0/25}}, {ipBlock: {cidr: 10.5.0.0/24}}, {ipBlock: {cidr: 10.5.0.0/26}}]}]"))
	rows, err := tables.Rows()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows.AtomRanges() {
		got = append(got, r.First.String()+"-"+r.Last.String()+" "+rows.AtomPrefix(r.Atom).String())
	}
	want := []string{"10.5.0.0-10.5.0.63 10.5.0.0/26", "10.5.0.64-10.5.0.127 10.5.0.0/25", "10.5.0.128-10.5.0.255 10.5.0.0/24"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for prefix, n := range map[string]int{"10.5.0.0/26": 1, "10.5.0.0/25": 2, "10.5.0.0/24": 3, "10.5.0.0/23": 3, "10.5.0.0/27": 0} {
		if got := rows.within(netip.MustParsePrefix(prefix)); len(got) != n {
			t.Errorf("%d atoms in %s, want %d", len(got), prefix, n)
		}
	}
	if got := rows.within(netip.Prefix{}); len(got) != 0 {
		t.Errorf("%v in no prefix", got)
	}
}
