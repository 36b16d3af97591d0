package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
)

// options are what the command line says.
type options struct {
	sizes, peerSizes []generate.Size
	peer, portolan   string
	cap              time.Duration
}

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string, out, progress io.Writer) error {
	if len(args) == 2 && args[0] == "measure" {
		f, err := measure(args[1])
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(f)
	}
	if len(args) == 2 && args[0] == "list" {
		return list(args[1], out)
	}
	o, err := parse(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "portolan-bench")
	if err != nil {
		return err
	}
	return errors.Join(measureAll(o, dir, out, progress), os.RemoveAll(dir))
}

func measureAll(o options, dir string, out, progress io.Writer) error {
	if len(o.sizes) > 0 {
		if err := printTable(o, dir, out, progress); err != nil {
			return err
		}
	}
	if o.peer == "" {
		return nil
	}
	return printPeer(o, dir, out, progress)
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	sizes := flags.String("sizes", "100,1000,10000,150000", "numbers of pods")
	peerSizes := flags.String("peer-sizes", "100,1000,3000", "numbers of pods side by side")
	flags.StringVar(&o.peer, "peer", "", "a netpol-analyzer to compare with")
	flags.StringVar(&o.portolan, "portolan", "", "a portolan whose map is timed beside it")
	flags.DurationVar(&o.cap, "cap", 10*time.Minute, "the most that one run of the peer may take")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.sizes, err = sizesOf(*sizes); err != nil {
		return o, fmt.Errorf("-sizes: %w", err)
	}
	if o.peerSizes, err = sizesOf(*peerSizes); err != nil {
		return o, fmt.Errorf("-peer-sizes: %w", err)
	}
	return o, nil
}

// sizesOf are the sizes with names, and others in between: a node for 30 pods, a
// Service for 15, a policy for 5.
func sizesOf(text string) ([]generate.Size, error) {
	var out []generate.Size
	for word := range strings.SplitSeq(text, ",") {
		if word == "" {
			continue
		}
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%q is no number of pods", word)
		}
		size := generate.Size{Nodes: n/30 + 2, Pods: n, Services: n/15 + 1, Policies: n/5 + 1}
		for _, named := range []generate.Size{generate.Small, generate.Medium, generate.Large, generate.Limits} {
			if named.Pods == n {
				size = named
			}
		}
		if n == 3000 { // what is known of the peer
			size.Policies = 600
		}
		out = append(out, size)
	}
	return out, nil
}

// writeDump writes a cluster into a folder of its own, as kubectl prints it.
func writeDump(dir string, s *cluster.Snapshot, bulk bool) (folder string, size int64, err error) {
	folder = filepath.Join(dir, fmt.Sprint(len(s.Pods)))
	if err = os.MkdirAll(folder, 0o755); err != nil {
		return
	}
	f, err := os.Create(filepath.Join(folder, "cluster.json"))
	if err != nil {
		return
	}
	err = generate.WriteJSON(f, s, bulk)
	info, problem := f.Stat()
	if err = errors.Join(err, problem, f.Close()); err != nil {
		return
	}
	return folder, info.Size(), nil
}
