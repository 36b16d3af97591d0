package kube

import (
	"testing"
	"time"
)

// TestPace: short batches wait for nothing, however many; long ones are held to their
// share.
func TestPace(t *testing.T) {
	run := func(cost, every time.Duration, n int) (waited time.Duration) {
		var p pace
		now := time.Unix(0, 0)
		for range n {
			w := p.rest()
			waited += w
			now = now.Add(max(w, every-cost))
			p.begun = now
			now = now.Add(cost)
			p.end(now)
		}
		return waited
	}
	if w := run(20*time.Millisecond, 100*time.Millisecond, 1000); w != 0 {
		t.Errorf("short ones waited %v", w)
	}
	if w := run(800*time.Millisecond, 10*time.Second, 100); w != 0 {
		t.Errorf("a long one now and then waited %v", w)
	}
	if w := run(time.Second, 0, 100); w < 290*time.Second || w > 310*time.Second {
		t.Errorf("a hundred seconds of work waited %v", w)
	}
}
