package projection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"
)

// Runner keeps the projections of one service.
type Runner struct {
	journal *eventstore.Journal
	pool    *pgxpool.Pool
	log     *slog.Logger
	lines   []*line
	ticker  *ticker
	buffers sync.Pool // of pages
}

// names are also names of schemas, with a prefix and a suffix of ours.
var names = regexp.MustCompile(`^[a-z][a-z0-9_]{0,40}$`)

// NewRunner returns a runner that has not started. The clock is what deadlines
// are due by; deadlines may be nil.
func NewRunner(j *eventstore.Journal, pool *pgxpool.Pool, c clock.Clock, log *slog.Logger, projections []Projection, deadlines *Deadlines) (*Runner, error) {
	r := &Runner{journal: j, pool: pool, log: log}
	seen := map[string]bool{}
	add := func(p Projection) (*line, error) {
		if !names.MatchString(p.Name) || strings.HasSuffix(p.Name, suffixNext) || strings.HasSuffix(p.Name, suffixOld) || seen[p.Name] {
			return nil, fmt.Errorf("projection %q: the name must be new and of lower case letters, digits and underscores", p.Name)
		}
		if p.Version < 1 || p.Apply == nil {
			return nil, fmt.Errorf("projection %s: needs a version from 1 and Apply", p.Name)
		}
		seen[p.Name] = true
		l := &line{
			Projection: p, runner: r, changed: make(chan struct{}),
			schemas: postgres.NewLock(pool, "ostiary.projection."+p.Name),
		}
		r.lines = append(r.lines, l)
		return l, nil
	}
	for _, p := range projections {
		if _, err := add(p); err != nil {
			return nil, err
		}
	}
	if deadlines != nil {
		r.ticker = &ticker{runner: r, clock: c, do: deadlines.Do, wake: make(chan struct{}, 1)}
		l, err := add(dueProjection(deadlines, r.ticker))
		if err != nil {
			return nil, err
		}
		r.ticker.line, l.committed, l.carry = l, r.ticker.committed, carryFired
	}
	return r, nil
}

// Prepare makes the tables of projections that have none yet, so that queries
// find them, if empty. Run does so, too.
func (r *Runner) Prepare(ctx context.Context) error {
	for _, l := range r.lines {
		if _, err := l.ensure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Run keeps every projection up to date and carries out what is due, until ctx
// ends. What goes wrong is repeated and shown by Causes; it stops nobody else.
func (r *Runner) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, l := range r.lines {
		g.Go(func() error { return l.follow(ctx) })
	}
	if r.ticker != nil {
		g.Go(func() error { return r.ticker.run(ctx) })
	}
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("run projections: %w", err)
	}
	return nil
}

// WaitFor returns when every projection shows the position, or the error of
// ctx.
func (r *Runner) WaitFor(ctx context.Context, position int64) error {
	for _, l := range r.lines {
		if err := l.waitFor(ctx, position); err != nil {
			return err
		}
	}
	return nil
}

// Rebuild builds a projection anew beside the live one and swaps the two.
func (r *Runner) Rebuild(ctx context.Context, name string) error {
	l, err := r.line(name)
	if err != nil {
		return err
	}
	return l.rebuild(ctx, false)
}

// Causes lists the projections that do not advance, with position and error.
func (r *Runner) Causes() []string {
	var causes []string
	for _, l := range r.lines {
		if c := l.trouble(); c != "" {
			causes = append(causes, c)
		}
	}
	if r.ticker != nil {
		if c := r.ticker.trouble(); c != "" {
			causes = append(causes, c)
		}
	}
	return causes
}

func (r *Runner) line(name string) (*line, error) {
	for _, l := range r.lines {
		if l.Name == name {
			return l, nil
		}
	}
	return nil, fmt.Errorf("there is no projection %q", name)
}
