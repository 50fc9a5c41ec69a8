package readmodel

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
)

//go:embed orgchart.sql
var orgchartSchema string

// OrgChart is the tree of units.
func OrgChart() projection.Projection {
	return projection.Projection{
		Name: "orgchart", Version: 1, Schema: orgchartSchema,
		Apply:   applyUnits,
		Digests: []string{`SELECT path, name FROM units ORDER BY path`},
	}
}

func applyUnits(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	batch := &pgx.Batch{}
	for _, f := range page {
		if e, ok := f.Message.(*identityv1.OrgUnitCreated); ok {
			batch.Queue(`INSERT INTO units (path, unit_id, parent_id, name) VALUES ($1, $2, $3, $4)`,
				e.GetPath(), e.GetUnitId(), e.GetParentId(), e.GetName())
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("store units: %w", err)
	}
	return nil
}

// Units are the paths of all units, joined by U+001F.
func Units(ctx context.Context, pool *pgxpool.Pool) (map[string]bool, error) {
	rows, err := pool.Query(ctx, `SELECT path FROM rm_orgchart.units`)
	if err != nil {
		return nil, fmt.Errorf("read units: %w", err)
	}
	paths, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
	if err != nil {
		return nil, fmt.Errorf("read units: %w", err)
	}
	units := map[string]bool{}
	for _, p := range paths {
		units[UnitKey(p)] = true
	}
	return units, nil
}

// UnitKey is a path as a key of Units.
func UnitKey(path []string) string { return strings.Join(path, "\x1f") }
