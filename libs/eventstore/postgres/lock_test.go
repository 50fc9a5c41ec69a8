package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/ostiary/ostiary/libs/eventstore/postgres"
	"github.com/ostiary/ostiary/libs/testkit"
)

// small is a pool that 32 waiters could use up many times over.
func small(t *testing.T, d *testkit.Database) *pgxpool.Pool {
	t.Helper()
	config := d.Pool(t).Config()
	config.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Two processes, 32 callers each: one at a time, and the holder finds a
// connection in its pool however many wait.
func TestALockIsHeldByOneAndItsWaitersLeaveThePoolAlone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	database := testkit.Postgres(t)
	held, rounds := 0, 0
	var g errgroup.Group
	for range 2 {
		pool := small(t, database)
		lock := postgres.NewLock(pool, "operators")
		for range 32 {
			g.Go(func() error {
				return lock.Hold(ctx, func() error {
					held++
					rounds++
					defer func() { held-- }()
					if held != 1 {
						t.Errorf("%d hold the lock", held)
					}
					_, err := pool.Exec(ctx, "SELECT 1")
					return err
				})
			})
		}
	}
	if err := g.Wait(); err != nil || rounds != 64 {
		t.Errorf("%d rounds, %v", rounds, err)
	}
}

func TestWhoTriesALockDoesNotWait(t *testing.T) {
	t.Parallel()
	pool := small(t, testkit.Postgres(t))
	lock, elsewhere := postgres.NewLock(pool, "source/a"), postgres.NewLock(pool, "source/a")
	failure := errors.New("what do returns")
	for range 20 { // free again as soon as it was given back
		free, err := lock.Try(t.Context(), func() error {
			for _, l := range []*postgres.Lock{lock, elsewhere} {
				if free, err := l.Try(t.Context(), func() error { return nil }); free || err != nil {
					t.Errorf("a held lock: free %v, %v", free, err)
				}
			}
			if free, err := postgres.NewLock(pool, "source/b").Try(t.Context(), func() error { return nil }); !free || err != nil {
				t.Errorf("another name: free %v, %v", free, err)
			}
			return failure
		})
		if !free || !errors.Is(err, failure) {
			t.Fatalf("free %v, %v", free, err)
		}
	}
}

func TestWhoWaitsForALockCanGiveUp(t *testing.T) {
	t.Parallel()
	pool := small(t, testkit.Postgres(t))
	lock := postgres.NewLock(pool, "x")
	err := lock.Hold(t.Context(), func() error {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		return lock.Hold(ctx, func() error { t.Error("held twice"); return nil })
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("giving up: %v", err)
	}
}
