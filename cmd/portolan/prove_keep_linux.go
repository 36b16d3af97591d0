package main

import (
	"io"
	"os/signal"
	"slices"
	"syscall"

	"github.com/portolan-net/portolan/internal/lab"
)

// hold keeps the network until somebody ends it, and says how to get in.
func (r *prover) hold() error {
	name, err := r.session.Lab().Keep()
	if err != nil {
		return err
	}
	talk, err := r.app.printer()
	if err != nil {
		return err
	}
	if len(lab.Running()) < 2 {
		name = ""
	}
	machine := "node/" + r.m.Snapshot.Nodes[0].Name
	if err := talk.To(r.app.err, talk.Color && isTerminal(r.app.err)).Kept(machine, name); err != nil {
		return err
	}
	select {
	case <-r.ctx.Done():
	case <-r.ended():
	}
	return nil
}

// ended is closed at the end of stdin. A stdin that was the input's, or that
// cannot be read, as that of a process in the background, ends nothing.
func (r *prover) ended() <-chan struct{} {
	if slices.Contains(r.app.files, "-") {
		return nil
	}
	signal.Ignore(syscall.SIGTTIN)
	end := make(chan struct{})
	go func() {
		if _, err := io.Copy(io.Discard, r.app.in); err == nil {
			close(end)
		}
	}()
	return end
}

// openShell runs a shell, or a command, in a machine of a network that is kept.
func (a *app) openShell(machine, name string, command []string) error {
	code, err := lab.Shell(name, machine, command)
	if err != nil {
		return ofMachine(err)
	}
	a.code = code
	return nil
}
