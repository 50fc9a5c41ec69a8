package readmodel

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Heads are the members of exactly this unit whose supervisor sits outside it,
// and the units below it, or who have none. Whoever supervises and has left sits
// nowhere.
func Heads(ctx context.Context, pool *pgxpool.Pool, unit []string) ([]string, error) {
	rows, err := pool.Query(ctx, `
		SELECT p.employee_number FROM rm_people.people p
		LEFT JOIN rm_people.people s ON s.employee_number = p.supervisor AND s.state IN ('active', 'leaving')
		WHERE p.state IN ('active', 'leaving') AND p.unit = $1 AND coalesce(s.unit[1:cardinality($1::text[])] <> $1, true)
		ORDER BY p.employee_number`, unit)
	if err != nil {
		return nil, fmt.Errorf("look for the head of a unit: %w", err)
	}
	heads, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for the head of a unit: %w", err)
	}
	return heads, nil
}
