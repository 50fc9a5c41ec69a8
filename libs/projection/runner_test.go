package projection_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
	"github.com/ostiary/ostiary/libs/testkit"
)

func TestIncrementalRebuiltAndInterruptedRunsHaveOneDigest(t *testing.T) {
	t.Parallel()
	h := newHistory()
	const events = 7000
	// Undisturbed: everything is there before the start.
	h.add(t, acknowledgements(1, events)...)
	undisturbed := runner(t, h, database(t), clock.System{}, nil, sums())
	start(t, undisturbed)
	waitFor(t, undisturbed, events)
	want := digest(t, undisturbed, "sums", events)

	// Incremental: events come a few at a time.
	few, pool := newHistory(), database(t)
	incremental := runner(t, few, pool, clock.System{}, nil, sums())
	start(t, incremental)
	for n := 1; n <= events; {
		to := min(events, n+rand.IntN(400))
		waitFor(t, incremental, few.add(t, acknowledgements(n, to)...))
		n = to + 1
	}
	if got := digest(t, incremental, "sums", events); got != want {
		t.Errorf("incremental: digest %s, want %s", got, want)
	}
	if err := incremental.Rebuild(t.Context(), "sums"); err != nil {
		t.Fatal(err)
	}
	if got := digest(t, incremental, "sums", events); got != want {
		t.Errorf("rebuilt: digest %s, want %s", got, want)
	}

	// Interrupted: stopped inside a transaction, or right after its commit.
	part, pool := newHistory(), database(t)
	rounds := testkit.Count(200)
	for i := range rounds {
		head := part.add(t, acknowledgements(i*events/rounds+1, (i+1)*events/rounds)...)
		ctx, cancel := context.WithCancel(t.Context())
		inside, p := rand.IntN(2) == 0, sums()
		p.Apply = func(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
			err := addUp(ctx, tx, page)
			if inside {
				cancel()
			}
			return err
		}
		r := runner(t, part, pool, clock.System{}, nil, p)
		go func() {
			if r.WaitFor(ctx, head) == nil {
				cancel()
			}
		}()
		if err := r.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}
	interrupted := runner(t, part, pool, clock.System{}, nil, sums())
	start(t, interrupted)
	waitFor(t, interrupted, events)
	if got := digest(t, interrupted, "sums", events); got != want {
		t.Errorf("interrupted: digest %s, want %s", got, want)
	}
}

func TestAnotherRowIsAnotherDigest(t *testing.T) {
	t.Parallel()
	h, pool := newHistory(), database(t)
	r := runner(t, h, pool, clock.System{}, nil, sums())
	start(t, r)
	head := h.add(t, acknowledgements(1, 50)...)
	waitFor(t, r, head)
	before := digest(t, r, "sums", head)
	if _, err := pool.Exec(t.Context(), `UPDATE rm_sums.sums SET last_at = 0`); err != nil {
		t.Fatal(err)
	}
	if got := digest(t, r, "sums", head); got != before {
		t.Error("the digest covers a column that its query leaves out")
	}
	if _, err := pool.Exec(t.Context(), `UPDATE rm_sums.sums SET total = total + 1 WHERE name = 'service-3'`); err != nil {
		t.Fatal(err)
	}
	if got := digest(t, r, "sums", head); got == before {
		t.Error("a changed row left the digest as it was")
	}
}

func TestTwoRunnersApplyEachEventOnce(t *testing.T) {
	t.Parallel()
	h, pool := newHistory(), database(t)
	runners := []*projection.Runner{
		runner(t, h, pool, clock.System{}, nil, sums()),
		runner(t, h, pool, clock.System{}, nil, sums()),
	}
	for _, r := range runners {
		start(t, r)
	}
	var want int64
	for n := 1; n <= 3000; n += 10 {
		h.add(t, acknowledgements(n, n+9)...)
	}
	for n := int64(1); n <= 3000; n++ {
		want += n
	}
	for _, r := range runners {
		waitFor(t, r, 3000)
	}
	got, err := total(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("two runners together added up %d, want %d", got, want)
	}
}

func TestHoleStopsTheProjectionAndIsNamed(t *testing.T) {
	t.Parallel()
	h, pool := newHistory(), database(t)
	h.add(t, acknowledgements(1, 20)...)
	restore := h.lose(7)
	r := runner(t, h, pool, clock.System{}, nil, sums())
	start(t, r)
	cause := causeOf(t, r)
	if !strings.Contains(cause, "sums") || !strings.Contains(cause, "8 follows 6") {
		t.Errorf("cause %q names neither the projection nor the hole", cause)
	}
	if got, err := total(t.Context(), pool); err != nil || got > 21 {
		t.Errorf("events after the hole were applied: total %d, error %v", got, err)
	}
	restore()
	waitFor(t, r, 20)
}

