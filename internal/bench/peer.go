package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/generate"
)

// cost is what a process took from its start to its end.
type cost struct {
	Wall, CPU time.Duration
	Peak      int64 // bytes
	Lines     int   // of its output
	Stopped   bool  // it was not done in time
}

// runProcess runs a program to its end, or until the time is over. Its output is
// returned.
func runProcess(limit time.Duration, name string, args ...string) (cost, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	began := time.Now()
	err := cmd.Run()
	c := cost{Wall: time.Since(began), Lines: bytes.Count(out.Bytes(), []byte("\n"))}
	if cmd.ProcessState != nil {
		c.CPU = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		if use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && runtime.GOOS == "linux" {
			c.Peak = use.Maxrss * 1024
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		c.Stopped = true
		return c, nil, nil
	}
	if err != nil {
		return c, nil, fmt.Errorf("%s: %w: %.300s", name, err, problem.String())
	}
	return c, out.Bytes(), nil
}

// peerList is what the peer is asked for.
func peerList(folder string) []string {
	return []string{"list", "--dirpath", folder, "-o", "json", "-q"}
}

func printPeer(o options, dir string, out, progress io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\nBeside %s,\nwhole processes on the same folder:\n\n", machine(), version(o.peer))
	fmt.Fprintf(out, "%-7s%10s%10s  %-16s%10s%10s%10s\n", "pods", "policies", "workloads", "", "wall", "CPU", "memory")
	for _, s := range o.peerSizes {
		fmt.Fprintf(progress, "bench: %s pods beside %s\n", count(s.Pods), o.peer)
		c := generate.Cluster(s, 1)
		readable(c)
		folder, _, err := writeDump(dir, c, false)
		if err != nil {
			return err
		}
		theirs, _, err := runProcess(o.cap, o.peer, peerList(folder)...)
		if err != nil {
			return err
		}
		ours, _, err := runProcess(o.cap, self, "list", folder)
		if err != nil {
			return err
		}
		more := ""
		if theirs.Stopped {
			more = "> "
		}
		fmt.Fprintf(out, "%-7s%10s%10s  %-16s%10s%10s%10s\n", count(s.Pods), count(s.Policies), count(workloads(c)), "netpol-analyzer",
			more+short(theirs.Wall), more+short(theirs.CPU), size(theirs.Peak))
		fmt.Fprintf(out, "%-29s%-16s%10s%10s%10s\n", "", "portolan", short(ours.Wall), short(ours.CPU), size(ours.Peak))
		ratio := func(a, b float64) string { return more + digits(a/b) + "x" }
		fmt.Fprintf(out, "%-29s%-16s%10s%10s%10s\n", "", "ratio", ratio(float64(theirs.Wall), float64(ours.Wall)),
			ratio(float64(theirs.CPU), float64(ours.CPU)), ratio(float64(theirs.Peak), float64(ours.Peak)))
	}
	return nil
}

func workloads(s *cluster.Snapshot) int {
	all := map[string]bool{}
	for i := range s.Pods {
		all[s.Pods[i].Owner.String()] = true
	}
	return len(all)
}

// readable takes from policies what netpol-analyzer refuses a folder for: named
// ports of a rule that leads to addresses, which mean nothing there.
func readable(s *cluster.Snapshot) {
	for i := range s.NetworkPolicies {
		p := &s.NetworkPolicies[i]
		for j := range p.Egress {
			r := &p.Egress[j]
			if len(r.Peers) > 0 && !slices.ContainsFunc(r.Peers, func(o cluster.PolicyPeer) bool { return o.IPBlock != nil }) {
				continue
			}
			r.Ports = slices.Clone(r.Ports)
			for k := range r.Ports {
				if r.Ports[k].Port.Name != "" {
					r.Ports[k].Port = cluster.PortRef{Number: 8000}
				}
			}
		}
	}
}

// version is what the binary knows of itself.
func version(binary string) string {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return binary
	}
	return info.Main.Path + " " + info.Main.Version + " (" + info.GoVersion + ")"
}
