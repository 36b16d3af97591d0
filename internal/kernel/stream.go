package kernel

import (
	"errors"
	"time"
)

// stream is what the kernel reports by itself, one by one. Next and Pending are
// for one goroutine at a time, Close for any.
type stream[T any] struct {
	l     *listener
	read  func(*message) (T, bool)
	lost  func()
	queue []T // of a message that held several
}

// Next waits for the next one. It returns os.ErrClosed after Close, and
// os.ErrDeadlineExceeded after the time of SetDeadline.
func (s *stream[T]) Next() (T, error) {
	for len(s.queue) == 0 {
		if err := s.fill(true); err != nil {
			var none T
			return none, err
		}
	}
	first := s.queue[0]
	s.queue = s.queue[1:]
	return first, nil
}

// Pending returns all that were reported until now, and does not wait. The kernel
// reports a packet while it handles it: what a packet on lo or on a veth met has
// been reported when its sender's call returns, or soon after if another
// processor took it over.
func (s *stream[T]) Pending() ([]T, error) {
	for {
		if err := s.fill(false); errors.Is(err, errNothing) {
			all := s.queue
			s.queue = nil
			return all, nil
		} else if err != nil {
			return nil, err
		}
	}
}

// SetDeadline bounds the waiting of Next; the zero time does not.
func (s *stream[T]) SetDeadline(t time.Time) error { return s.l.deadline(t) }

// Close stops listening, and ends a Next that waits.
func (s *stream[T]) Close() error { return s.l.close() }

// fill reads what arrived together.
func (s *stream[T]) fill(wait bool) error {
	b, err := s.l.read(wait)
	if errors.Is(err, errOverrun) {
		s.lost()
		return nil
	}
	if err != nil {
		return err
	}
	for m := range messages(b) {
		if one, ok := s.read(&m); ok {
			s.queue = append(s.queue, one)
		}
	}
	return nil
}
