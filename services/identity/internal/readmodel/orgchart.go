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
		Name: "orgchart", Version: 2, Schema: orgchartSchema,
		Apply:   applyUnits,
		Digests: []string{`SELECT path, name, head FROM units ORDER BY path`},
	}
}

func applyUnits(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	batch := &pgx.Batch{}
	for _, f := range page {
		switch e := f.Message.(type) {
		case *identityv1.OrgUnitCreated:
			batch.Queue(`INSERT INTO units (path, unit_id, parent_id, name) VALUES ($1, $2, $3, $4)`,
				e.GetPath(), e.GetUnitId(), e.GetParentId(), e.GetName())
		case *identityv1.OrgUnitMoved:
			moveUnits(batch, e.GetPath(), e.GetTo())
		case *identityv1.OrgUnitMerged:
			moveUnits(batch, e.GetPath(), e.GetInto())
		case *identityv1.OrgUnitAbolished:
			batch.Queue(`DELETE FROM units WHERE path = $1`, e.GetPath())
		case *identityv1.OrgUnitHeadNamed:
			batch.Queue(`UPDATE units SET head = $2 WHERE path = $1`, e.GetPath(), e.GetHead())
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

// moveUnits gives a unit and all below it another path; what is there already
// stays what it is.
func moveUnits(batch *pgx.Batch, path, to []string) {
	const below = `path[1:cardinality($1::text[])] = $1`
	const there = `$2::text[] || path[cardinality($1::text[]) + 1:]`
	batch.Queue(`DELETE FROM units WHERE `+below+` AND EXISTS (SELECT FROM units o WHERE o.path = $2::text[] || units.path[cardinality($1::text[]) + 1:])`, path, to)
	batch.Queue(`UPDATE units SET path = `+there+` WHERE `+below, path, to)
	batch.Queue(`UPDATE units SET name = path[cardinality(path)], parent_id = coalesce((SELECT p.unit_id FROM units p WHERE p.path = units.path[:cardinality(units.path) - 1]), '')
		WHERE path[1:cardinality($1::text[])] = $1`, to)
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
