//go:build linux

package lab

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
)

// TestMain runs all tests in namespaces of their own, also as an ordinary user
// would.
func TestMain(m *testing.M) {
	if part := roles[os.Getenv(role)]; part != nil {
		os.Exit(part())
	}
	done, code, err := EnterTwice()
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

// small is a lab of one node and one pod.
func small() (*Lab, error) {
	n := cluster.Node{InternalIPs: []netip.Addr{netip.MustParseAddr("10.0.0.11")}, Ready: true}
	n.Name = "n1"
	p := cluster.Pod{Node: "n1", IPs: []netip.Addr{netip.MustParseAddr("10.244.1.10")}}
	p.Namespace, p.Name = "app", "web"
	m, err := model.Compile(&cluster.Snapshot{Nodes: []cluster.Node{n}, Pods: []cluster.Pod{p}})
	if err != nil {
		return nil, err
	}
	return Up(context.Background(), m, Options{})
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

// BenchmarkUpMany is 50 nodes and 1,000 pods.
func BenchmarkUpMany(b *testing.B) {
	m := compile(b, generate.Cluster(generate.Medium, 1))
	for b.Loop() {
		l, err := Up(b.Context(), m, Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := l.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
