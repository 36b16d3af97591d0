package main

import (
	"bufio"
	"encoding/json"
	"io"

	"github.com/portolan-net/portolan/internal/manifest"
	"github.com/portolan-net/portolan/model"
	"github.com/portolan-net/portolan/policy"
	"github.com/portolan-net/portolan/reach"
)

// connection is from one workload, or range of addresses, to another, and by
// which ports: those that all pods of the one reach all pods of the other by, and
// where pods differ those that some do.
type connection struct {
	From, To    string
	Ports, Some string `json:",omitempty"`
}

// list prints what `netpol-analyzer list -o json` prints: what policies let
// every workload reach, and who outside the cluster.
func list(folder string, out io.Writer) error {
	c, err := chartOf(folder)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	e := json.NewEncoder(w)
	groups := c.Workloads()
	for _, cell := range c.Matrix(groups) {
		line := connection{From: workloadName(&groups[cell.From]), To: workloadName(&groups[cell.To]), Ports: cell.All.String()}
		if !cell.All.Equal(cell.Some) {
			line.Some = cell.Some.String()
		}
		if err := e.Encode(line); err != nil {
			return err
		}
	}
	for i := range groups {
		for n := range groups[i].Units.All {
			for _, a := range c.FromAddresses(n) {
				if err := eachRange(e, a, func(r string) connection { return connection{From: r, To: workloadName(&groups[i])} }); err != nil {
					return err
				}
			}
			for _, a := range c.ToAddresses(n) {
				if err := eachRange(e, a, func(r string) connection { return connection{From: workloadName(&groups[i]), To: r} }); err != nil {
					return err
				}
			}
		}
	}
	return w.Flush()
}

func eachRange(e *json.Encoder, a reach.Admitted, line func(string) connection) error {
	for _, r := range a.Ranges {
		l := line(rangeName(r))
		l.Ports = a.Ports.String()
		if err := e.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

func rangeName(r policy.Range) string { return r.First.String() + "-" + r.Last.String() }

// workloadName is ns/name[Kind], of bare pods ns.
func workloadName(g *reach.Group) string {
	if g.Workload.IsZero() {
		return g.Namespace
	}
	return g.Name + "[" + g.Workload.Kind + "]"
}

func chartOf(folder string) (*reach.Chart, error) {
	in, err := manifest.Load([]string{folder}, manifest.Options{})
	if err != nil {
		return nil, err
	}
	m, err := model.Compile(in.Snapshot)
	if err != nil {
		return nil, err
	}
	return reach.Compile(m), nil
}
