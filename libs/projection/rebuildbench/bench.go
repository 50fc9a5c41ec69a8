// Package rebuildbench measures how fast a read model is built anew, against a
// plain SELECT of the same events.
package rebuildbench

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"
	"github.com/ostiary/ostiary/libs/projection"
)

// Result is one figure.
type Result struct {
	// Name is the figure's name.
	Name string
	// Value is what was measured, in Unit.
	Value float64
	// Unit is what Value and Baseline count.
	Unit string
	// Baseline was measured in the same run.
	Baseline float64
	// Ratio is Value ÷ Baseline.
	Ratio float64
	// Goal is what Ratio must reach.
	Goal float64
}

const (
	// people is how many the bench reads ten events of.
	people = 20_000
	// goal is the part of the speed of a plain SELECT that a rebuild must reach.
	goal = 0.4
	// pairs is how often both are measured, one after the other.
	pairs = 5
)

// Run fills an event store in a database of its own on the server of adminURL
// and measures. The database is dropped at the end.
func Run(ctx context.Context, adminURL string) ([]Result, error) {
	return run(ctx, adminURL, people, pairs)
}

func run(ctx context.Context, adminURL string, people, pairs int) (results []Result, err error) {
	pool, drop, err := database(ctx, adminURL)
	if err != nil {
		return nil, err
	}
	defer drop()
	store, err := postgres.Open(ctx, pool, clock.System{})
	if err != nil {
		return nil, fmt.Errorf("open event store: %w", err)
	}
	defer store.Close()
	if err := fill(ctx, store, people); err != nil {
		return nil, err
	}
	runner, err := projection.NewRunner(&eventstore.Journal{Service: "access-request", Store: store, Sealer: eventstore.NoSealer{}},
		pool, clock.System{}, slog.New(slog.DiscardHandler), []projection.Projection{holdings()}, nil)
	if err != nil {
		return nil, err
	}
	var scans, rebuilds []float64
	for range pairs {
		scan, err := perSecond(people*each, func() error { return scan(ctx, pool, people*each) })
		if err != nil {
			return nil, fmt.Errorf("scan: %w", err)
		}
		rebuild, err := perSecond(people*each, func() error { return runner.Rebuild(ctx, holdingsName) })
		if err != nil {
			return nil, err
		}
		scans, rebuilds = append(scans, scan), append(rebuilds, rebuild)
	}
	if err := check(ctx, pool, people); err != nil {
		return nil, err
	}
	value, baseline := median(rebuilds), median(scans)
	return []Result{{Name: "rebuild", Value: value, Unit: "events/s", Baseline: baseline, Ratio: value / baseline, Goal: goal}}, nil
}

// perSecond is how many events f goes through in a second.
func perSecond(events int, f func() error) (float64, error) {
	start := clock.System{}.Now()
	err := f()
	return float64(events) / clock.System{}.Now().Sub(start).Seconds(), err
}

// scan reads all columns of all events in order into plain variables.
func scan(ctx context.Context, pool *pgxpool.Pool, events int) error {
	rows, err := pool.Query(ctx, `SELECT * FROM es.event ORDER BY position`)
	if err != nil {
		return fmt.Errorf("select: %w", err)
	}
	var (
		position, version                                      int64
		stream, kind, actor, behalf, correlation, digest, rule string
		trace                                                  string
		event, command                                         [16]byte
		data                                                   []byte
		recorded, effective                                    time.Time
		service                                                *string
		cause                                                  *int64
	)
	n := 0
	_, err = pgx.ForEachRow(rows, []any{
		&position, &stream, &version, &event, &kind, &data, &recorded, &effective, &actor, &behalf,
		&correlation, &service, &cause, &command, &digest, &rule, &trace,
	}, func() error { n++; return nil })
	if err == nil && n != events {
		err = fmt.Errorf("%d rows, want %d", n, events)
	}
	if err != nil {
		return fmt.Errorf("select: %w", err)
	}
	return nil
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}
