//go:build linux

package lab

import (
	"fmt"
	"net/netip"
	"os"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/probe"
	"github.com/portolan-net/portolan/model"
)

// TestMain runs all tests in namespaces of their own.
func TestMain(m *testing.M) {
	done, code, err := Enter()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if done {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func compile(tb testing.TB, s *cluster.Snapshot) *model.Model {
	tb.Helper()
	m, err := model.Compile(s)
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func load(tb testing.TB, files ...string) *model.Model {
	tb.Helper()
	in, err := manifest.Load(files, manifest.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	return compile(tb, in.Snapshot)
}

func up(tb testing.TB, m *model.Model, o Options) *Lab {
	tb.Helper()
	l, err := Up(tb.Context(), m, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Error(err)
		}
	})
	return l
}

func TestUp(t *testing.T) {
	l := up(t, load(t, "../../examples/shared-vip"), Options{})
	for _, s := range l.plan.servers {
		t.Log(s.on.Name, s.name, s.at)
	}
	if err := l.Install(t.Context(), Nothing{}); err != nil {
		t.Fatal(err)
	}
	branch := l.Machine("external/branch")
	ports, err := l.Ports("dcgw", "n2")
	if err != nil {
		t.Fatal(err)
	}
	results := probe.Run(t.Context(), []probe.Probe{
		{Place: branch, Protocol: flow.TCP, To: netip.MustParseAddrPort("10.244.3.10:8080"), Ports: ports},
		{Place: branch, Protocol: flow.TCP, To: netip.MustParseAddrPort("10.244.3.10:8080")},
	}, probe.Options{Servers: l.Servers()})
	for _, r := range results {
		t.Logf("%+v", r)
	}
}

func BenchmarkUp(b *testing.B) {
	m := load(b, "../../examples/shared-vip")
	for b.Loop() {
		l, err := Up(b.Context(), m, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
