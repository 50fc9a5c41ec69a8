package worker

import (
	"context"
	"math/rand/v2"
	"time"
)

// delay is how long to wait before the next attempt: doubled from failure to
// failure, and spread so that many do not come back together.
func (l Limits) delay(failures int) time.Duration {
	d := l.First
	for i := 1; i < failures && d < l.Longest; i++ {
		d *= 2
	}
	d = min(d, l.Longest)
	return d/2 + rand.N(d/2+1)
}

// pause waits before the next attempt.
func (w *Worker) pause(ctx context.Context, failures int) error {
	return w.clock.Until(ctx, w.clock.Now().Add(w.limits.delay(failures)))
}
