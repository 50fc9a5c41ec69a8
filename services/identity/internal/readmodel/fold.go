package readmodel

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// fold is a projection whose rows each follow one stream: load the rows that a
// page touches, evolve them in memory, write them back at once.
type fold[R any] struct {
	// key tells which row a fact changes; "" for none.
	key func(eventstore.Fact) string
	// evolve returns the row after the fact.
	evolve func(R, eventstore.Fact) R
	// load reads rows by key.
	load func(ctx context.Context, tx pgx.Tx, keys []string) (map[string]R, error)
	// store queues the writing of one row.
	store func(batch *pgx.Batch, key string, row R) error
}

// apply is a projection's Apply.
func (f fold[R]) apply(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	touched := map[string]bool{}
	for _, fact := range page {
		if k := f.key(fact); k != "" {
			touched[k] = true
		}
	}
	if len(touched) == 0 {
		return nil
	}
	keys := slices.Sorted(maps.Keys(touched))
	rows, err := f.load(ctx, tx, keys)
	if err != nil {
		return fmt.Errorf("load rows: %w", err)
	}
	for _, fact := range page {
		if k := f.key(fact); k != "" {
			rows[k] = f.evolve(rows[k], fact)
		}
	}
	batch := &pgx.Batch{}
	for _, k := range keys {
		if err := f.store(batch, k, rows[k]); err != nil {
			return fmt.Errorf("encode row: %w", err)
		}
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("store rows: %w", err)
	}
	return nil
}
