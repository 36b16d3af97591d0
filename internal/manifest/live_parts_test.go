package manifest

import (
	"reflect"
	"testing"
)

const twoPods = `{"kind":"PodList","apiVersion":"v1","items":[
{"metadata":{"name":"a","namespace":"n","ownerReferences":[{"kind":"ReplicaSet","name":"r-1","controller":true}],"labels":{"pod-template-hash":"1"}},"status":{"phase":"Running","podIP":"10.0.0.1"}},
{"metadata":{"name":"b","namespace":"n","managedFields":[{"manager":"helm","time":"2026-01-01T00:00:00Z"}]},"status":{"phase":"Running","podIP":"10.0.0.2"}}]}`

func splitOf(t *testing.T, text string) []*Part {
	t.Helper()
	p, err := ReadPart("", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p.Split()
}

// TestPartsAgain: Builders from the same Parts find the same cluster, one after the
// other: what the first completes is not the second's.
func TestPartsAgain(t *testing.T) {
	parts := splitOf(t, twoPods)
	var was any
	for range 2 {
		b := NewBuilder(Options{})
		for _, p := range parts {
			if err := b.AddPart(p.Again()); err != nil {
				t.Fatal(err)
			}
		}
		in, err := b.Input()
		if err != nil {
			t.Fatal(err)
		}
		if o := in.Snapshot.Pods[0].Owner; o.Kind != "Deployment" {
			t.Errorf("owner %v", o)
		}
		if was != nil && !reflect.DeepEqual(was, in.Snapshot) {
			t.Error("the second Snapshot is another")
		}
		was = in.Snapshot
	}
	if o := parts[0].Owner(); o.Kind != "ReplicaSet" {
		t.Errorf("the Part was changed: owner %v", o)
	}
}

// TestPartsSame: who wrote an object is no difference, what it says is.
func TestPartsSame(t *testing.T) {
	const pod = `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"b","namespace":"n","resourceVersion":"7","managedFields":[{"manager":"kubectl","time":"2026-01-02T00:00:00Z"}]},"status":{"phase":"Running","podIP":"10.0.0.2"}}`
	const other = `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"b","namespace":"n","labels":{"x":"y"}},"status":{"phase":"Running","podIP":"10.0.0.2"}}`
	b, again, changed := splitOf(t, twoPods)[1], splitOf(t, pod)[0], splitOf(t, other)[0]
	if !b.Same(again) || b.Same(changed) || b.Same(splitOf(t, twoPods)[0]) {
		t.Errorf("same %v, %v", b.Same(again), b.Same(changed))
	}
	if b.Manager() != "helm" || again.Manager() != "kubectl" || changed.Manager() != "" {
		t.Errorf("managers %q, %q, %q", b.Manager(), again.Manager(), changed.Manager())
	}
}
