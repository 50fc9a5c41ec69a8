package worker

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/packs"
	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

// runner works for one target.
type runner struct {
	*Worker
	name string
	// failures counts those of the own store in a row.
	failures int
}

func (w *Worker) runner(name string) *runner { return &runner{Worker: w, name: name} }

func (r *runner) run(ctx context.Context) {
	for ctx.Err() == nil {
		head, streams, err := r.take(ctx)
		if err == nil && len(streams) == 0 {
			err = r.idle(ctx, head)
		} else if err == nil {
			err = r.attend(ctx, head, streams)
		}
		if err != nil && ctx.Err() == nil {
			r.failures++
			r.complain(ctx, "work on target "+r.name, err)
			_ = r.pause(ctx, r.failures) // ends only with ctx, which the loop looks at
			continue
		}
		r.failures = 0
	}
}

// take lists the lanes to work on, as of the position that it returns. While
// the target is in trouble they become fewer, so that a few that hang there do
// not keep the others from being confirmed.
func (r *runner) take(ctx context.Context) (int64, []string, error) {
	head, err := r.current(ctx)
	if err != nil {
		return 0, nil, err
	}
	resting, again, _ := r.troubles.waiting(r.name, r.clock.Now())
	batch := max(1, r.limits.Batch>>r.troubles.ofTarget(r.name).failures)
	streams, err := r.Lanes(ctx, r.name, resting, batch)
	if err != nil {
		return 0, nil, err
	}
	if len(streams) < batch {
		for _, stream := range again {
			if !slices.Contains(streams, stream) { // settled meanwhile, by another replica
				r.troubles.forget(r.name, stream)
			}
		}
	}
	if len(streams) == 0 && len(resting) == 0 {
		r.troubles.clear(place{target: r.name}, "") // nobody waits for it any more
	}
	return head, streams, nil
}

// idle waits for something new, or until a lane may be tried again.
func (r *runner) idle(ctx context.Context, head int64) error {
	_, again, next := r.troubles.waiting(r.name, r.clock.Now())
	if len(again) > 0 {
		return nil
	}
	return r.wait(ctx, head, next)
}

// wait returns when the store has moved beyond head or at the instant, if one
// is given.
func (r *runner) wait(ctx context.Context, head int64, until time.Time) error {
	if !until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, until)
		defer cancel()
	}
	err := r.Journal.Store.Wait(ctx, head)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// attend works on the lanes; when the target is in trouble, it says so and
// waits. An error is one of the own store.
func (r *runner) attend(ctx context.Context, head int64, streams []string) error {
	err := r.visit(ctx, streams)
	switch {
	case err == nil || ctx.Err() != nil || !aboutTarget(err):
		return err
	case errors.Is(err, target.ErrBusy):
		return r.clock.Until(ctx, r.clock.Now().Add(standby))
	}
	due := r.troubles.ofTarget(r.name).due
	if errors.Is(err, target.ErrUnknown) {
		return r.untilKnown(ctx, head, due)
	}
	return r.clock.Until(ctx, due)
}

// visit opens a session and carries out what is open.
func (r *runner) visit(ctx context.Context, streams []string) error {
	session, err := r.open(ctx)
	switch {
	case err == nil:
		defer session.Close()
		return r.serve(ctx, session, streams)
	case errors.Is(err, target.ErrBusy) || !aboutTarget(err):
		return err
	}
	lanes, failed := r.load(ctx, streams)
	if failed != nil {
		return failed
	}
	return errors.Join(err, r.suffer(ctx, r.next(lanes), err))
}

// standby is how often a replica looks whether another still works on the
// target.
const standby = time.Second

// untilKnown waits for the instant, or for a pack that says how to address the
// target.
func (r *runner) untilKnown(ctx context.Context, head int64, until time.Time) error {
	for r.clock.Now().Before(until) {
		if err := r.wait(ctx, head, until); err != nil {
			return err
		}
		if _, _, err := r.address(ctx); err == nil || !aboutTarget(err) {
			return err
		}
		var err error
		if head, err = r.Journal.Store.Head(ctx); err != nil {
			return err
		}
	}
	return nil
}

// address returns the adapter for the target as the pack in force says.
func (r *runner) address(ctx context.Context) (target.Target, string, error) {
	known, _, err := eventstore.Load(ctx, r.Journal, eventstore.Decider[packs.State, packs.Command]{Decide: packs.Decide, Evolve: packs.Evolve}, packs.Stream)
	if err != nil {
		return nil, "", err
	}
	definition, ok := known.Target(r.name)
	if !ok {
		return nil, "", target.ErrUnknown.With("target", r.name)
	}
	t, err := r.Connect(definition)
	return t, definition.GetKind(), err
}

// open connects to the target as the pack in force says and notes which system
// it found.
func (r *runner) open(ctx context.Context) (target.Session, error) {
	t, kind, err := r.address(ctx)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, r.limits.Call)
	defer cancel()
	session, err := t.Open(limited)
	if err != nil {
		return nil, onTarget(err)
	}
	if err := r.admit(ctx, kind, session.System()); err != nil {
		session.Close()
		return nil, err
	}
	return session, nil
}

// aboutTarget tells what goes wrong on a target from what goes wrong here.
func aboutTarget(err error) bool {
	f, ok := fault.Of(err)
	return ok && strings.HasPrefix(f.Reason, "TARGET_")
}

// onTarget gives every error of an adapter a published reason.
func onTarget(err error) error {
	if err == nil || aboutTarget(err) || errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return target.ErrTimeout
	}
	return target.ErrUnreachable
}
