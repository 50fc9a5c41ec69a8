package credential_test

import (
	"context"
	"errors"
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
		if err := b.t.Pass(t.Context(), "admin"); err != nil || b.waited != 0 {
			t.Fatalf("a first attempt waits %s, %v", b.waited, err)
		}
	}
	for range 10 {
		if err := b.t.Pass(t.Context(), "admin"); err != nil {
			t.Fatal(err)
		}
	}
	if b.waited < 19*time.Second || b.waited > 21*time.Second {
		t.Errorf("ten more attempts waited %s", b.waited)
	}
	before := b.waited
	if err := b.t.Pass(t.Context(), "other"); err != nil || b.waited != before {
		t.Errorf("another account waits %s, %v", b.waited-before, err)
	}
	b.t.Succeeded("admin")
	if err := b.t.Pass(t.Context(), "admin"); err != nil || b.waited != before {
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
		if err := th.Pass(t.Context(), "admin"); errors.Is(err, credential.ErrSlowDown) {
			refused++
		} else {
			passed++
		}
	}
	if passed != 7 || waiting != 2 || refused != 93 {
		t.Errorf("%d passed, %d of them after a wait, %d refused", passed, waiting, refused)
	}
	now = now.Add(5 * time.Second)
	if err := th.Pass(t.Context(), "admin"); err != nil {
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
		_ = th.Pass(gone, "admin")
	}
	if err := th.Pass(t.Context(), "admin"); err != nil {
		t.Errorf("after fifty callers gave up: %v", err)
	}
}

func TestAFloodOverManyAccountsIsSlowedDown(t *testing.T) {
	t.Parallel()
	b := newBench()
	for n := range 1000 {
		if err := b.t.Pass(t.Context(), string(rune('a'+n%26))+string(rune('0'+n/26))); err != nil {
			t.Fatal(err)
		}
	}
	if b.waited < 15*time.Second {
		t.Errorf("a thousand attempts over a thousand accounts waited %s", b.waited)
	}
}
