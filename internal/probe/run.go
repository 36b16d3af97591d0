//go:build linux

package probe

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/portolan-net/portolan/flow"
)

// run is one call of Prober.Run. It belongs to one goroutine.
type run struct {
	*Prober
	probes  []Probe
	results []Result
	servers *Servers
	window  int
	limit   int    // of descriptors
	pace    uint64 // the count of the servers' turns before the next are asked

	poll    *poller
	clock   clock
	queue   []int // probes not asked yet, those of one place together
	parked  []int // those whose source ports are taken, until another probe ends
	tries   map[int]int
	asked   []*asked
	byProbe []*asked // by the probe's index; nil once it has a result
	salt    uint64
	buf     [1 << 16]byte
}

// asked is a probe under way.
type asked struct {
	probe    int
	fd       int
	slot     int // in run.asked
	state    state
	sent     time.Time
	deadline time.Duration // on the run's clock
	settled  uint64        // the count of the servers' turns to wait for; 0: not asked for
	nonce    string
	text     []byte // what has come of the answer
	note     error  // the last thing that a program is not told of
	notes    int
}

// state is what a probe waits for.
type state uint8

const (
	connecting state = iota // the handshake
	waiting                 // the answer
)

func newRun(p *Prober, probes []Probe, o Options) *run {
	r := &run{
		Prober: p, probes: probes, servers: o.Servers, window: o.Window,
		results: make([]Result, len(probes)), byProbe: make([]*asked, len(probes)),
		salt: rand.Uint64(), tries: map[int]int{},
	}
	for _, i := range byPlace(probes) {
		if err := probes[i].check(); err != nil {
			r.results[i].Err = err
		} else {
			r.queue = append(r.queue, i)
		}
	}
	if r.window <= 0 {
		r.window = DefaultWindow
	}
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) == nil { // Go has raised it as far as it may
		r.limit = int(min(limit.Cur, 1<<30))
	}
	return r
}

// byPlace orders probes so that those of one place are asked together, places in
// the order of their first probe.
func byPlace(probes []Probe) []int {
	first := map[Place]int{}
	order := make([]int, len(probes))
	for i := range probes {
		order[i] = i
		if _, ok := first[probes[i].Place]; !ok {
			first[probes[i].Place] = i
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return first[probes[a].Place] - first[probes[b].Place] })
	return order
}

// all asks and listens until every probe has a result.
func (r *run) all(ctx context.Context) {
	var err error
	if r.poll, err = newPoller(); err != nil {
		r.abandon(err)
		return
	}
	defer r.poll.close()
	for len(r.queue)+len(r.parked)+len(r.asked) > 0 {
		if len(r.queue)+len(r.asked) == 0 {
			r.queue, r.parked = r.parked, nil
		}
		if err := ctx.Err(); err != nil {
			r.abandon(err)
			return
		}
		r.ask()
		if err := r.listen(); err != nil {
			r.abandon(err)
			return
		}
	}
}

// abandon gives every probe without a result the error.
func (r *run) abandon(err error) {
	for len(r.asked) > 0 {
		r.end(r.asked[0], flow.SeenUnknown, err)
	}
	for _, i := range append(r.queue, r.parked...) {
		r.results[i] = Result{Err: err}
	}
	r.queue, r.parked = nil, nil
}

// listen handles whatever is ready, and gives up what has been silent too long.
func (r *run) listen() error {
	// Both are read before looking: only what was due by then is judged.
	now, turned := r.clock.at(time.Now()), uint64(0)
	if r.servers != nil {
		turned = r.servers.turned()
	}
	timeout, due := r.patience(now)
	if len(r.queue) > 0 && len(r.asked) < r.window {
		timeout = 0
		if r.held() {
			timeout = time.Millisecond
		}
	}
	ready, all, err := r.poll.wait(timeout)
	if err != nil {
		return err
	}
	for _, e := range ready {
		if e.Fd < 0 {
			continue
		}
		if a := r.byProbe[e.Fd]; a != nil {
			r.ready(a, e.Events)
		}
	}
	if all && due {
		r.expire(now, turned)
	}
	return nil
}

// patience is how long to wait, and whether some probe is due.
func (r *run) patience(now time.Duration) (timeout time.Duration, due bool) {
	timeout = tick
	for _, a := range r.asked {
		timeout = min(timeout, max(a.deadline-now, 0))
	}
	if timeout > 0 {
		return timeout, false
	}
	for _, a := range r.asked {
		if a.settled != 0 {
			return time.Millisecond, true // the servers have been asked to hurry
		}
	}
	return 0, true
}

// expire gives up the probes that were due at a time on the clock by which the
// servers had made so many turns.
func (r *run) expire(now time.Duration, turned uint64) {
	for i := 0; i < len(r.asked); {
		a := r.asked[i]
		switch {
		case a.deadline > now:
			i++
		case a.state == waiting && r.servers != nil && a.settled == 0:
			a.settled = max(r.servers.demand(2), 1)
			i++
		case a.state == waiting && r.servers != nil && turned < a.settled:
			i++
		default:
			r.end(a, flow.Timeout, a.note) // the last one takes its slot
		}
	}
}

func (r *run) timeout(probe int) time.Duration {
	if t := r.probes[probe].Timeout; t > 0 {
		return t
	}
	return DefaultTimeout
}
