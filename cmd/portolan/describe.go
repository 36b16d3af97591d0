package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/portolan-net/portolan/cluster"
	"github.com/portolan-net/portolan/explain"
	"github.com/portolan-net/portolan/flow"
	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/internal/report"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/path"
	"github.com/portolan-net/portolan/policy"
)

func (a *app) describe() *cobra.Command {
	return &cobra.Command{
		Use:   "describe [POLICY|POD|FILE]...",
		Short: "Put NetworkPolicies, or all that applies to a pod, in words",
		Long: `Say in words what a NetworkPolicy does: which pods it isolates, and exactly who
may connect, with address ranges worked out, ports by name and number, and pods
named where the input knows them. Of a pod: every policy that applies, and what
they allow together. A file that holds nothing but policies will do; without a
POLICY or POD every policy of the input is described.

POLICY  netpol/NAMESPACE/NAME  or  NetworkPolicy/NAMESPACE/NAME
POD     pod/NAMESPACE/NAME
FILE    like -f; ./NAME for a file whose name looks like one of the above

Exit code 2 when objects that are not modelled may decide about the pod, too.`,
		Example: `  portolan describe policies.yaml
  portolan describe netpol/test/allow-http -f cluster.yaml
  portolan describe pod/test/ssh-0 -f cluster.yaml --lang zh
  kubectl get networkpolicies -A -o yaml | portolan describe -f -`,
		Args: cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := a.format("text", "json"); err != nil {
				return err
			}
			return a.runDescribe(args)
		},
	}
}

// described is one thing to describe.
type described struct{ kind, namespace, name, written string }

func (a *app) runDescribe(args []string) error {
	files, targets, err := a.sortArgs(args)
	if err != nil {
		return err
	}
	in, m, err := a.loadAs(files, true)
	if err != nil {
		return err
	}
	x := &report.Descriptions{Ignored: explain.Unused(in.Snapshot), Assumed: derivedPods(in.Snapshot)}
	d := m.Policies.Describer()
	x.PodsKnown = d.PodsKnown()
	if err := describeAll(x, d, m, in, targets); err != nil {
		return err
	}
	x.Lacks, x.Command = lacks(x, in.Snapshot, files)
	for _, p := range x.Pods {
		if len(p.Foreign) > 0 {
			a.code = exitUnknown
		}
	}
	if a.output == "json" {
		return report.DescribeJSON(a.out, x)
	}
	p, err := a.printer()
	if err != nil {
		return err
	}
	return p.Describe(x)
}

// sortArgs tells what to describe from files to read.
func (a *app) sortArgs(args []string) (files []string, targets []described, err error) {
	files = slices.Clone(a.files)
	for _, arg := range args {
		kind, rest, has := strings.Cut(arg, "/")
		kind, known := kindOf(kind)
		switch {
		case !has || !known:
			files = append(files, arg)
			continue
		case kind == "":
			if _, err := os.Stat(arg); err == nil {
				files = append(files, arg)
				continue
			}
			return nil, nil, &usageError{
				what: fmt.Sprintf("%q: describe puts NetworkPolicies and pods in words", arg),
				hint: "portolan describe pod/NAMESPACE/NAME -f ...; of a Service: portolan explain svc/NAMESPACE/NAME -f ...",
			}
		}
		t := described{kind: kind, namespace: a.ns, name: rest, written: arg}
		if ns, name, both := strings.Cut(rest, "/"); both {
			t.namespace, t.name = ns, name
		}
		if t.namespace == "" || t.name == "" || strings.Contains(t.name, "/") {
			return nil, nil, &usageError{
				what: fmt.Sprintf("%q is not KIND/NAMESPACE/NAME", arg),
				hint: "portolan describe netpol/NAMESPACE/NAME -f cluster.yaml",
			}
		}
		targets = append(targets, t)
	}
	return files, targets, nil
}

// kindOf reads a kind as kubectl does. It is known but empty where it is a kind
// that describe does not put in words.
func kindOf(word string) (kind string, known bool) {
	switch strings.ToLower(word) {
	case "networkpolicy", "networkpolicies", "netpol":
		return "NetworkPolicy", true
	case "pod", "pods", "po":
		return "Pod", true
	case "svc", "service", "services", "deploy", "deployment", "sts", "statefulset", "ds", "daemonset",
		"rs", "job", "cronjob", "node", "nodes", "ns", "namespace", "external":
		return "", true
	}
	return "", false
}

