package reach

import (
	"net/netip"
	"testing"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/model"
)

var space4 = netip.MustParsePrefix("0.0.0.0/0")

func compileSnapshot(t testing.TB, s *cluster.Snapshot) *model.Model {
	t.Helper()
	m, err := model.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
