// Package worker carries orders out. For each target that has open orders one
// runner takes lanes in batches, applies the next order of each, reads the
// target back on a fresh connection, and records what was confirmed and what was
// not. Everything it needs to go on after a restart is in the events; what it
// keeps in memory is only when to try again.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

// Needs are what the worker works with.
type Needs struct {
	// Journal holds the orders.
	Journal *eventstore.Journal
	// Targets lists the targets that have open orders.
	Targets func(ctx context.Context) ([]string, error)
	// Lanes lists at most limit streams of a target that have open orders, those
	// with something to take first. A stream that rests is listed only if
	// something was ordered in it after the given position.
	Lanes func(ctx context.Context, target string, resting map[string]int64, limit int) ([]string, error)
	// Projected returns when Targets and Lanes show the position.
	Projected func(ctx context.Context, position int64) error
	// Connect returns the adapter for a target; it connects to nothing.
	Connect func(*provisioningv1.TargetDefinition) (target.Target, error)
	// Log is for operators.
	Log *slog.Logger
}

// Limits are how much and how long.
type Limits struct {
	// Batch is how many lanes are worked on together.
	Batch int
	// Call is how long one call of an adapter may take.
	Call time.Duration
	// First and Longest are the shortest and the longest pause before an attempt
	// is repeated.
	First, Longest time.Duration
}

// Worker carries out orders.
type Worker struct {
	Needs
	limits   Limits
	clock    clock.System // back-off follows the machine, not the simulated clock
	troubles *troubles
}

// New makes a worker; Run starts it.
func New(n Needs, l Limits) *Worker {
	return &Worker{Needs: n, limits: l, troubles: &troubles{of: map[place]map[string]trouble{}, lanes: map[place]rest{}}}
}

// Run works until the context ends.
func (w *Worker) Run(ctx context.Context) error {
	var runners sync.WaitGroup
	defer runners.Wait()
	running := map[string]bool{}
	failures := 0
	for ctx.Err() == nil {
		head, err := w.current(ctx)
		var names []string
		if err == nil {
			names, err = w.Targets(ctx)
		}
		if err != nil {
			failures++
			w.complain(ctx, "list targets with open orders", err)
			_ = w.pause(ctx, failures) // ends only with ctx, which the loop looks at
			continue
		}
		failures = 0
		for _, name := range names {
			if !running[name] {
				running[name] = true
				runners.Go(func() { w.runner(name).run(ctx) })
			}
		}
		if err := w.Journal.Store.Wait(ctx, head); err != nil {
			failures++
			_ = w.pause(ctx, failures)
		}
	}
	return nil
}

// Causes says what keeps orders from being carried out, one sentence each.
func (w *Worker) Causes() []string { return w.troubles.causes() }

// current returns the last position, once the read models show it.
func (w *Worker) current(ctx context.Context) (int64, error) {
	head, err := w.Journal.Store.Head(ctx)
	if err != nil {
		return 0, err
	}
	return head, w.Projected(ctx, head)
}

// complain logs an error of the own store, which will be tried again.
func (w *Worker) complain(ctx context.Context, what string, err error) {
	if !errors.Is(err, context.Canceled) {
		w.Log.ErrorContext(ctx, "order worker is held up", "operation", what, "error", err)
	}
}
