package messaging

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// TakenIn is the position up to which a service, by its database, has taken in a
// source; 0 before it has begun.
func TakenIn(ctx context.Context, pool *pgxpool.Pool, source string) (position int64, err error) {
	err = pool.QueryRow(ctx, "SELECT position FROM messaging.inbox WHERE source = $1", source).Scan(&position)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("read how far %s was taken in: %w", source, err)
	}
	return position, nil
}
