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

// Members are the people who work in a unit or below it.
func Members(ctx context.Context, pool *pgxpool.Pool, unit []string) ([]string, error) {
	rows, err := pool.Query(ctx, `
		SELECT employee_number FROM rm_people.people
		WHERE state IN ('active', 'leaving') AND unit[1:cardinality($1::text[])] = $1
		ORDER BY employee_number`, unit)
	if err != nil {
		return nil, fmt.Errorf("look for the members of a unit: %w", err)
	}
	members, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for the members of a unit: %w", err)
	}
	return members, nil
}

// Reports tells whether somebody is, or reports to, another, directly or
// through others.
func Reports(ctx context.Context, pool *pgxpool.Pool, number, to string) (bool, error) {
	var found bool
	err := pool.QueryRow(ctx, `
		WITH RECURSIVE line (number) AS (
			SELECT $1::text
			UNION
			SELECT p.supervisor FROM line JOIN rm_people.people p ON p.employee_number = line.number
			WHERE p.supervisor <> '' AND p.state IN ('active', 'leaving'))
		SELECT EXISTS (SELECT FROM line WHERE number = $2)`, number, to).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("look at who reports to whom: %w", err)
	}
	return found, nil
}

// NamedHead is the head of a unit by HR's word, "" if HR named none who works
// here.
func NamedHead(ctx context.Context, pool *pgxpool.Pool, unit []string) (string, error) {
	var head string
	err := pool.QueryRow(ctx, `
		SELECT coalesce((SELECT p.employee_number FROM rm_orgchart.units u
			JOIN rm_people.people p ON p.employee_number = u.head AND p.state IN ('active', 'leaving') WHERE u.path = $1), '')`, unit).Scan(&head)
	if err != nil {
		return "", fmt.Errorf("look for the head of a unit: %w", err)
	}
	return head, nil
}
