package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progress says on stderr what is going on once it takes more than two seconds.
// The returned function ends it.
func (a *app) progress(what string) func() {
	started := time.Now()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(2 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				fmt.Fprintf(a.err, "portolan: %s ... %.0f s\n", what, time.Since(started).Seconds())
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}
