//go:build linux

package probe

import "time"

// clock counts the time that a loop has been watching. A loop looks at it at
// least once in a tick; when it comes back later than that, somebody kept it
// from running, and the rest of the pause does not count.
//
//	real    0────10────20────────────────────────520──530
//	clock   0────10────20────────────────────────40───50     a pause of half a second
type clock struct {
	last  time.Time
	count time.Duration
}

const (
	tick = 10 * time.Millisecond
	// longest is what one look may add: a tick, and as much again for timers
	// that fire late.
	longest = 2 * tick
)

// at advances the clock to the real time t and returns what it shows.
func (c *clock) at(t time.Time) time.Duration {
	if !c.last.IsZero() {
		c.count += min(max(t.Sub(c.last), 0), longest)
	}
	c.last = t
	return c.count
}
