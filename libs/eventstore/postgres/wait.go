package postgres

import (
	"context"
	"sync"
	"time"
)

// A waiter sees the appends of this process at once, those of others within
// pollEvery while events come, within pollIdle after a quiet time.
const (
	pollEvery = 50 * time.Millisecond
	pollIdle  = 400 * time.Millisecond
)

// tail is the last position that this process has heard of, and who waits for
// a later one.
type tail struct {
	mu      sync.Mutex
	last    int64
	changed chan struct{} // closed when last grows
	waiters int
	wanted  chan struct{} // holds one when there may be waiters
}

func (t *tail) advance(last int64) (grew bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	grew = last > t.last
	if grew {
		t.last = last
		close(t.changed)
		t.changed = make(chan struct{})
	}
	return grew
}

// Wait implements eventstore.Store.
func (s *Store) Wait(ctx context.Context, after int64) error {
	t := &s.tail
	t.mu.Lock()
	t.waiters++
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		t.waiters--
		t.mu.Unlock()
	}()
	for {
		t.mu.Lock()
		last, changed := t.last, t.changed
		t.mu.Unlock()
		if last > after {
			return nil
		}
		select {
		case t.wanted <- struct{}{}:
		default:
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ctx.Done():
			return ErrClosed
		}
	}
}

// watch asks for the last position while somebody waits; one question serves
// all waiters. A question that fails is repeated. It asks ever less often
// while nothing comes, until somebody begins to wait.
func (s *Store) watch() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var pause time.Duration // until the next question; none while nobody waits
	for {
		select {
		case <-s.tail.wanted:
			if pause == 0 {
				timer.Reset(0)
			} else if pause > pollEvery {
				timer.Reset(pollEvery)
			}
			pause = pollEvery
			continue
		case <-timer.C:
		case <-s.ctx.Done():
			return
		}
		if !s.tail.awaited() {
			pause = 0
			continue
		}
		pause = min(2*max(pause, pollEvery/2), pollIdle)
		if head, err := s.Head(s.ctx); err == nil && s.tail.advance(head) {
			pause = pollEvery
		}
		timer.Reset(pause)
	}
}

func (t *tail) awaited() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waiters > 0
}
