package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// ReadAll implements eventstore.Store.
func (s *Store) ReadAll(ctx context.Context, after int64, limit int) ([]eventstore.Recorded, error) {
	return s.read(ctx, `SELECT `+columnList+` FROM es.event e WHERE e.position > $1 ORDER BY e.position LIMIT $2`, limit, after, max(limit, 0))
}

// ReadStream implements eventstore.Store. It starts at the range in which the
// stream does.
func (s *Store) ReadStream(ctx context.Context, stream string, after int64, limit int) ([]eventstore.Recorded, error) {
	return s.read(ctx, `SELECT `+columnList+` FROM es.event e
		WHERE e.stream = $1 AND e.version > $2 AND e.position >= (SELECT h.first FROM es.stream h WHERE h.stream = $1)
		ORDER BY e.version LIMIT $3`, limit, stream, after, max(limit, 0))
}

// Head implements eventstore.Store.
func (s *Store) Head(ctx context.Context) (int64, error) {
	var head int64
	if err := s.pool.QueryRow(ctx, `SELECT es.head()`).Scan(&head); err != nil {
		return 0, fmt.Errorf("read the last position: %w", err)
	}
	return head, nil
}

// Lookup implements eventstore.Store.
func (s *Store) Lookup(ctx context.Context, c eventstore.Command) (eventstore.Result, bool, error) {
	r := eventstore.Result{Replayed: true}
	var digest []byte
	err := s.pool.QueryRow(ctx, `SELECT digest, first, last, version FROM es.command WHERE command_id = $1`, c.ID).
		Scan(&digest, &r.First, &r.Last, &r.Version)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return eventstore.Result{}, false, nil
	case err != nil:
		return eventstore.Result{}, false, fmt.Errorf("look up command %s: %w", c.ID, err)
	case [32]byte(digest) != c.Digest:
		return eventstore.Result{}, false, eventstore.ErrCommandReused.With("command_id", c.ID)
	}
	return r, true, nil
}

func (s *Store) read(ctx context.Context, query string, limit int, args ...any) ([]eventstore.Recorded, error) {
	// Formats are asked for, because collect knows only the binary ones.
	rows, err := s.pool.Query(ctx, query, append([]any{pgx.QueryResultFormats{pgx.BinaryFormatCode}}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return collect(rows, limit)
}
