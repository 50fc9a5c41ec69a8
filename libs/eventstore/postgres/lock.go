package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Lock is a name in a service's database that one caller holds at a time, in
// whatever process. Callers of one Lock queue up in memory, and whoever holds
// or awaits it has a connection outside the pool: the holder needs the pool, so
// those who wait for the holder must not use it up.
type Lock struct {
	pool *pgxpool.Pool
	name string
	turn chan struct{}
}

// NewLock returns the lock of a name in the database of a pool.
func NewLock(pool *pgxpool.Pool, name string) *Lock {
	return &Lock{pool: pool, name: name, turn: make(chan struct{}, 1)}
}

// Hold runs do once the lock is free.
func (l *Lock) Hold(ctx context.Context, do func() error) error {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for lock %s: %w", l.name, ctx.Err())
	}
	defer func() { <-l.turn }()
	_, err := l.with(ctx, `SELECT true FROM pg_advisory_lock(hashtextextended($1, 0))`, do)
	return err
}

// Try runs do if the lock is free, and tells whether it was.
func (l *Lock) Try(ctx context.Context, do func() error) (free bool, err error) {
	select {
	case l.turn <- struct{}{}:
	default:
		return false, nil
	}
	defer func() { <-l.turn }()
	return l.with(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, do)
}

func (l *Lock) with(ctx context.Context, take string, do func() error) (taken bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, l.pool.Config().ConnConfig)
	if err != nil {
		return false, fmt.Errorf("connect for lock %s: %w", l.name, err)
	}
	defer l.release(ctx, conn)
	if err := conn.QueryRow(ctx, take, l.name).Scan(&taken); err != nil {
		return false, fmt.Errorf("take lock %s: %w", l.name, err)
	}
	if !taken {
		return false, nil
	}
	return true, do()
}

// releaseWithin is how long a release may take.
const releaseWithin = 2 * time.Second

// release gives the lock free before it returns; if that fails, the lock ends
// with its connection.
func (l *Lock) release(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWithin)
	defer cancel()
	_, _ = conn.Exec(ctx, `SELECT pg_advisory_unlock_all()`)
	_ = conn.Close(ctx)
}
