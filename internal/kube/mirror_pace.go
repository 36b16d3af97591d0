package kube

import "time"

// pace holds the work on batches, with what their reader does, to a quarter of the
// time, once it took a second more than that: at Kubernetes' limits one batch takes
// seconds, and many small ones come together.
type pace struct {
	begun time.Time // of the batch that is worked on; zero: none is
	ended time.Time
	debt  time.Duration
}

const (
	paceShare = 4
	paceFree  = time.Second
)

// end notes that the work on a batch is over.
func (p *pace) end(now time.Time) {
	if !p.begun.IsZero() {
		p.debt += now.Sub(p.begun)
	}
	if !p.ended.IsZero() {
		p.debt -= now.Sub(p.ended) / paceShare
	}
	p.debt = max(p.debt, 0)
	p.begun, p.ended = time.Time{}, now
}

// rest is how long to wait before the next batch.
func (p *pace) rest() time.Duration { return max(p.debt-paceFree, 0) * paceShare }
