package readmodel

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// WaitingFor lists the open cases in which a person may sign the step that
// waits, and those for the benefit of the person.
func WaitingFor(ctx context.Context, pool *pgxpool.Pool, person string) ([]string, error) {
	return ids(ctx, pool, `
		SELECT case_id FROM rm_cases.cases WHERE state = 'open'
		AND (beneficiary_id = $1 OR case_id IN (SELECT case_id FROM rm_cases.seats WHERE person_id = $1)) ORDER BY case_id`, person)
}

// Waiting lists all open cases.
func Waiting(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	return ids(ctx, pool, `SELECT case_id FROM rm_cases.cases WHERE state = 'open' ORDER BY case_id`)
}

func ids(ctx context.Context, pool *pgxpool.Pool, query string, args ...any) ([]string, error) {
	rows, err := pool.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list who or what waits: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list who or what waits: %w", err)
	}
	return found, nil
}

// Waits tells whether the step that waits in a case may be signed by one of
// these people.
func Waits(ctx context.Context, pool *pgxpool.Pool, id string, people []string) (waits bool, err error) {
	err = pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM rm_cases.seats WHERE case_id = $1 AND person_id = ANY ($2))`, id, people).Scan(&waits)
	if err != nil {
		return false, fmt.Errorf("look for whom the case waits: %w", err)
	}
	return waits, nil
}
