package projection_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
	"github.com/ostiary/ostiary/libs/testkit"
)

func TestRebuildWhileEventsComeAndQueriesRun(t *testing.T) {
	t.Parallel()
	h, pool := newHistory(), database(t)
	r := runner(t, h, pool, clock.System{}, nil, sums())
	start(t, r)
	waitFor(t, r, h.add(t, acknowledgements(1, 8000)...))

	ctx, cancel := context.WithCancel(t.Context())
	var others sync.WaitGroup
	others.Go(func() { // events keep coming
		for n := 8001; ctx.Err() == nil; n += 5 {
			waitFor(t, r, h.add(t, acknowledgements(n, n+4)...))
		}
	})
	for range 2 {
		others.Go(func() { // a reader never sees an error, nor the past again
			var seen int64
			for ctx.Err() == nil {
				got, err := total(t.Context(), pool)
				if err != nil || got < seen {
					t.Errorf("during the rebuild a query saw %d after %d, error %v", got, seen, err)
					return
				}
				seen = got
			}
		})
	}
	others.Go(func() { // a digest is of one state, never of none
		for ctx.Err() == nil {
			if _, _, err := r.Digest(t.Context(), "sums"); err != nil {
				t.Errorf("digest: %v", err)
				return
			}
		}
	})
	for range max(5, testkit.Count(20)) { // the writer makes each longer than the one before
		if err := r.Rebuild(t.Context(), "sums"); err != nil {
			t.Error(err)
		}
	}
	cancel()
	others.Wait()

	head, _ := h.Head(t.Context())
	waitFor(t, r, head)
	live := digest(t, r, "sums", head)
	fresh := runner(t, h, database(t), clock.System{}, nil, sums())
	start(t, fresh)
	waitFor(t, fresh, head)
	if want := digest(t, fresh, "sums", head); live != want {
		t.Errorf("after rebuilding while events came the digest is %s, want %s", live, want)
	}
	if got := schemas(t, pool); !slices.Equal(got, []string{"rm_sums"}) {
		t.Errorf("schemas left: %v", got)
	}
	positions, err := r.Positions(t.Context())
	if err != nil || len(positions) != 1 || positions[0].Name != "sums" || positions[0].Position != head || positions[0].Digest != "" {
		t.Errorf("positions are %+v, %v; want sums at %d", positions, err, head)
	}
}

func TestRaisedVersionIsRebuiltWithItsNewTables(t *testing.T) {
	t.Parallel()
	h, pool := newHistory(), database(t)
	old := runner(t, h, pool, clock.System{}, nil, sums())
	stop := start(t, old)
	head := h.add(t, acknowledgements(1, 2500)...)
	waitFor(t, old, head)
	stop()

	p := sums()
	p.Version = 2
	p.Schema = `CREATE TABLE names (name text PRIMARY KEY, highest text NOT NULL)`
	p.Digests = []string{`SELECT * FROM names ORDER BY 1`}
	p.Apply = func(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
		b := &pgx.Batch{}
		for _, f := range page {
			m := f.Message.(*policyv1.PackAcknowledged)
			b.Queue(`INSERT INTO names VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET highest = $2`, m.GetService(), m.GetDigest())
		}
		return tx.SendBatch(ctx, b).Close()
	}
	raised := runner(t, h, pool, clock.System{}, nil, p)
	start(t, raised)
	waitFor(t, raised, head)
	var rows int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM rm_sums.names`).Scan(&rows); err != nil || rows != 7 {
		t.Errorf("%d rows, error %v; want 7", rows, err)
	}

	// A binary of the old version does not touch the new rows.
	behind := runner(t, h, pool, clock.System{}, nil, sums())
	start(t, behind)
	if cause := causeOf(t, behind); !strings.Contains(cause, "version 2") {
		t.Errorf("cause %q", cause)
	}
	waitFor(t, raised, h.add(t, acknowledged(2501)))
}

func TestFailedRebuildLeavesTheLiveRows(t *testing.T) {
	t.Parallel()
	h, pool := newHistory(), database(t)
	r := runner(t, h, pool, clock.System{}, nil, sums())
	start(t, r)
	head := h.add(t, acknowledgements(1, 100)...)
	waitFor(t, r, head)
	want := digest(t, r, "sums", head)
	restore := h.lose(50)
	if err := r.Rebuild(t.Context(), "sums"); err == nil || !strings.Contains(err.Error(), "51 follows 49") {
		t.Errorf("rebuild over a hole: %v", err)
	}
	restore()
	if got := digest(t, r, "sums", head); got != want {
		t.Error("a failed rebuild changed the live rows")
	}
	if err := r.Rebuild(t.Context(), "sums"); err != nil {
		t.Errorf("the next rebuild: %v", err)
	}
}

func TestDroppedReadModelIsMadeAgain(t *testing.T) {
	t.Parallel()
	h, pool := newHistory(), database(t)
	first := runner(t, h, pool, clock.System{}, nil, sums())
	stop := start(t, first)
	head := h.add(t, acknowledgements(1, 100)...)
	waitFor(t, first, head)
	want := digest(t, first, "sums", head)
	stop()
	if _, err := pool.Exec(t.Context(), `DROP SCHEMA rm_sums CASCADE`); err != nil {
		t.Fatal(err)
	}
	again := runner(t, h, pool, clock.System{}, nil, sums())
	start(t, again)
	waitFor(t, again, head)
	if got := digest(t, again, "sums", head); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestPrepareMakesEmptyTables(t *testing.T) {
	t.Parallel()
	pool := database(t)
	r := runner(t, newHistory(), pool, clock.System{}, &projection.Deadlines{}, sums())
	if err := r.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := schemas(t, pool); !slices.Equal(got, []string{"rm_due", "rm_sums"}) {
		t.Errorf("schemas %v", got)
	}
	if err := r.Rebuild(t.Context(), "no_such"); err == nil {
		t.Error("rebuilt what is not there")
	}
}

func schemas(t *testing.T, pool interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}) []string {
	t.Helper()
	rows, err := pool.Query(t.Context(), `SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'rm\_%' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return got
}
