package credential_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/ostiary/ostiary/services/identity/internal/credential"
)

// bench is a throttle on a clock that the test moves; waiting moves it, too.
type bench struct {
	now    time.Time
	waited time.Duration
	t      *credential.Throttle
}

// of is an attempt on an account, from an unknown device at an unknown address.
func of(account string) credential.Attempt { return credential.Attempt{Account: account} }

func newBench() *bench {
	b := &bench{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	b.t = credential.NewThrottle(func() time.Time { return b.now }, func(_ context.Context, until time.Time) error {
		b.waited += until.Sub(b.now)
		b.now = until
		return nil
	})
	return b
}

func TestTheFirstFailuresAreFreeAndFurtherOnesWait(t *testing.T) {
	t.Parallel()
	b := newBench()
	for range 5 {
		if err := b.t.Pass(t.Context(), of("admin")); err != nil || b.waited != 0 {
			t.Fatalf("a first attempt waits %s, %v", b.waited, err)
		}
	}
	for range 10 {
		if err := b.t.Pass(t.Context(), of("admin")); err != nil {
			t.Fatal(err)
		}
	}
	if b.waited < 19*time.Second || b.waited > 21*time.Second {
		t.Errorf("ten more attempts waited %s", b.waited)
	}
	before := b.waited
	if err := b.t.Pass(t.Context(), of("other")); err != nil || b.waited != before {
		t.Errorf("another account waits %s, %v", b.waited-before, err)
	}
	b.t.Succeeded(of("admin"))
	if err := b.t.Pass(t.Context(), of("admin")); err != nil || b.waited != before {
		t.Errorf("after a success it waits %s, %v", b.waited-before, err)
	}
}

func TestManyAttemptsAtOnceDoNotSlipThrough(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	waiting := 0
	th := credential.NewThrottle(func() time.Time { return now }, func(context.Context, time.Time) error { waiting++; return nil })
	passed, refused := 0, 0
	for range 100 {
		if err := th.Pass(t.Context(), of("admin")); errors.Is(err, credential.ErrSlowDown) {
			refused++
		} else {
			passed++
		}
	}
	if passed != 7 || waiting != 2 || refused != 93 {
		t.Errorf("%d passed, %d of them after a wait, %d refused", passed, waiting, refused)
	}
	now = now.Add(5 * time.Second)
	if err := th.Pass(t.Context(), of("admin")); err != nil {
		t.Errorf("five seconds after the flood the holder gets %v", err)
	}
}

func TestWhoGivesUpWaitingGivesThePlaceBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	th := credential.NewThrottle(func() time.Time { return now }, func(ctx context.Context, _ time.Time) error { return ctx.Err() })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		_ = th.Pass(gone, of("admin"))
	}
	if err := th.Pass(t.Context(), of("admin")); err != nil {
		t.Errorf("after fifty callers gave up: %v", err)
	}
}

func TestAFloodOverManyAccountsIsSlowedDown(t *testing.T) {
	t.Parallel()
	b := newBench()
	for n := range 1000 {
		if err := b.t.Pass(t.Context(), of(string(rune('a'+n%26))+string(rune('0'+n/26)))); err != nil {
			t.Fatal(err)
		}
	}
	if b.waited < 15*time.Second {
		t.Errorf("a thousand attempts over a thousand accounts waited %s", b.waited)
	}
}

// flooded is a throttle whose clock runs, a little with every look at it, and in
// which nobody waits.
func flooded() *credential.Throttle {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return credential.NewThrottle(func() time.Time { now = now.Add(time.Nanosecond); return now }, func(context.Context, time.Time) error { return nil })
}

func TestWhoeverGuessesDoesNotDelayAKnownDevice(t *testing.T) {
	t.Parallel()
	th := flooded()
	for n := range 2000 {
		_ = th.Pass(t.Context(), credential.Attempt{Account: "admin", Address: "203.0.113." + strconv.Itoa(n%250)})
		_ = th.Pass(t.Context(), of("someone "+strconv.Itoa(n)))
	}
	if err := th.Pass(t.Context(), of("newcomer")); !errors.Is(err, credential.ErrSlowDown) {
		t.Errorf("the flood is not felt at all: %v", err)
	}
	holder := credential.Attempt{Account: "admin", Device: "laptop"}
	for range 5 {
		if err := th.Pass(t.Context(), holder); err != nil {
			t.Errorf("the holder's own device gets %v", err)
		}
	}
	for range 100 {
		_ = th.Pass(t.Context(), holder)
	}
	if err := th.Pass(t.Context(), holder); !errors.Is(err, credential.ErrSlowDown) {
		t.Errorf("guessing on a known device is not slowed down: %v", err)
	}
}

// Neither many marks of one account nor one that succeeds again and again gets
// more than its share.
func TestTheKnownDevicesOfAnAccountShareABound(t *testing.T) {
	t.Parallel()
	for name, succeeded := range map[string]bool{"many devices": false, "one that succeeds": true} {
		th, passed := flooded(), 0
		for n := range 1000 {
			a := credential.Attempt{Account: "li", Device: "device " + strconv.Itoa(n)}
			if succeeded {
				a.Device = "laptop"
			}
			if th.Pass(t.Context(), a) == nil {
				passed++
			}
			if succeeded {
				th.Succeeded(a)
			}
		}
		if passed > 30 {
			t.Errorf("%s: %d of 1000 attempts passed", name, passed)
		}
		if err := th.Pass(t.Context(), credential.Attempt{Account: "wang", Device: "phone"}); err != nil {
			t.Errorf("%s: another account's device gets %v", name, err)
		}
		if err := th.Pass(t.Context(), of("newcomer")); err != nil {
			t.Errorf("%s: a stranger gets %v", name, err)
		}
	}
}

func TestOneAddressDoesNotTakeTheRoomOfAll(t *testing.T) {
	t.Parallel()
	th := flooded()
	for n := range 1000 {
		_ = th.Pass(t.Context(), credential.Attempt{Account: "someone " + strconv.Itoa(n), Address: "203.0.113.7"})
	}
	if err := th.Pass(t.Context(), credential.Attempt{Account: "else", Address: "203.0.113.7"}); !errors.Is(err, credential.ErrSlowDown) {
		t.Errorf("a thousand attempts from one address: %v", err)
	}
	for n := range 50 {
		if err := th.Pass(t.Context(), credential.Attempt{Account: "else " + strconv.Itoa(n), Address: "203.0.113.8"}); err != nil {
			t.Errorf("another address gets %v", err)
		}
	}
}

func TestGuessingIsToldOnceAnHour(t *testing.T) {
	t.Parallel()
	b := newBench()
	told := 0
	for n := range 1000 {
		if err := b.t.Pass(t.Context(), of("admin")); err != nil {
			t.Fatal(err)
		}
		if b.t.Noticed(of("admin")) {
			told++
		}
		if n == 3 && told > 0 {
			t.Error("four failures are told already")
		}
	}
	if told != 1 {
		t.Errorf("a thousand failures within %s were told %d times", b.waited, told)
	}
	b.now = b.now.Add(time.Hour)
	for range 7 {
		_ = b.t.Pass(t.Context(), of("admin"))
		if b.t.Noticed(of("admin")) {
			told++
		}
	}
	if told != 2 {
		t.Errorf("an hour later it was told %d times in all", told)
	}
}
