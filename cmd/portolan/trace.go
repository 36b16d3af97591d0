package main

import (
	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/path"
)

func (a *app) trace() *cobra.Command {
	var via string
	var exitCode bool
	c := &cobra.Command{
		Use:   "trace FROM TO",
		Short: "Follow a packet hop by hop",
		Long: `Follow a packet from a place to a target, through router, nodes, Service and
policies to the pod and back: every path it may take, who ended it and why.

FROM  external             every client of the Fabric, or a stand-in for each
                           outside range that policies tell apart
      external/NAME        a client by its name or address
      node/NAME            a process of root on the node
      pod/NAMESPACE/NAME   a pod; a hostNetwork pod is a process of its node
      deploy/NAMESPACE/NAME (sts, ds, rs, job, cronjob)  every pod of it
TO    IP:PORT  [IPv6]:PORT
      svc/NAMESPACE/NAME[:PORT][@vip|clusterip|nodeport|externalip|endpoints]
      pod/NAMESPACE/NAME:PORT   node/NAME:PORT
      /udp or /sctp behind it for other protocols than TCP`,
		Example: `  portolan trace external svc/test/ssh:22 -f cluster.yaml
  portolan trace node/n2 198.51.100.17:22 -f cluster.yaml
  portolan trace pod/test/worker-0 svc/kube-system/kube-dns:53/udp -f cluster.yaml
  portolan trace external/branch svc/test/ssh --via n1 -f cluster.yaml -f fabric.yaml -o json
  kubectl get nodes,ns,pods,svc,endpointslices,netpol -A -o yaml | portolan trace external svc/test/ssh -f -`,
		Args: twoArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := a.format("text", "json"); err != nil {
				return err
			}
			return a.runTrace(path.Question{From: args[0], To: args[1], Via: via, Namespace: a.ns}, exitCode)
		},
	}
	a.othersFlag(c)
	c.Flags().StringVar(&via, "via", "", "node that a client's packet enters by, instead of the router's choice")
	c.Flags().BoolVar(&exitCode, "exit-code", false, "exit 1 when the answer is not REACHABLE")
	return c
}

func twoArgs(c *cobra.Command, args []string) error {
	if len(args) == 2 {
		return nil
	}
	return &usageError{what: c.Name() + " needs two arguments, FROM and TO", hint: "portolan trace external svc/NAMESPACE/NAME:PORT -f cluster.yaml"}
}

func (a *app) runTrace(q path.Question, exitCode bool) error {
	m, err := a.loadCluster()
	if err != nil {
		return err
	}
	answer, err := path.Ask(m, q)
	if err != nil {
		return err
	}
	s := explain.Summarize(m, answer)
	if a.others {
		s.Others = explain.Others(m, answer)
	}
	switch {
	case answer.Verdict == flow.VerdictUnknown:
		a.code = exitUnknown
	case exitCode && answer.Verdict != flow.Reachable:
		a.code = exitFinding
	}
	if a.output == "json" {
		return report.TraceJSON(a.out, s)
	}
	p, err := a.printer()
	if err != nil {
		return err
	}
	return p.Trace(s)
}
