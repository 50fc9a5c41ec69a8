package credential

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/ostiary/ostiary/libs/fault"
)

// Failures are cheap at first and slow afterwards: the first few answers come
// at once, each further one waits. Nobody is ever locked out: the holder waits
// no longer than whoever guesses, and a session that is open is not touched.
const (
	freeFailures = 5
	perFailure   = 2 * time.Second
	longestWait  = 4 * time.Second
	// freeGlobal and globalRate bound all failures together.
	freeGlobal = 200
	globalRate = 50 // a second
	// remembered is for how many accounts failures are counted.
	remembered = 10_000
)

// ErrSlowDown says that so many attempts failed that the next must wait.
var ErrSlowDown = fault.New(fault.Unavailable, "SIGN_IN_SLOW_DOWN",
	"Too many attempts failed; wait a few seconds and try again.",
	"失败次数过多，请稍等几秒后重试。")

// Throttle slows guessing down, by the machine's clock.
type Throttle struct {
	now    func() time.Time
	wait   func(ctx context.Context, until time.Time) error
	global *rate.Limiter

	mu       sync.Mutex
	accounts map[string]*rate.Limiter
}

// NewThrottle returns a throttle on a clock.
func NewThrottle(now func() time.Time, wait func(ctx context.Context, until time.Time) error) *Throttle {
	return &Throttle{now: now, wait: wait, global: rate.NewLimiter(globalRate, freeGlobal), accounts: map[string]*rate.Limiter{}}
}

// Pass waits until an attempt on the account may be made. An attempt that
// would have to wait long is refused instead.
func (t *Throttle) Pass(ctx context.Context, account string) error {
	now := t.now()
	delay := max(owed(t.of(account), now), owed(t.global, now))
	if delay > longestWait {
		return ErrSlowDown
	}
	if delay <= 0 {
		return nil
	}
	return t.wait(ctx, now.Add(delay))
}

// Failed counts a failure.
func (t *Throttle) Failed(account string) {
	now := t.now()
	t.of(account).ReserveN(now, 1)
	t.global.ReserveN(now, 1)
}

// Succeeded forgives the failures of an account.
func (t *Throttle) Succeeded(account string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.accounts, account)
}

// owed is how long the bucket needs until it holds something again.
func owed(l *rate.Limiter, now time.Time) time.Duration {
	missing := 1 - l.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing / float64(l.Limit()) * float64(time.Second))
}

func (t *Throttle) of(account string) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, ok := t.accounts[account]
	if ok {
		return l
	}
	if len(t.accounts) >= remembered {
		for name := range t.accounts { // any: whoever floods us with names forgets some
			delete(t.accounts, name)
			break
		}
	}
	l = rate.NewLimiter(rate.Every(perFailure), freeFailures)
	t.accounts[account] = l
	return l
}
