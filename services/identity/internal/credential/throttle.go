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
// that is open is not touched meanwhile. On a device on which the holder has
// signed in before, guessing elsewhere is not noticed at all.
const (
	freeFailures = 5
	perFailure   = 2 * time.Second
	longestWait  = 4 * time.Second
	// remembered is for how many accounts, devices and addresses attempts are
	// counted.
	remembered = 10_000
	// toldAgain is how long after guessing was noticed it is worth a word again.
	toldAgain = time.Hour
)

// bound is how many attempts are free, and how many a second beyond them.
type bound struct {
	free  int
	every rate.Limit
}

var (
	// ofOne is for the failures of one account, or of one of its known devices.
	ofOne = bound{freeFailures, rate.Every(perFailure)}
	// ofDevices is for all attempts on the known devices of one account, so that
	// nobody keeps everybody from signing in by doing so again and again.
	ofDevices = bound{20, 1}
	// ofAddress is for one address, behind which a whole office may sit.
	ofAddress = bound{100, 10}
	// ofAll is for all strangers together, and for all known devices together;
	// more cannot be hashed anyway.
	ofAll = bound{200, 50}
)

// ErrSlowDown says that there were so many attempts that the next must wait.
var ErrSlowDown = fault.New(fault.Unavailable, "SIGN_IN_SLOW_DOWN",
	"Too many attempts to sign in; wait a few seconds and try again.",
	"登录尝试过多，请稍等几秒后重试。")

// Attempt is one try to sign in.
type Attempt struct {
	Account string
	// Device is what Devices.Known said; "" is a device that is not known.
	Device string
	// Address is where it comes from, "" if that is not known.
	Address string
}

// own is under which name the attempt counts as the account's.
func (a Attempt) own() string {
	if a.Device != "" {
		return "device " + a.Device
	}
	return "account " + a.Account
}

// Throttle slows guessing down, by the machine's clock.
type Throttle struct {
	now              func() time.Time
	wait             func(ctx context.Context, until time.Time) error
	strangers, known *rate.Limiter

	mu     sync.Mutex
	counts map[string]*rate.Limiter
	told   map[string]time.Time
}

// NewThrottle returns a throttle on a clock.
func NewThrottle(now func() time.Time, wait func(ctx context.Context, until time.Time) error) *Throttle {
	return &Throttle{
		now: now, wait: wait, strangers: rate.NewLimiter(ofAll.every, ofAll.free), known: rate.NewLimiter(ofAll.every, ofAll.free),
		counts: map[string]*rate.Limiter{}, told: map[string]time.Time{},
	}
}

// Pass takes the place of one attempt and waits for its turn. It counts before
// the answer is known, so that many attempts at once do not slip through;
// Succeeded forgives those of the account. An attempt that would have to wait long
// is refused and counts nowhere.
func (t *Throttle) Pass(ctx context.Context, a Attempt) error {
	now := t.now()
	var places []*rate.Reservation
	delay := time.Duration(0)
	for _, l := range t.limits(a) {
		place := l.ReserveN(now, 1)
		places, delay = append(places, place), max(delay, place.DelayFrom(now))
		if delay > longestWait {
			giveBack(places, now)
			return ErrSlowDown
		}
	}
	if delay <= 0 {
		return nil
	}
	if err := t.wait(ctx, now.Add(delay)); err != nil {
		giveBack(places, t.now())
		return err
	}
	return nil
}

// giveBack gives back the places whose turn has not come at that time.
func giveBack(places []*rate.Reservation, at time.Time) {
	for _, place := range places {
		place.CancelAt(at)
	}
}

// Noticed tells whether so many attempts of this account failed that the next
// would be slowed down, and that this is worth a word: it is at most once an hour.
func (t *Throttle) Noticed(a Attempt) bool {
	now := t.now()
	own := t.of(a.own(), ofOne)
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.told[a.own()]; own.TokensAt(now) >= 1 || ok && now.Sub(last) < toldAgain {
		return false
	}
	forgetOne(t.told)
	t.told[a.own()] = now
	return true
}

// Succeeded forgives the failures of the account or the device.
func (t *Throttle) Succeeded(a Attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.counts, a.own())
}

// limits are those that the attempt must pass, the narrowest first. On a known
// device nothing is shared with strangers.
func (t *Throttle) limits(a Attempt) []*rate.Limiter {
	limits := []*rate.Limiter{t.of(a.own(), ofOne)}
	switch {
	case a.Device != "":
		return append(limits, t.of("devices of "+a.Account, ofDevices), t.known)
	case a.Address != "":
		limits = append(limits, t.of("address "+a.Address, ofAddress))
	}
	return append(limits, t.strangers)
}

func (t *Throttle) of(name string, b bound) *rate.Limiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	l, ok := t.counts[name]
	if !ok {
		forgetOne(t.counts)
		l = rate.NewLimiter(b.every, b.free)
		t.counts[name] = l
	}
	return l
}

// forgetOne makes room, if there is none: any of them, so whoever floods us with
// names forgets some.
func forgetOne[V any](m map[string]V) {
	if len(m) < remembered {
		return
	}
	for name := range m {
		delete(m, name)
		return
	}
}
