package main

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// bar says on stderr how far something is once it takes more than two seconds:
// a bar on a terminal, a line now and then elsewhere.
type bar struct {
	a       *app
	started time.Time
	stop    chan struct{}
	stopped chan struct{}

	mu        sync.Mutex
	what      string
	done, all int
	drawn     bool
}

// bar begins one; end it with its method.
func (a *app) bar(what string) *bar {
	b := &bar{a: a, what: what, started: time.Now(), stop: make(chan struct{}), stopped: make(chan struct{})}
	go b.run()
	return b
}

// now says what is going on from here on.
func (b *bar) now(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.what, b.done, b.all = what, 0, 0
}

// at says how far it is.
func (b *bar) at(done, all int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done, b.all = done, all
}

func (b *bar) run() {
	defer close(b.stopped)
	terminal := isTerminal(b.a.err)
	every := 2 * time.Second
	first := time.NewTimer(every)
	defer first.Stop()
	select {
	case <-b.stop:
		return
	case <-first.C:
	}
	if terminal {
		every /= 10
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		b.draw(terminal)
		select {
		case <-b.stop:
			return
		case <-tick.C:
		}
	}
}

func (b *bar) draw(terminal bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := fmt.Sprintf("portolan: %s ... %.0f s", b.what, time.Since(b.started).Seconds())
	if b.all > 0 {
		text = fmt.Sprintf("portolan: %s %d of %d ... %.0f s", b.what, b.done, b.all, time.Since(b.started).Seconds())
	}
	if !terminal {
		fmt.Fprintln(b.a.err, text)
		return
	}
	const width = 20
	if b.all > 0 {
		n := width * b.done / b.all
		text += " [" + strings.Repeat("#", n) + strings.Repeat(".", width-n) + "]"
	}
	b.drawn = true
	fmt.Fprint(b.a.err, "\r\x1b[K"+text)
}

// end takes the bar away.
func (b *bar) end() {
	close(b.stop)
	<-b.stopped
	if b.drawn {
		fmt.Fprint(b.a.err, "\r\x1b[K")
	}
}
