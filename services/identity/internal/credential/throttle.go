package credential

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/ostiary/ostiary/libs/fault"
)

// Failures are cheap at first and slow afterwards: the first few answers come
// at once, each further one waits. No account is ever locked: as soon as the
// guessing stops, its holder gets in after a few seconds at most, and a session
// that is open is not touched meanwhile.
const (
	freeFailures = 5
	perFailure   = 2 * time.Second
	longestWait  = 4 * time.Second
	// freeGlobal and globalRate bound all attempts together; more cannot be
	// hashed anyway.
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

// Pass takes the place of one attempt on the account and waits for its turn. It
// counts before the answer is known, so that many attempts at once do not slip
// through together; Succeeded gives it back. An attempt that would have to wait
// long is refused.
func (t *Throttle) Pass(ctx context.Context, account string) error {
	now := t.now()
	own, all := t.of(account).ReserveN(now, 1), t.global.ReserveN(now, 1)
	cancel := func() {
		own.CancelAt(t.now())
		all.CancelAt(t.now())
	}
	delay := max(own.DelayFrom(now), all.DelayFrom(now))
	if delay > longestWait {
		cancel()
		return ErrSlowDown
	}
	if delay <= 0 {
		return nil
	}
	if err := t.wait(ctx, now.Add(delay)); err != nil {
		cancel()
		return err
	}
	return nil
}

// Succeeded forgives the failures of an account.
func (t *Throttle) Succeeded(account string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.accounts, account)
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