// describeAll describes what was named, else every policy.
func describeAll(x *report.Descriptions, d *policy.Describer, m *model.Model, in *manifest.Input, targets []described) error {
	if len(targets) == 0 {
		return everyPolicy(x, d, in.Snapshot)
	}
	for _, t := range targets {
		if t.kind == "Pod" {
			pod := m.Index.Pod(t.namespace, t.name)
			if pod == nil {
				return noSuch(t, in.Snapshot)
			}
			x.Pods = append(x.Pods, d.DescribePod(pod))
			continue
		}
		i := slices.IndexFunc(in.Snapshot.NetworkPolicies, func(p cluster.NetworkPolicy) bool {
			return p.Namespace == t.namespace && p.Name == t.name
		})
		if i < 0 {
			return noSuch(t, in.Snapshot)
		}
		x.Policies = append(x.Policies, d.Describe(&in.Snapshot.NetworkPolicies[i]))
	}
	return nil
}

func everyPolicy(x *report.Descriptions, d *policy.Describer, s *cluster.Snapshot) error {
	if len(s.NetworkPolicies) == 0 && s.UnreadOf("NetworkPolicy") != nil {
		return &path.QuestionError{Part: "NetworkPolicy", What: "none was read", Missing: "NetworkPolicy"}
	}
	if len(s.NetworkPolicies) == 0 {
		return &usageError{
			what: "the input holds no NetworkPolicy, so there is none to describe",
			hint: "kubectl get networkpolicies -A -o yaml | portolan describe -f -; of one pod: portolan describe pod/NAMESPACE/NAME -f ...",
		}
	}
	for i := range s.NetworkPolicies {
		x.Policies = append(x.Policies, d.Describe(&s.NetworkPolicies[i]))
	}
	return nil
}

// noSuch says what there is instead.
func noSuch(t described, s *cluster.Snapshot) error {
	var there []string
	if t.kind == "Pod" {
		for i := range s.Pods {
			if s.Pods[i].Namespace == t.namespace {
				there = append(there, s.Pods[i].Name)
			}
		}
	} else {
		for i := range s.NetworkPolicies {
			if s.NetworkPolicies[i].Namespace == t.namespace {
				there = append(there, s.NetworkPolicies[i].Name)
			}
		}
	}
	if u := s.UnreadOf(t.kind); u != nil && !slices.Contains(u.Except, t.namespace) {
		return &path.QuestionError{Part: t.written, What: "no such " + t.kind + " in the input", Missing: t.kind, Namespace: t.namespace}
	}
	e := &usageError{what: fmt.Sprintf("%q: no such %s in the input", t.written, t.kind)}
	const most = 8
	switch n := len(there) - most; {
	case len(there) == 0 && t.kind == "Pod" && len(s.Pods) == 0:
		e.hint = "the input holds no Pod; " + bring(nil)
	case len(there) == 0:
		e.hint = fmt.Sprintf("namespace %s has no %s in the input; -n or KIND/NAMESPACE/NAME names another one", t.namespace, t.kind)
	case n > 0:
		e.hint = fmt.Sprintf("in namespace %s there are %s and %d more", t.namespace, strings.Join(there[:most], ", "), n)
	default:
		e.hint = fmt.Sprintf("in namespace %s there are %s", t.namespace, strings.Join(there, ", "))
	}
	return e
}

// derivedPods are the reader's notes about the pods that are named.
func derivedPods(s *cluster.Snapshot) []flow.Reason {
	var out []flow.Reason
	for _, n := range s.Notes {
		if n.Code == flow.CodePodsDerived || n.Code == flow.CodePodsInvented {
			out = append(out, n)
		}
	}
	return out
}

// lacks says which kinds would tell who the pods in the words are, and the
// command that brings them.
func lacks(x *report.Descriptions, s *cluster.Snapshot, files []string) (kinds []string, command string) {
	if len(x.Policies) == 0 {
		return nil, ""
	}
	for _, k := range []string{"Namespace", "Pod"} {
		if slices.Contains(s.Absent, k) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) == 0 {
		return nil, ""
	}
	return kinds, bring(files)
}

// bring is the command that reads the rest of the cluster beside the files.
func bring(files []string) string {
	if len(files) == 0 || slices.Contains(files, "-") {
		return "kubectl get ns,pods,netpol -A -o yaml | portolan describe ... -f -"
	}
	return "kubectl get ns,pods -A -o yaml | portolan describe -f - " + strings.Join(files, " ")
}

// loadCluster is load for questions about packets: it refuses an input that
// holds only policies, where there is nothing a packet could travel through.
func (a *app) loadCluster() (*model.Model, error) {
	in, m, err := a.load(a.files)
	if err != nil {
		return nil, err
	}
	s := in.Snapshot
	if len(s.NetworkPolicies) == 0 || len(s.Nodes)+len(s.Pods)+len(s.Services)+len(s.EndpointSlices) > 0 {
		return m, nil
	}
	return nil, &usageError{
		what: "the input holds only NetworkPolicies: no Service, pod or node that a packet could reach",
		hint: "put them in words: portolan describe -f " + strings.Join(a.files, " -f ") +
			"; or bring the rest: kubectl get nodes,namespaces,pods,services,endpointslices,networkpolicies -A -o yaml | portolan ... -f -",
	}
}
