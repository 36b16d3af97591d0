package scenario

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/manifest"
)

// Snapshot reads the scenario's cluster without any fix. labs is the directory of
// the labs.
func (s *Scenario) Snapshot(labs string) (*cluster.Snapshot, error) {
	return s.snapshot(labs, "")
}

// snapshot reads the cluster with a fix, if one is named.
func (s *Scenario) snapshot(labs, fix string) (*cluster.Snapshot, error) {
	in, err := s.load(labs, fix, nil)
	if err != nil || s.AsWritten {
		return in, err
	}
	var missing []string
	for i := range in.Namespaces {
		if in.Namespaces[i].Implied {
			missing = append(missing, in.Namespaces[i].Name)
		}
	}
	if len(missing) == 0 {
		return in, nil
	}
	return s.load(labs, fix, missing)
}

// load builds the Snapshot out of lab, shorthand and YAML, and creates the
// namespaces.
func (s *Scenario) load(labs, fix string, namespaces []string) (*cluster.Snapshot, error) {
	b := manifest.NewBuilder(manifest.Options{})
	if s.Lab != "" {
		if err := s.addLab(b, labs); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct {
		section
		one func(*parser, string) object
	}{{s.nodes, (*parser).node}, {s.pods, (*parser).pod}} {
		if !part.there {
			continue
		}
		text, err := s.expand(part.section, part.one)
		if err != nil {
			return nil, err
		}
		if err := b.Add(s.Name, text); err != nil {
			return nil, err
		}
	}
	parts := []section{s.cluster, s.fabric}
	if fix != "" {
		kept, err := s.fixed(fix)
		if err != nil {
			return nil, err
		}
		parts = []section{kept, s.fabric, s.fixes[fix]}
	}
	for _, part := range parts {
		if !part.there {
			continue
		}
		if err := b.Add(s.Name, part.padded()); err != nil {
			return nil, err
		}
	}
	for _, ns := range namespaces {
		text := "apiVersion: v1\nkind: Namespace\nmetadata: {name: " + ns + ", labels: {kubernetes.io/metadata.name: " + ns + "}}\n"
		if err := b.Add(s.Name, []byte(text)); err != nil {
			return nil, err
		}
	}
	in, err := b.Input()
	if err != nil {
		return nil, err
	}
	return in.Snapshot, nil
}

// addLab reads the lab's nodes and Fabric, but for what the scenario has itself.
func (s *Scenario) addLab(b *manifest.Builder, labs string) error {
	for _, part := range []struct {
		file  string
		there bool
	}{{s.Lab + ".yaml", s.nodes.there}, {s.Lab + ".fabric.yaml", s.fabric.there}} {
		if part.there {
			continue
		}
		data, err := os.ReadFile(filepath.Join(labs, part.file))
		if err != nil {
			return err
		}
		if err := b.Add(part.file, data); err != nil {
			return err
		}
	}
	return nil
}

// Under returns the clusters that a block is asked of: one for each way its
// settings combine, with a name that tells them apart.
func (s *Scenario) Under(b *Block, labs string) ([]Asked, error) {
	fixes := []string{""}
	if i := slices.IndexFunc(b.Settings, func(set Setting) bool { return set.Key == with }); i >= 0 {
		fixes = b.Settings[i].Values
	}
	var all []Asked
	for _, fix := range fixes {
		in, err := s.snapshot(labs, fix)
		if err != nil {
			return nil, err
		}
		all = append(all, Asked{Name: fix, Snapshot: *in})
	}
	for _, set := range b.Settings {
		if set.Key == with {
			continue
		}
		var next []Asked
		for _, a := range all {
			for _, v := range set.Values {
				c := a
				c.Name = strings.TrimPrefix(c.Name+" "+v, " ")
				apply(&c.Snapshot.Fabric.Dataplane, set.Key, v)
				next = append(next, c)
			}
		}
		all = next
	}
	return all, nil
}

// Asked is a cluster, perhaps with a fix, under one dataplane.
type Asked struct {
	Name     string
	Snapshot cluster.Snapshot
}

func apply(d *cluster.Dataplane, key, value string) {
	switch key {
	case "profile":
		d.Profile, d.Proxy, d.Policy = value, "", ""
	case "proxy":
		d.Proxy = value
	case "policy":
		d.Policy = value
	case "podNetwork":
		d.PodNetwork = cluster.PodNetwork(value)
	case "podEgressMasquerade":
		d.PodEgressMasquerade = cluster.EgressMasquerade(value)
	case "masqueradeAll":
		all := value == "true"
		d.MasqueradeAll = &all
	}
}
