package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
)

// object is an object of the API as its YAML has it.
type object = unstructured.Unstructured

// readObjects reads the YAML files of an example, Lists taken apart. The kinds of
// portolan.dev are no business of an API server's and left out.
func readObjects(files ...string) ([]*object, error) {
	var all []*object
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		objects, err := parseObjects(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		all = append(all, objects...)
	}
	return all, nil
}

func parseObjects(text []byte) ([]*object, error) {
	var all []*object
	d := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		var o object
		if err := d.Decode(&o.Object); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		switch {
		case o.Object == nil || strings.HasPrefix(o.GetAPIVersion(), "portolan.dev/"):
		case o.IsList():
			err := o.EachListItem(func(item runtime.Object) error {
				one, ok := item.(*object)
				if !ok {
					return fmt.Errorf("a %T in a List", item)
				}
				all = append(all, one)
				return nil
			})
			if err != nil {
				return nil, err
			}
		default:
			all = append(all, &o)
		}
	}
}

// snapshotObjects are a Snapshot's objects as somebody would create them: cluster IPs
// are the API server's to give, and EndpointSlices the controller's to make.
func snapshotObjects(s *cluster.Snapshot) ([]*object, error) {
	var b bytes.Buffer
	if err := generate.WriteJSON(&b, s, false); err != nil {
		return nil, err
	}
	all, err := parseObjects(b.Bytes())
	if err != nil {
		return nil, err
	}
	all = without(all, "EndpointSlice")
	for _, o := range only(all, "Service") {
		unstructured.RemoveNestedField(o.Object, "spec", "clusterIPs")
	}
	return all, nil
}

// yamlFiles are the files of a directory that kubectl would apply.
func yamlFiles(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, "*.yaml")) // the pattern is good
	return files
}

// without are the objects that are not of these kinds.
func without(all []*object, kinds ...string) []*object {
	return slices.DeleteFunc(slices.Clone(all), func(o *object) bool { return slices.Contains(kinds, o.GetKind()) })
}

// only are the objects of these kinds.
func only(all []*object, kinds ...string) []*object {
	return slices.DeleteFunc(slices.Clone(all), func(o *object) bool { return !slices.Contains(kinds, o.GetKind()) })
}

// first orders objects as the API server needs them: a namespace before what is in
// it, a definition before its objects.
var first = []string{"CustomResourceDefinition", "Namespace", "Node"}

// Register creates objects with the status that a kubelet, or whoever gives out
// addresses, would report. EndpointSlices that the controller manages are its own to
// make: Register waits until it has made those.
func (c *Cluster) Register(all []*object) {
	c.t.Helper()
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b *object) int { return rank(a) - rank(b) })
	for _, o := range all {
		if !managed(o) {
			must(c.t, c.create(o))
		}
		if o.GetKind() == "CustomResourceDefinition" {
			c.until(o.GetName()+" is served", func() error { return c.served(o) })
		}
	}
	c.Settle()
}

func rank(o *object) int {
	if at := slices.Index(first, o.GetKind()); at >= 0 {
		return at
	}
	return len(first)
}

// managed reports whether an EndpointSlice is one that the controller makes.
func managed(o *object) bool {
	return o.GetKind() == "EndpointSlice" && o.GetLabels()["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io"
}

// resource is where objects of a kind are.
func (c *Cluster) resource(o *object) (dynamic.ResourceInterface, error) {
	kind := o.GroupVersionKind()
	m, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		c.mapper.Reset() // it may be a new kind
		if m, err = c.mapper.RESTMapping(kind.GroupKind(), kind.Version); err != nil {
			return nil, err
		}
	}
	if ns := o.GetNamespace(); ns != "" {
		return c.Dynamic.Resource(m.Resource).Namespace(ns), nil
	}
	return c.Dynamic.Resource(m.Resource), nil
}

// create creates an object and then its status. A namespace that the API server made
// itself gets the labels.
func (c *Cluster) create(o *object) error {
	r, err := c.resource(o)
	if err != nil {
		return fmt.Errorf("%s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
	}
	made, err := r.Create(c.t.Context(), o, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) && o.GetKind() == "Namespace" {
		labels, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": o.GetLabels()}})
		if err != nil {
			return err
		}
		_, err = r.Patch(c.t.Context(), o.GetName(), types.MergePatchType, labels, metav1.PatchOptions{})
		return err
	}
	if err != nil {
		return fmt.Errorf("%s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
	}
	status, ok := o.Object["status"]
	if !ok || o.GetKind() == "Namespace" {
		return nil
	}
	made.Object["status"] = status
	if _, err := r.UpdateStatus(c.t.Context(), made, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("status of %s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
	}
	return nil
}

// Apply applies objects on the server's side under the name of a field manager, as
// helm and kubectl do.
func (c *Cluster) Apply(manager string, all []*object) {
	c.t.Helper()
	for _, o := range all {
		r, err := c.resource(o)
		must(c.t, err)
		_, err = r.Apply(c.t.Context(), o.GetName(), o, metav1.ApplyOptions{FieldManager: manager})
		must(c.t, err)
	}
}

// served says what is missing until objects of a definition can be created.
func (c *Cluster) served(definition *object) error {
	r, err := c.resource(definition)
	if err != nil {
		return err
	}
	now, err := r.Get(c.t.Context(), definition.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	conditions, _, err := unstructured.NestedSlice(now.Object, "status", "conditions")
	if err != nil {
		return err
	}
	for _, one := range conditions {
		if is, ok := one.(map[string]any); ok && is["type"] == "Established" && is["status"] == "True" {
			return nil
		}
	}
	return errors.New("not established")
}
