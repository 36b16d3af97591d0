package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/internal/proof"
)

// proving is what was asked of prove.
type proving struct {
	from, to, via string // a question, or a target from everywhere; both empty: everything
	globs         proof.Filter
	most          int
	choice        proof.Choice
	fix           bool
	all           bool
	pcap          string
	trace, rules  bool
	keep          bool
}

// single reports whether one question is asked.
func (o *proving) single() bool { return o.from != "" && o.to != "" }

// defaultMost bounds how many questions are asked, so that a cluster of 50 nodes
// and 1,000 pods takes less than a minute.
const defaultMost = 2000

func (a *app) prove() *cobra.Command {
	var o proving
	var network, shell, kept string
	c := &cobra.Command{
		Use:   "prove [[FROM] TO]",
		Short: "Show predictions on this machine's kernel, with real packets",
		Long: `Build the cluster's network on this machine out of Linux network namespaces:
clients, routers, nodes and pods, with the addresses of the input and the rules
that portolan prints for each node. Then ask with real packets, and print what
was predicted beside what the kernel did, the differences first.

Without arguments everything is asked: each client through each first node, each
node and each pod, for every address of every Service, NodePorts and pods. With
TO one Service or address is asked from everywhere, with FROM and TO it is one
question, as of portolan trace.

It needs Linux and the program nft (package nftables), and no root: the network
lives in namespaces of its own, of which nothing remains. Nothing is sent
anywhere else, and no cluster is touched.

The rules are the API by the letter, as kube-proxy's nftables mode and an
enforcer at netfilter's hooks do it. Where the dataplane of the input does
otherwise, our rules stand in its place, and the answer says so.

Exit codes: 0 as predicted; 1 the kernel does otherwise; 2 nothing could be
proved; 3 usage or input error, or a machine that does not allow it.`,
		Example: `  portolan prove -f cluster.yaml
  portolan prove svc/test/ssh:22 -f cluster.yaml --fix
  portolan prove external svc/test/ssh:22 --via n1 -f cluster.yaml --trace
  portolan prove node/n1 198.51.100.17:22 -f cluster.yaml --pcap packets
  portolan prove -f cluster.yaml --from 'pod/test/*' --to 'svc/db/*' --max 500
  portolan prove -f cluster.yaml --policy-hook after-snat --pod-network vxlan
  portolan prove -f cluster.yaml --keep      # then, in another terminal:
  portolan prove --shell node/n1
  portolan prove --shell pod/test/web-0 -- ip addr`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) <= 2 || c.Flags().Changed("shell") {
				return nil
			}
			return &usageError{what: "prove takes a question, a target, or nothing for everything", hint: c.CommandPath() + " --help"}
		},
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("shell") {
				return a.openShell(shell, kept, args)
			}
			switch len(args) {
			case 1:
				o.to = args[0]
			case 2:
				o.from, o.to = args[0], args[1]
			}
			o.choice.PodNetwork = cluster.PodNetwork(network)
			if err := o.check(a); err != nil {
				return err
			}
			return a.runProve(&o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.globs.From, "from", "", "ask from these places only (a glob: 'pod/test/*')")
	f.StringVar(&o.globs.To, "to", "", "ask for these targets only (a glob: 'svc/db/*', '10.96.*')")
	f.StringVar(&o.via, "via", "", "node that a client's packet enters by, instead of the router's choice")
	f.IntVar(&o.most, "max", defaultMost, "ask no more questions than this, of every kind; 0 asks all")
	f.BoolVar(&o.fix, "fix", false, "ask again with the fix, and show what it cures")
	f.BoolVar(&o.all, "all", false, "a line for every question")
	f.StringVar(&o.pcap, "pcap", "", "directory for the packets of one question, a file for each machine")
	f.BoolVar(&o.trace, "trace", false, "print the rules that the packets of one question meet, as the kernel traces them")
	f.BoolVar(&o.rules, "rules", false, "print every node's rules (nft) instead of asking")
	f.BoolVar(&o.keep, "keep", false, "leave the network up until Ctrl-C")
	f.StringVar(&shell, "shell", "", "open a shell, or run the command behind --, in a machine of a network that --keep holds")
	f.StringVar(&kept, "lab", "", "which network --shell means where several are kept: the process id of its portolan")
	f.StringVar(&o.choice.Hook, "policy-hook", "", "before-snat or after-snat: which source policy sees")
	f.StringVar(&o.choice.Deny, "deny", "", "drop or reject: what becomes of a denied packet")
	f.StringVar(&network, "pod-network", "", "routed, bridge or vxlan")
	f.BoolVar(&o.choice.MasqueradeAll, "masquerade-all", false, "the proxy masquerades everything")
	a.completeProve(c)
	return c
}

// completeProve is what shells offer for the flags with few words.
func (a *app) completeProve(c *cobra.Command) {
	for flag, words := range map[string][]string{
		"policy-hook": {proof.BeforeSNAT, proof.AfterSNAT}, "deny": {proof.Drops, proof.Rejects}, "pod-network": podNetworks,
	} {
		// The flags are those above, so this cannot fail.
		_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
	_ = c.MarkFlagDirname("pcap")
}

var podNetworks = []string{"routed", "bridge", "vxlan"}

// check refuses flags that make no sense, before anything is built.
func (o *proving) check(a *app) error {
	if err := a.format("text", "json"); err != nil {
		return err
	}
	for _, w := range []struct {
		flag, word string
		known      []string
	}{
		{"policy-hook", o.choice.Hook, []string{proof.BeforeSNAT, proof.AfterSNAT}},
		{"deny", o.choice.Deny, []string{proof.Drops, proof.Rejects}},
		{"pod-network", string(o.choice.PodNetwork), podNetworks},
	} {
		if w.word != "" && !slices.Contains(w.known, w.word) {
			return &usageError{what: fmt.Sprintf("--%s %q is not one of %s", w.flag, w.word, strings.Join(w.known, ", ")), hint: "portolan prove --help"}
		}
	}
	one := "portolan prove external svc/NAMESPACE/NAME:PORT -f cluster.yaml"
	switch {
	case o.most < 0:
		return &usageError{what: "--max is a number of questions, or 0 for all", hint: "--max 500"}
	case (o.trace || o.pcap != "") && !o.single():
		return &usageError{what: "--trace and --pcap are for one question, FROM and TO", hint: one + " --trace"}
	case o.single() && (o.globs.From != "" || o.globs.To != ""), o.to != "" && o.globs.To != "":
		return &usageError{what: "--from and --to choose among all questions; here it is told what to ask", hint: one}
	}
	_, err := a.source(a.files, false)
	return err
}
