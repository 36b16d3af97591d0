package model

import (
	"reflect"
	"sync"
	"testing"

	"github.com/portolan-net/portolan/internal/manifest"
)

// everyCore is Cores, a goroutine for each number. (internal/cores is not for pure
// packages.)
func everyCore(n int, worker func() func(int)) {
	var all sync.WaitGroup
	for i := range n {
		do := worker()
		all.Go(func() { do(i) })
	}
	all.Wait()
}

// Several cores make the Model that one makes, and each thing is done once.
func TestCores(t *testing.T) {
	in, err := manifest.Parse("test.yaml", []byte(base+"---"+balancer("Local", "Cluster")+`
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: test, name: deny}
spec: {podSelector: {matchLabels: {app: web}}}
`), manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	one, err := Compile(in.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	several, err := CompileOn(everyCore, in.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	if len(one.Services.Addresses()) == 0 || one.Policies == nil {
		t.Fatal("nothing was compiled")
	}
	// Announce holds functions, which DeepEqual never takes for equal.
	for _, pair := range [][2]any{
		{one.Services, several.Services},
		{one.Policies, several.Policies},
		{one.Balancers, several.Balancers},
		{one.trips, several.trips},
		{one.eligible, several.eligible},
		{one.judges, several.judges},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("several cores make other %T", pair[0])
		}
	}
	if several.Announce == nil {
		t.Error("several cores announce nothing")
	}
	for name, cores := range map[string]Cores{"one": nil, "several": everyCore} {
		var did [3]int
		cores.Beside(func() { did[0]++ }, func() { did[1]++ }, func() { did[2]++ })
		if did != [3]int{1, 1, 1} {
			t.Errorf("%s: %v times, want each once", name, did)
		}
	}
}
