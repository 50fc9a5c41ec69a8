package projection_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
	"github.com/ostiary/ostiary/libs/testkit"
)

var midnight = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// set is an event with a deadline, so many days after midnight.
func set(name string, days int) proto.Message {
	return &policyv1.PackActivated{Digest: name, EffectiveAt: timestamppb.New(midnight.AddDate(0, 0, days))}
}

// cleared is the event after which the deadline no longer applies.
func cleared(name string) proto.Message { return &policyv1.PackAcknowledged{Digest: name} }

func derive(f eventstore.Fact) []projection.DueChange {
	switch m := f.Message.(type) {
	case *policyv1.PackActivated:
		return []projection.DueChange{{Stream: "pack-" + m.GetDigest(), Kind: "effective", At: m.GetEffectiveAt().AsTime()}}
	case *policyv1.PackAcknowledged:
		return []projection.DueChange{{Stream: "pack-" + m.GetDigest(), Kind: "effective"}}
	}
	return nil
}

// watched are deadlines that tell what is carried out.
func watched(fired chan<- projection.Due) *projection.Deadlines {
	return &projection.Deadlines{Derive: derive, Do: func(ctx context.Context, d projection.Due) error {
		select {
		case fired <- d:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}
}

func expect(t *testing.T, fired <-chan projection.Due, names ...string) {
	t.Helper()
	for _, name := range names {
		select {
		case d := <-fired:
			if d.Stream != "pack-"+name || d.Kind != "effective" {
				t.Fatalf("fired %+v, want that of %s", d, name)
			}
		case <-time.After(time.Minute):
			t.Fatalf("deadline of %s did not fire", name)
		}
	}
}

func TestDeadlinesFireWhenTheClockReachesThem(t *testing.T) {
	t.Parallel()
	h, c, fired := newHistory(), clock.NewManual(midnight), make(chan projection.Due)
	r := runner(t, h, database(t), c, watched(fired))
	start(t, r)
	waitFor(t, r, h.add(t, set("late", 30), set("never", 40), set("moved", 5), set("early", 10)))
	waitFor(t, r, h.add(t, cleared("never"), set("moved", 20)))
	if at, ok, err := r.NextDue(t.Context()); err != nil || !ok || !at.Equal(midnight.AddDate(0, 0, 10)) {
		t.Errorf("next due is %v, %v, %v", at, ok, err)
	}
	// One microsecond too soon, nothing fires; the next fired item proves it.
	c.Set(midnight.AddDate(0, 0, 10).Add(-time.Microsecond))
	waitFor(t, r, h.add(t, set("sooner", 3)))
	expect(t, fired, "sooner")
	c.Set(midnight.AddDate(0, 0, 10))
	expect(t, fired, "early")
	c.Set(midnight.AddDate(0, 0, 365))
	expect(t, fired, "moved", "late")
	// Nothing is offered again, nor what was cleared.
	waitFor(t, r, h.add(t, set("barrier", 366)))
	c.Advance(48 * time.Hour)
	expect(t, fired, "barrier")
	// Set anew, it is another deadline.
	waitFor(t, r, h.add(t, set("early", 367)))
	expect(t, fired, "early")
}

func TestYearOfDeadlinesPassesInSteps(t *testing.T) {
	t.Parallel()
	h, c, fired := newHistory(), clock.NewManual(midnight), make(chan projection.Due)
	r := runner(t, h, database(t), c, watched(fired))
	start(t, r)
	days := max(20, testkit.Count(365))
	for day := 1; day <= days; day++ {
		h.add(t, set(fmt.Sprint(day), day))
	}
	waitFor(t, r, int64(days))
	for day := 1; day <= days; day++ {
		at, ok, err := r.NextDue(t.Context())
		if err != nil || !ok {
			t.Fatalf("day %d: next due %v, %v", day, ok, err)
		}
		c.Set(at)
		expect(t, fired, fmt.Sprint(day))
		settled(t, r, at)
	}
}

func TestFailedDeadlineIsTriedAgainAndNamed(t *testing.T) {
	t.Parallel()
	h, c := newHistory(), clock.NewManual(midnight)
	var r *projection.Runner
	tries, done := 0, make(chan struct{})
	causes := make(chan []string, 1)
	d := &projection.Deadlines{Derive: derive, Do: func(context.Context, projection.Due) error {
		switch tries++; tries {
		case 1, 2:
			return errors.New("target is asleep")
		case 3:
			causes <- r.Causes()
			close(done)
		}
		return nil
	}}
	r = runner(t, h, database(t), c, d)
	start(t, r)
	h.add(t, set("stubborn", 0))
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("was not tried again")
	}
	if got := strings.Join(<-causes, ";"); !strings.Contains(got, "pack-stubborn") || !strings.Contains(got, "target is asleep") || !strings.Contains(got, "position 1") {
		t.Errorf("cause %q", got)
	}
	settled(t, r, midnight)
	if tries != 3 {
		t.Errorf("tried %d times, want 3", tries)
	}
}

func TestTwoProcessesCarryOutEachDeadlineOnce(t *testing.T) {
	t.Parallel()
	h, c, pool, fired := newHistory(), clock.NewManual(midnight), database(t), make(chan projection.Due)
	a, b := runner(t, h, pool, c, watched(fired)), runner(t, h, pool, c, watched(fired))
	start(t, a)
	start(t, b)
	var want []string
	for n := range 300 {
		want = append(want, fmt.Sprintf("pack-%03d", n))
		h.add(t, set(fmt.Sprintf("%03d", n), n%3))
	}
	waitFor(t, a, 300)
	c.Set(midnight.AddDate(0, 0, 9))
	var got []string
	for range want {
		select {
		case d := <-fired:
			got = append(got, d.Stream)
		case <-time.After(time.Minute):
			t.Fatalf("%d of %d fired", len(got), len(want))
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("fired %v", got)
	}
}

func TestRebuiltDeadlinesDoNotFireAgain(t *testing.T) {
	t.Parallel()
	h, c, fired := newHistory(), clock.NewManual(midnight), make(chan projection.Due)
	r := runner(t, h, database(t), c, watched(fired))
	start(t, r)
	head := h.add(t, set("done", 1), set("open", 5))
	waitFor(t, r, head)
	c.Set(midnight.AddDate(0, 0, 1))
	expect(t, fired, "done")
	settled(t, r, c.Now())
	before := digest(t, r, "due", head)
	if err := r.Rebuild(t.Context(), "due"); err != nil {
		t.Fatal(err)
	}
	if after := digest(t, r, "due", head); after != before {
		t.Errorf("rebuilt digest %s, want %s", after, before)
	}
	c.Set(midnight.AddDate(0, 0, 9))
	expect(t, fired, "open")
}

func TestRunEndsWhileADeadlineIsCarriedOut(t *testing.T) {
	t.Parallel()
	h, entered := newHistory(), make(chan struct{})
	var once sync.Once
	d := &projection.Deadlines{Derive: derive, Do: func(ctx context.Context, _ projection.Due) error {
		once.Do(func() { close(entered) })
		<-ctx.Done()
		return ctx.Err()
	}}
	r := runner(t, h, database(t), clock.NewManual(midnight), d)
	stop := start(t, r)
	h.add(t, set("slow", 0))
	<-entered
	stop()
}

// settled waits until nothing that is due by the instant is left.
func settled(t *testing.T, r *projection.Runner, at time.Time) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		next, ok, err := r.NextDue(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !ok || next.After(at) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("a deadline of %v is left", next)
		}
	}
}
