// Package clock is the only place that reads the machine's time. Everything
// that decides by time is given a Clock.
package clock

import (
	"context"
	"sync"
	"time"
)

// Clock tells the time and waits for it.
type Clock interface {
	// Now is the present instant in UTC, at microsecond precision, which is
	// what the store keeps.
	Now() time.Time
	// Until returns nil when the clock has reached t, or the error of ctx.
	Until(ctx context.Context, t time.Time) error
}

// System is the machine's clock.
type System struct{}

// Now is the machine's time.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Until sleeps until t.
func (System) Until(ctx context.Context, t time.Time) error {
	timer := time.NewTimer(time.Until(t))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Manual stands still until it is moved. It serves tests and the simulated
// clock.
type Manual struct {
	mu      sync.Mutex
	now     time.Time
	changed chan struct{}
}

// NewManual returns a clock that stands at t.
func NewManual(t time.Time) *Manual {
	return &Manual{now: t.UTC().Truncate(time.Microsecond), changed: make(chan struct{})}
}

// Now is the instant at which the clock stands.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Set moves the clock to t; it never goes back.
func (m *Manual) Set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t = t.UTC().Truncate(time.Microsecond); t.After(m.now) {
		m.now = t
		close(m.changed)
		m.changed = make(chan struct{})
	}
}

// Advance moves the clock by d.
func (m *Manual) Advance(d time.Duration) { m.Set(m.Now().Add(d)) }

// Until waits until somebody has moved the clock to t or beyond.
func (m *Manual) Until(ctx context.Context, t time.Time) error {
	for {
		m.mu.Lock()
		reached, changed := !m.now.Before(t), m.changed
		m.mu.Unlock()
		if reached {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
