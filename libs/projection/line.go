package projection

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/eventstore/postgres"
)

// line is one projection with what is known about its run.
type line struct {
	Projection
	runner *Runner
	// committed is called after each advance; may be nil.
	committed func()
	// carry brings over what a rebuild cannot derive, inside the swap; may be
	// nil.
	carry func(ctx context.Context, tx pgx.Tx, from, to string) error
	// schemas is held by whoever changes the schemas of the projection.
	schemas *postgres.Lock

	mu       sync.Mutex
	position int64
	cause    string
	changed  chan struct{} // closed and replaced at each advance
}

// Back-off of what failed, by the machine's clock.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 30 * time.Second
)

// follow keeps the live rows up to date until ctx ends.
func (l *line) follow(ctx context.Context) error {
	pause, careful := firstPause, int64(0)
	for ctx.Err() == nil {
		err := l.catchUp(ctx, &careful, &pause)
		if ctx.Err() != nil {
			return nil
		}
		var p *pageError
		if errors.As(err, &p) && p.last > p.first {
			// Event by event, until the one that fails shows itself.
			careful = p.last
			continue
		}
		l.fail(ctx, err)
		if sleep(ctx, pause) != nil {
			return nil
		}
		pause = min(2*pause, lastPause)
	}
	return nil
}

// catchUp runs from the checkpoint on until something fails. Up to the
// position careful it goes event by event.
func (l *line) catchUp(ctx context.Context, careful *int64, pause *time.Duration) error {
	from, err := l.ready(ctx)
	if err != nil {
		return err
	}
	l.advance(from)
	progress := func(position int64) {
		l.advance(position)
		if position >= *careful {
			l.clear()
			*pause = firstPause
		}
	}
	if from < *careful {
		if from, err = l.drain(ctx, l.live(), from, *careful, 1, progress); err != nil {
			return err
		}
	} else {
		l.clear()
	}
	_, err = l.drain(ctx, l.live(), from, forever, pageSize, progress)
	return err
}

// ready returns the checkpoint, after making or rebuilding the tables as the
// version demands.
func (l *line) ready(ctx context.Context) (int64, error) {
	at, err := l.ensure(ctx)
	if err != nil || at.version == l.Version {
		return at.position, err
	}
	if at.version > l.Version {
		return 0, fmt.Errorf("its rows have version %d and this binary makes version %d; use a newer one", at.version, l.Version)
	}
	l.say(fmt.Sprintf("projection %s is being rebuilt from version %d to %d", l.Name, at.version, l.Version))
	if err := l.rebuild(ctx, true); err != nil {
		return 0, err
	}
	at, err = l.ensure(ctx)
	return at.position, err
}

// waitFor returns when the live rows show the position.
func (l *line) waitFor(ctx context.Context, position int64) error {
	for {
		l.mu.Lock()
		reached, changed := l.position >= position, l.changed
		l.mu.Unlock()
		if reached {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// advance notes the position of the live rows and wakes who waits for it.
func (l *line) advance(position int64) {
	l.mu.Lock()
	l.position = position
	close(l.changed)
	l.changed = make(chan struct{})
	l.mu.Unlock()
	if l.committed != nil {
		l.committed()
	}
}

func (l *line) trouble() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

func (l *line) clear() { l.say("") }

func (l *line) say(cause string) (changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed, l.cause = l.cause != cause, cause
	return changed
}

// fail shows an error in readiness and logs it when it is a new one.
func (l *line) fail(ctx context.Context, err error) {
	l.mu.Lock()
	position := l.position
	l.mu.Unlock()
	if l.say(fmt.Sprintf("projection %s stands at position %d: %v", l.Name, position, err)) {
		l.runner.log.ErrorContext(ctx, "projection does not advance", "projection", l.Name, "position", position, "error", err)
	}
}

// sleep waits by the machine's clock.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
