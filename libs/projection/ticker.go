package projection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/ostiary/ostiary/libs/clock"
)

const (
	// dueBatch is how many items are taken at once, dueParallel how many
	// streams of them are worked on at once.
	dueBatch    = 64
	dueParallel = 8
	// hold is how long an item belongs to the process that took it. Do has less
	// time than that.
	hold      = 15 * time.Second
	doTimeout = 10 * time.Second
)

// ticker carries out what is due.
type ticker struct {
	runner *Runner
	line   *line
	clock  clock.Clock
	do     func(ctx context.Context, d Due) error
	// dirty says that the page being applied changes deadlines.
	dirty atomic.Bool
	wake  chan struct{}

	mu    sync.Mutex
	cause string
}

// committed wakes the ticker when deadlines have changed.
func (t *ticker) committed() {
	if t.dirty.Swap(false) {
		t.rouse()
	}
}

func (t *ticker) rouse() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run fires what is due until ctx ends.
func (t *ticker) run(ctx context.Context) error {
	for ctx.Err() == nil {
		err := t.round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			t.say(fmt.Sprintf("deadlines cannot be read: %v", err))
			_ = sleep(ctx, time.Second) // the loop looks at ctx
		}
	}
	return nil
}

// round fires all that is due and waits for more.
func (t *ticker) round(ctx context.Context) error {
	if _, err := t.line.ensure(ctx); err != nil {
		return err
	}
	for {
		more, err := t.fire(ctx)
		if err != nil {
			return err
		}
		if !more {
			return t.rest(ctx)
		}
	}
}

// fire takes what is due and carries it out: one instant after the other, what
// is due at the same instant side by side. more is false when nothing was there
// to take.
func (t *ticker) fire(ctx context.Context) (more bool, err error) {
	items, err := t.take(ctx)
	if err != nil {
		return false, err
	}
	for rest := items; len(rest) > 0; {
		n := slices.IndexFunc(rest, func(d Due) bool { return d.At.After(rest[0].At) })
		if n < 0 {
			n = len(rest)
		}
		if err := t.together(ctx, rest[:n]); err != nil {
			return false, err
		}
		rest = rest[n:]
	}
	return len(items) > 0, nil
}

// together carries out items of one instant, the streams side by side.
func (t *ticker) together(ctx context.Context, items []Due) error {
	byStream := map[string][]Due{}
	for _, d := range items {
		byStream[d.Stream] = append(byStream[d.Stream], d)
	}
	g := errgroup.Group{}
	g.SetLimit(dueParallel)
	for _, ds := range byStream {
		g.Go(func() error {
			for _, d := range ds {
				if err := t.carryOut(ctx, d); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("carry out deadlines: %w", err)
	}
	return nil
}

// take holds a batch of due items, the oldest first. Another process that
// takes at the same moment gets others.
func (t *ticker) take(ctx context.Context) ([]Due, error) {
	rows, err := t.runner.pool.Query(ctx, `
		UPDATE rm_due.items SET held_until = clock_timestamp() + $2::interval, attempts = attempts + 1
		WHERE (stream, kind) IN (
			SELECT stream, kind FROM rm_due.items
			WHERE NOT fired AND due_at <= $1 AND (held_until IS NULL OR held_until <= clock_timestamp())
			ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)
		RETURNING stream, kind, due_at, position`, t.clock.Now(), hold, dueBatch)
	if err != nil {
		return nil, fmt.Errorf("take what is due: %w", err)
	}
	items, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (d Due, err error) {
		err = row.Scan(&d.Stream, &d.Kind, &d.At, &d.Position)
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("take what is due: %w", err)
	}
	sortDue(items)
	return items, nil
}

// carryOut does one item. It is fired when Do has returned nil; after an error
// it waits longer each time. An item that was set anew meanwhile is another.
func (t *ticker) carryOut(ctx context.Context, d Due) error {
	doing, cancel := context.WithTimeout(ctx, doTimeout)
	failed := t.do(doing, d)
	cancel()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	statement, args := `UPDATE rm_due.items SET fired = true, held_until = NULL
		WHERE stream = $1 AND kind = $2 AND position = $3`, []any{d.Stream, d.Kind, d.Position}
	if failed != nil {
		statement = `UPDATE rm_due.items SET held_until = clock_timestamp() + least($4::float8 * 2 ^ least(attempts - 1, 20), $5::float8) * interval '1 second'
			WHERE stream = $1 AND kind = $2 AND position = $3`
		args = append(args, firstPause.Seconds(), lastPause.Seconds())
		cause := fmt.Sprintf("deadline %s of %s, set at position %d: %v", d.Kind, d.Stream, d.Position, failed)
		if t.say(cause) {
			t.runner.log.ErrorContext(ctx, "deadline cannot be carried out", "stream", d.Stream, "kind", d.Kind, "position", d.Position, "error", failed)
		}
	}
	if _, err := t.runner.pool.Exec(ctx, statement, args...); err != nil {
		return fmt.Errorf("note deadline %s of %s: %w", d.Kind, d.Stream, err)
	}
	return nil
}

// rest waits until the clock reaches the next item, a held one may be tried
// again, or deadlines have changed.
func (t *ticker) rest(ctx context.Context) error {
	next, held, err := t.next(ctx)
	if err != nil {
		return err
	}
	if held == nil {
		t.say("")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var alarms sync.WaitGroup
	defer alarms.Wait()
	defer cancel()
	if next != nil {
		alarms.Go(func() {
			if t.clock.Until(ctx, *next) == nil {
				t.rouse()
			}
		})
	}
	if held != nil {
		alarms.Go(func() {
			if sleep(ctx, *held) == nil {
				t.rouse()
			}
		})
	}
	select {
	case <-t.wake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// next returns when the first item that is not yet due will be, and in how
// long the first held one may be tried again.
func (t *ticker) next(ctx context.Context) (at *time.Time, held *time.Duration, err error) {
	var seconds *float64
	err = t.runner.pool.QueryRow(ctx, `SELECT
		(SELECT min(due_at) FROM rm_due.items WHERE NOT fired AND due_at > $1),
		(SELECT extract(epoch FROM min(coalesce(held_until, '-infinity')) - clock_timestamp())::float8
			FROM rm_due.items WHERE NOT fired AND due_at <= $1)`, t.clock.Now()).Scan(&at, &seconds)
	if err != nil {
		return nil, nil, fmt.Errorf("read the next deadline: %w", err)
	}
	if seconds != nil {
		wait := time.Duration(max(0, *seconds) * float64(time.Second))
		held = &wait
	}
	return at, held, nil
}

// NextDue is the instant of the first deadline that is not yet carried out;
// ok is false if there is none.
func (r *Runner) NextDue(ctx context.Context) (at time.Time, ok bool, err error) {
	if r.ticker == nil {
		return time.Time{}, false, nil
	}
	err = r.pool.QueryRow(ctx, `SELECT due_at FROM rm_due.items WHERE NOT fired ORDER BY due_at LIMIT 1`).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("read the next deadline: %w", err)
	}
	return at.UTC(), true, nil
}

func (t *ticker) trouble() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cause
}

func (t *ticker) say(cause string) (changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed, t.cause = t.cause != cause, cause
	return changed
}
