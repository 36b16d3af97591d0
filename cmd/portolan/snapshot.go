package main

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/internal/manifest"
)

// taking is what the flags of snapshot say.
type taking struct {
	disguise bool
	key      string
}

func (a *app) snapshot() *cobra.Command {
	var x taking
	c := &cobra.Command{
		Use:   "snapshot [FILE...]",
		Short: "Save what the answers need of a cluster, and nothing else",
		Long: `Save the cluster, or the input of -f, as a file that every command reads with -f.
It holds what an answer may rest on: no Secret, no environment, no argument or
annotation that says nothing of traffic; of images only those of the network's own
agents, of managedFields only who wrote last.

With --pseudonymise names, namespaces, label values, most label keys and addresses
are replaced, the same by the same, so that it can be attached to a report: the
answers are the same. Ranges hold what they held, private addresses stay private.
Ports, kinds, times and versions stay. The same --key gives the same replacements;
keep it to yourself: who has it can try names. Without one it is random.`,
		Example: `  portolan snapshot -o cluster.json
  portolan snapshot --pseudonymise -o report.json
  portolan snapshot -f dump.yaml | gzip > snapshot.json.gz`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if x.key != "" && !x.disguise {
				return &usageError{what: "--key is for --pseudonymise", hint: "portolan snapshot --pseudonymise --key WORD"}
			}
			return a.runSnapshot(append(a.files, args...), &x, c.Flags().Lookup("output").Value.String())
		},
	}
	f := c.Flags()
	f.StringP("output", "o", "", "file to write; stdout without")
	f.BoolVar(&x.disguise, "pseudonymise", false, "replace names and addresses, consistently")
	f.StringVar(&x.key, "key", "", "what the replacements are derived from; random without")
	return c
}

func (a *app) runSnapshot(paths []string, x *taking, name string) error {
	b, in, err := a.readBuilder(paths, false)
	if err != nil {
		return err
	}
	var d *manifest.Disguise
	if x.disguise {
		key := []byte(x.key)
		if x.key == "" {
			key = make([]byte, 32)
			if _, err := rand.Read(key); err != nil {
				return err
			}
		}
		d = manifest.NewDisguise(key)
	}
	write := func(w io.Writer) error {
		buffered := bufio.NewWriter(w)
		if err := b.WriteSnapshot(buffered, in, d); err != nil {
			return err
		}
		return buffered.Flush()
	}
	if name == "" || name == "-" {
		return write(a.out)
	}
	// Others need not read what the cluster is called.
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return &usageError{what: err.Error(), hint: "-o FILE, in a directory that can be written"}
	}
	if err := write(f); err != nil {
		_ = f.Close() // the first error is the one to tell
		return err
	}
	s := in.Snapshot
	fmt.Fprintf(a.err, "portolan: %s: %d nodes, %d pods, %d Services, %d NetworkPolicies\n", name, len(s.Nodes), len(s.Pods), len(s.Services), len(s.NetworkPolicies))
	return f.Close()
}
