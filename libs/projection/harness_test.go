package projection_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
	"github.com/ostiary/ostiary/libs/testkit"
)

// sums counts per name and adds up numbers, so that an event that is applied
// twice or skipped is seen.
func sums() projection.Projection {
	return projection.Projection{
		Name: "sums", Version: 1,
		Schema:  `CREATE TABLE sums (name text PRIMARY KEY, events bigint NOT NULL, total bigint NOT NULL, last_at bigint NOT NULL)`,
		Digests: []string{`SELECT name, events, total FROM sums ORDER BY name COLLATE "C";`},
		Apply:   addUp,
	}
}

func addUp(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	b := &pgx.Batch{}
	for _, f := range page {
		if m, ok := f.Message.(*policyv1.PackAcknowledged); ok {
			b.Queue(`INSERT INTO sums AS s VALUES ($1, 1, $2, $3) ON CONFLICT (name)
				DO UPDATE SET events = s.events + 1, total = s.total + $2, last_at = $3`, m.GetService(), m.GetVersion(), f.Position)
		}
	}
	return tx.SendBatch(ctx, b).Close()
}

// database is a migrated one, opened as the service's role.
func database(t *testing.T) *pgxpool.Pool {
	t.Helper()
	db := testkit.Postgres(t)
	role, url := db.Role(t)
	owner, err := pgx.Connect(t.Context(), db.Admin)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // it may run again
		if err := projection.Migrate(t.Context(), owner, role); err != nil {
			t.Fatal(err)
		}
	}
	if err := owner.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return testkit.Pool(t, url)
}

// runner makes a runner that is not started.
func runner(t *testing.T, h *history, pool *pgxpool.Pool, c clock.Clock, d *projection.Deadlines, ps ...projection.Projection) *projection.Runner {
	t.Helper()
	r, err := projection.NewRunner(&eventstore.Journal{Service: "policy", Store: h, Sealer: eventstore.NoSealer{}},
		pool, c, slog.New(slog.DiscardHandler), ps, d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// start runs until the test ends or the returned function is called.
func start(t *testing.T, r *projection.Runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func waitFor(t *testing.T, r *projection.Runner, position int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := r.WaitFor(ctx, position); err != nil {
		t.Fatalf("wait for %d: %v; causes %v", position, err, r.Causes())
	}
}

func digest(t *testing.T, r *projection.Runner, name string, position int64) string {
	t.Helper()
	d, at, err := r.Digest(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if at != position {
		t.Fatalf("digest of %s is of position %d, want %d", name, at, position)
	}
	return d
}

// total is the sum over all rows.
func total(ctx context.Context, pool *pgxpool.Pool) (sum int64, err error) {
	err = pool.QueryRow(ctx, `SELECT coalesce(sum(total), 0)::bigint FROM rm_sums.sums`).Scan(&sum)
	if err != nil {
		return 0, fmt.Errorf("query the read model: %w", err)
	}
	return sum, nil
}