func TestEventThatCannotBeAppliedIsNamedAndRepeated(t *testing.T) {
	t.Parallel()
	h, pool := newHistory(), database(t)
	var repaired atomic.Bool
	p := sums()
	p.Apply = func(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
		bad := slices.ContainsFunc(page, func(f eventstore.Fact) bool { return f.Position == 13 })
		if bad && !repaired.Load() {
			return errors.New("no such luck")
		}
		return addUp(ctx, tx, page)
	}
	other := sums()
	other.Name = "others"
	r := runner(t, h, pool, clock.System{}, nil, p, other)
	h.add(t, acknowledgements(1, 40)...)
	start(t, r)
	cause := causeOf(t, r)
	for _, word := range []string{"projection sums", "position 13", "no such luck"} {
		if !strings.Contains(cause, word) {
			t.Errorf("cause %q does not say %q", cause, word)
		}
	}
	// What comes before it is there.
	got, err := total(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	if got != 12*13/2 {
		t.Errorf("total before the bad event is %d, want %d", got, 12*13/2)
	}
	repaired.Store(true)
	waitFor(t, r, 40)
	if causes := r.Causes(); len(causes) > 0 {
		t.Errorf("causes after the repair: %v", causes)
	}
}

func TestPanicOfApplyIsAnError(t *testing.T) {
	t.Parallel()
	h := newHistory()
	p := sums()
	p.Apply = func(context.Context, pgx.Tx, []eventstore.Fact) error { panic("nil map") }
	r := runner(t, h, database(t), clock.System{}, nil, p)
	h.add(t, acknowledged(1))
	start(t, r)
	if cause := causeOf(t, r); !strings.Contains(cause, "panic: nil map") {
		t.Errorf("cause %q", cause)
	}
}

func TestEventUnknownToTheBinaryIsNotSkipped(t *testing.T) {
	t.Parallel()
	h := newHistory()
	r := runner(t, h, database(t), clock.System{}, nil, sums())
	h.add(t, acknowledgements(1, 3)...)
	h.events[1].Type = "ostiary.policy.v9.FromTheFuture"
	start(t, r)
	if cause := causeOf(t, r); !strings.Contains(cause, "FromTheFuture") || !strings.Contains(cause, "position 2") {
		t.Errorf("cause %q", cause)
	}
}

func TestPersonalFieldsReachReadModelsSealed(t *testing.T) {
	t.Parallel()
	h := newHistory()
	names := make(chan string, 1)
	p := sums()
	p.Apply = func(_ context.Context, _ pgx.Tx, page []eventstore.Fact) error {
		names <- page[0].Message.(*identityv1.HrChangeTaken).GetDetails().GetName()
		return nil
	}
	r := runner(t, h, database(t), clock.System{}, nil, p)
	start(t, r)
	head := h.add(t, &identityv1.HrChangeTaken{Details: &identityv1.PersonDetails{Name: "c2VhbGVk"}})
	waitFor(t, r, head)
	if got := <-names; got != "c2VhbGVk" {
		t.Errorf("the read model was given %q, want the ciphertext as stored", got)
	}
}

func TestWaitForEndsWithItsContext(t *testing.T) {
	t.Parallel()
	r := runner(t, newHistory(), database(t), clock.System{}, nil, sums())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.WaitFor(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of the context", err)
	}
}

func TestNamesOfProjections(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Sums", "a b", "x_next", "x_old", `x"; drop schema events; --`, strings.Repeat("a", 60)} {
		p := sums()
		p.Name = name
		if _, err := projection.NewRunner(&eventstore.Journal{}, nil, clock.System{}, nil, []projection.Projection{p}, nil); err == nil {
			t.Errorf("name %q was accepted", name)
		}
	}
	if _, err := projection.NewRunner(&eventstore.Journal{}, nil, clock.System{}, nil, []projection.Projection{sums(), sums()}, nil); err == nil {
		t.Error("two projections of one name were accepted")
	}
}

// causeOf waits until the runner has a final cause and returns it.
func causeOf(t *testing.T, r *projection.Runner) string {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if causes := r.Causes(); len(causes) > 0 {
			return strings.Join(causes, "\n")
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("readiness stays green")
		}
	}
}
