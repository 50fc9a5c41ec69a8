// Package appendbench measures the event store against the plainest way to
// write the same rows: one INSERT per transaction and event, on connections of
// its own for every caller, without order, version check or command ids. Both
// run in turn on the same server, so that what else the machine does hits both.
package appendbench

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Result is a measure and how it compares.
type Result struct {
	Name string
	// Value is the store's median, Baseline that of plain INSERTs, in Unit.
	Value, Baseline float64
	Unit            string
	// Ratio is the median of the pairs' ratios; Goal is what it should reach.
	Ratio, Goal float64
}

// Options say how long to measure.
type Options struct {
	// Pairs is how often store and baseline take turns; 3 if zero.
	Pairs int
	// Cell is how long each turn lasts; 3 s if zero.
	Cell time.Duration
}

// contest is one comparison: so many callers against so many connections.
type contest struct {
	name                 string
	callers, connections int
	goal                 float64
}

var contests = []contest{
	{"append_1", 1, 1, 0.6},
	{"append_32", 32, 32, 1.0},
	{"append_256", 256, 32, 1.8},
}

// Run measures on the server of adminURL, a superuser's, in a database of its
// own for each comparison, which it drops.
func Run(ctx context.Context, adminURL string, o Options) ([]Result, error) {
	if o.Pairs == 0 {
		o.Pairs = 3
	}
	if o.Cell == 0 {
		o.Cell = 3 * time.Second
	}
	var results []Result
	for _, c := range contests {
		r, err := c.hold(ctx, adminURL, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		results = append(results, r)
	}
	return results, nil
}

func (c contest) hold(ctx context.Context, adminURL string, o Options) (r Result, err error) {
	address, drop, err := database(ctx, adminURL)
	if err != nil {
		return r, err
	}
	defer func() {
		if dropped := drop(); err == nil {
			err = dropped
		}
	}()
	a, err := openArena(ctx, address, c.connections)
	if err != nil {
		return r, err
	}
	defer a.close()
	var ours, plain, ratios []float64
	for pair := range o.Pairs + 1 {
		cell := o.Cell
		if pair == 0 { // plans and caches are warmed
			cell /= 5
		}
		p, err := a.measure(ctx, cell, c.connections, a.insert)
		if err != nil {
			return r, err
		}
		s, err := a.measure(ctx, cell, c.callers, a.append)
		if err != nil {
			return r, err
		}
		if pair > 0 {
			ours, plain, ratios = append(ours, s), append(plain, p), append(ratios, s/p)
		}
	}
	return Result{
		Name: c.name, Value: median(ours), Baseline: median(plain), Unit: "events/s", Ratio: median(ratios), Goal: c.goal,
	}, nil
}

// database makes an empty database and answers its URL.
func database(ctx context.Context, adminURL string) (address string, drop func() error, err error) {
	u, err := url.Parse(adminURL)
	if err != nil {
		return "", nil, fmt.Errorf("read the address of the database: %w", err)
	}
	name := fmt.Sprintf("appendbench_%d_%d", os.Getpid(), time.Now().UnixNano())
	if err := run(ctx, adminURL, "CREATE DATABASE "+name); err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	return u.String(), func() error {
		return run(context.WithoutCancel(ctx), adminURL, "DROP DATABASE "+name+" WITH (FORCE)")
	}, nil
}

func run(ctx context.Context, address, statement string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is lost with it
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
