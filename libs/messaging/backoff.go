package messaging

import (
	"context"
	"time"
)

// backoff waits longer after each failure, on the machine's clock.
type backoff struct {
	first, limit time.Duration
	next         time.Duration
}

func (b *backoff) reset() { b.next = 0 }

// step is how long to wait this time.
func (b *backoff) step() time.Duration {
	d := max(b.next, b.first)
	b.next = min(2*d, b.limit)
	return d
}

// wait sleeps, or returns early with the error of ctx.
func (b *backoff) wait(ctx context.Context) error { return sleep(ctx, b.step()) }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
