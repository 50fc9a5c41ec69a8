package postgres

import (
	"context"
	"sync"
	"time"
)

// pollEvery is how soon a waiter sees the appends of other processes.
const pollEvery = 50 * time.Millisecond

// tail is the last position that this process has heard of, and who waits for
// a later one.
type tail struct {
	mu      sync.Mutex
	last    int64
	changed chan struct{} // closed when last grows
	waiters int
	wanted  chan struct{} // holds one when there may be waiters
}

func (t *tail) advance(last int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last > t.last {
		t.last = last
		close(t.changed)
		t.changed = make(chan struct{})
	}
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
// all waiters. A question that fails is repeated.
func (s *Store) watch() {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-s.tail.wanted:
		case <-s.ctx.Done():
			return
		}
		for s.tail.awaited() {
			if head, err := s.Head(s.ctx); err == nil {
				s.tail.advance(head)
			}
			select {
			case <-ticker.C:
			case <-s.ctx.Done():
				return
			}
		}
	}
}

func (t *tail) awaited() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waiters > 0
}
