package reach

import (
	"flag"
	"net/netip"
	"os"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/model"
)

var space4 = netip.MustParsePrefix("0.0.0.0/0")

// TestMain makes short lists count as long, but for benchmarks.
func TestMain(m *testing.M) {
	if flag.Parse(); flag.Lookup("test.bench").Value.String() == "" {
		few = 5
	}
	os.Exit(m.Run())
}

func compileSnapshot(t testing.TB, s *cluster.Snapshot) *model.Model {
	t.Helper()
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
