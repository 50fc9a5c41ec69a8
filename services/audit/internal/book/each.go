package book

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// entryPage is how many entries are read at once.
const entryPage = 5000

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// each calls do for every entry after a sequence number up to another, in
// order.
func each(ctx context.Context, q querier, after, last int64, do func(Entry)) error {
	for {
		page, err := entries(ctx, q, after, last)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			do(e)
			after = e.Seq
		}
	}
}

// entries returns the next page of entries.
func entries(ctx context.Context, q querier, after, last int64) ([]Entry, error) {
	rows, err := q.Query(ctx, `SELECT seq, service, position, leaf, chain FROM ledger.entry
		WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3`, after, last, entryPage)
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	page, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Entry, error) {
		var e Entry
		var leaf, chain []byte
		err := row.Scan(&e.Seq, &e.Service, &e.Position, &leaf, &chain)
		copy(e.Leaf[:], leaf)
		copy(e.Chain[:], chain)
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("read entries: %w", err)
	}
	return page, nil
}
