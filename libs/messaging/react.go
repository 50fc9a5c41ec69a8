package messaging

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/ostiary/ostiary/libs/eventstore"
)

const (
	// tries is how often an event is processed before it is parked.
	tries = 1 + 3
	// quickFirst and quickLimit are the pauses between these.
	quickFirst = 10 * time.Millisecond
	quickLimit = 100 * time.Millisecond
)

// errUnknownType parks an event of which it cannot be told whether a policy
// wants it.
var errUnknownType = errors.New("this binary does not know the type; upgrade the service, then retry")

// settle runs the policies for an event until they succeed or it must be
// parked; it tells how often it tried. What is transient is repeated for ever:
// then and only then the error is that of ctx.
func (i *Inbox) settle(ctx context.Context, r eventstore.Recorded) (attempts int, err error) {
	what := fmt.Sprintf("policy %d", r.Position)
	defer i.health.well(what)
	quick := backoff{first: quickFirst, limit: quickLimit}
	patient := backoff{first: 50 * time.Millisecond, limit: 5 * time.Second}
	for attempts < tries {
		err = i.react(ctx, r)
		switch {
		case err == nil:
			return attempts + 1, nil
		case ctx.Err() != nil:
			return attempts, ctx.Err()
		case transient(err):
			i.health.failed(what, fmt.Sprintf("inbox of %s in %s waits at %d (%s): %v", i.source, i.service, r.Position, r.Stream, err))
			_ = patient.wait(ctx) // the next round ends with ctx
			continue
		}
		attempts++
		if attempts < tries {
			_ = quick.wait(ctx)
		}
	}
	return attempts, err
}

// react runs all policies that want an event, once.
func (i *Inbox) react(ctx context.Context, r eventstore.Recorded) error {
	if i.wants.cannotTell(r) {
		return fmt.Errorf("%s: %w", r.Type, errUnknownType)
	}
	f, err := i.decode(ctx, r)
	if err != nil {
		return err
	}
	for _, p := range i.wants.of(r) {
		if err := i.do(ctx, p, f); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return nil
}

// do runs a policy; a panic becomes an error.
func (i *Inbox) do(ctx context.Context, p Policy, f eventstore.Fact) (err error) {
	defer func() {
		if v := recover(); v != nil {
			i.log.ErrorContext(ctx, "policy panicked", "policy", p.Name, "position", f.Position, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return p.Do(ctx, f)
}

// matters tells whether an event has to be processed at all.
func (i *Inbox) matters(r eventstore.Recorded) bool {
	return len(i.wants.of(r)) > 0 || i.wants.cannotTell(r)
}
