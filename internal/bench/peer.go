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
	Stopped   bool  // it was not done in time
}

// answered is the exit code of portolan where something in the answer is not known,
// as are ways to Services in a dump that does not say what its nodes run.
const answered = 2

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
	c := cost{Wall: time.Since(began)}
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
	if err != nil && (cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != answered) {
		return c, nil, fmt.Errorf("%s: %w: %.300s", name, err, problem.String())
	}
	return c, out.Bytes(), nil
}

// peerList is what the peer is asked for.
func peerList(folder string) []string {
	return []string{"list", "--dirpath", folder, "-o", "json", "-q"}
}

// contender is a program that is given the folder.
type contender struct {
	name    string
	program string
	args    func(folder string) []string
}

// contenders are the peer, the same list made by us, and what people would ask for:
// the whole map with Services.
func contenders(o options) ([]contender, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	out := []contender{
		{"netpol-analyzer", o.peer, peerList},
		{"the same list", self, func(folder string) []string { return []string{"list", folder} }},
	}
	if o.portolan != "" {
		out = append(out, contender{"portolan map", o.portolan, func(folder string) []string {
			return []string{"map", "--by", "workload", "--ports", "open", "-o", "json", "-f", folder}
		}})
	}
	return out, nil
}

const peerLine = "%-7s%9s%10s  %-16s%12s%12s%11s\n"

func printPeer(o options, dir string, out, progress io.Writer) error {
	all, err := contenders(o)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\nBeside %s,\nwhole processes on the same folder:\n\n", machine(), version(o.peer))
	fmt.Fprintf(out, peerLine, "pods", "policies", "workloads", "", "wall", "CPU", "memory")
	for _, s := range o.peerSizes {
		fmt.Fprintf(progress, "bench: %s pods beside %s\n", count(s.Pods), o.peer)
		c := generate.Cluster(s, 1)
		readable(c)
		folder, _, err := writeDump(dir, c, false)
		if err != nil {
			return err
		}
		heads := []string{count(s.Pods), count(s.Policies), count(workloads(c))}
		var theirs cost
		for i, who := range all {
			spent, _, err := runProcess(o.cap, who.program, who.args(folder)...)
			if err != nil {
				return err
			}
			if i == 0 {
				theirs = spent
			}
			more := ""
			if spent.Stopped {
				more = "> "
			}
			fmt.Fprintf(out, peerLine, heads[0], heads[1], heads[2], who.name, more+short(spent.Wall), more+short(spent.CPU), size(spent.Peak))
			heads = []string{"", "", ""}
			if i > 0 {
				printRatio(out, &theirs, &spent)
			}
		}
	}
	return nil
}

// printRatio is how many times what we needed the peer did.
func printRatio(out io.Writer, theirs, ours *cost) {
	more := ""
	if theirs.Stopped {
		more = "> "
	}
	ratio := func(a, b float64) string { return more + digits(a/b) + "x" }
	fmt.Fprintf(out, peerLine, "", "", "", "", ratio(float64(theirs.Wall), float64(ours.Wall)),
		ratio(float64(theirs.CPU), float64(ours.CPU)), ratio(float64(theirs.Peak), float64(ours.Peak)))
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
