package book

import (
	"errors"
	"sync"
	"time"

	"github.com/ostiary/ostiary/libs/clock"
)

const (
	// silent is how long something may fail before readiness names it.
	silent = 5 * time.Second
	// retryFirst and retryLast are the pauses between two attempts; each is
	// twice as long as the one before.
	retryFirst = 500 * time.Millisecond
	retryLast  = 8 * time.Second
)

// trouble is what fails and since when, on the machine's clock. The zero value
// is none.
type trouble struct {
	mu    sync.Mutex
	err   error
	since time.Time
	pause time.Duration
}

// note keeps the outcome of an attempt and says how long to wait before the
// next one.
func (t *trouble) note(err error) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil {
		t.err, t.pause = nil, 0
		return 0
	}
	if t.err == nil {
		t.since = clock.System{}.Now()
	}
	t.err, t.pause = err, min(max(2*t.pause, retryFirst), retryLast)
	return t.pause
}

// lasting is what has failed for a while and since when, nil if nothing has.
// What does not mend itself counts at once. That the book is damaged it tells
// itself, once for all who ask it.
func (t *trouble) lasting() (time.Time, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := clock.System{}.Now()
	switch {
	case errors.Is(t.err, ErrDamaged):
		return t.since, nil
	case errors.Is(t.err, ErrBehind) || now.Sub(t.since) >= silent:
		return t.since, t.err
	default:
		return t.since, nil
	}
}
