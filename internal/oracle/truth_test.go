package oracle_test

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/oracle"
	"github.com/portolan-net/portolan/internal/truth"
)

// TestTruth holds the oracle against real connections: the measured clusters,
// every line of them.
func TestTruth(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/truth/*")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) { total += askCluster(t, dir) })
	}
	if total < 2944 {
		t.Errorf("asked %d probes, the clusters hold 2,944", total)
	}
}

func askCluster(t *testing.T, dir string) int {
	in, err := manifest.Load([]string{filepath.Join(dir, "cluster.yaml")}, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	topology, err := truth.ReadTopology(dir)
	if err != nil {
		t.Fatal(err)
	}
	probes, err := truth.ReadProbes(dir)
	if err != nil {
		t.Fatal(err)
	}
	bad := 0
	for i := range probes {
		p := &probes[i]
		s := *in.Snapshot
		if s.Fabric, err = topology.Fabric(p.Dataplane); err != nil {
			t.Fatal(err)
		}
		got, err := askProbe(&s, p)
		if err != nil {
			t.Fatalf("%s: %v", p.Position, err)
		}
		if !agrees(got, p) {
			if bad++; bad <= 10 {
				t.Errorf("%s\n  measured %s\n  oracle   %v", p.Position, p.Line, got)
			}
		}
	}
	if bad > 0 {
		t.Errorf("%d of %d probes differ", bad, len(probes))
	}
	return len(probes)
}

func askProbe(s *cluster.Snapshot, p *truth.Probe) ([]oracle.Outcome, error) {
	to, word, _ := strings.Cut(p.To, "/")
	proto := flow.TCP
	if word != "" {
		var err error
		if proto, err = flow.ParseProtocol(word); err != nil {
			return nil, err
		}
	}
	addr, err := netip.ParseAddrPort(to)
	if err != nil {
		return nil, fmt.Errorf("to: %w", err)
	}
	return oracle.Ask(s, p.From, p.Via, addr, proto)
}

// agrees compares what a client can tell: what it saw, who answered, and the
// address the server saw. A loop ends in silence or in an error, whichever limit
// the packet meets first.
func agrees(got []oracle.Outcome, p *truth.Probe) bool {
	seen, endpoints, sources := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, o := range got {
		s := o.Seen
		if o.Fate == flow.Loop && slices.Contains(p.Seen, flow.Timeout) {
			s = flow.Timeout
		}
		seen[s.String()] = true
		if o.Fate == flow.Delivered {
			endpoints[o.Endpoint] = true
			sources[o.Source.String()] = true
		}
	}
	measured := make([]string, 0, len(p.Seen))
	for _, s := range p.Seen {
		measured = append(measured, s.String())
	}
	return same(seen, measured) && same(endpoints, p.Endpoints) && same(sources, p.Sources)
}

func same(got map[string]bool, want []string) bool {
	for _, w := range want {
		if !got[w] {
			return false
		}
	}
	return len(got) == len(want)
}
