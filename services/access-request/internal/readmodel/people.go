package readmodel

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Everybody lists the person ids of all who work here.
func Everybody(ctx context.Context, pool *pgxpool.Pool) ([]string, error) {
	found, err := pool.Query(ctx, `SELECT person_id FROM rm_grants.posts WHERE employed ORDER BY employee_number`)
	if err != nil {
		return nil, fmt.Errorf("list everybody: %w", err)
	}
	all, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list everybody: %w", err)
	}
	return all, nil
}

// Group is all people with the same post who hold the same birthrights.
type Group struct {
	Position, Kind string
	Unit           []string
	Attributes     map[string]string
	// Held are the birthrights as "application/role@target".
	Held []string
	// People is how many they are.
	People int
	// Example is the employee number of one of them.
	Example string
}

// Groups returns everybody who works here, the same ones together.
func Groups(ctx context.Context, pool *pgxpool.Pool) ([]Group, error) {
	found, err := pool.Query(ctx, `
		SELECT position, kind, unit, attributes, coalesce(held, '{}') AS held, count(*), min(employee_number)
		FROM rm_grants.posts LEFT JOIN (
		    SELECT person_id, array_agg(application || '/' || role || '@' || target ORDER BY application, role, target) AS held
		    FROM rm_grants.grants WHERE kind = 'birthright' AND state NOT IN ('revoking', 'removed') GROUP BY person_id
		) h USING (person_id)
		WHERE employed GROUP BY position, kind, unit, attributes, held`)
	if err != nil {
		return nil, fmt.Errorf("group people: %w", err)
	}
	groups, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (Group, error) {
		var g Group
		err := row.Scan(&g.Position, &g.Kind, &g.Unit, &g.Attributes, &g.Held, &g.People, &g.Example)
		return g, err
	})
	if err != nil {
		return nil, fmt.Errorf("group people: %w", err)
	}
	return groups, nil
}

// HeldRole is a role that people are meant to have, of whatever kind.
type HeldRole struct {
	Application, Role string
	Grants            int
}

// HeldRoles counts the grants that are not removed, by role.
func HeldRoles(ctx context.Context, pool *pgxpool.Pool) ([]HeldRole, error) {
	found, err := pool.Query(ctx, `
		SELECT application, role, count(*) FROM rm_grants.grants WHERE state <> 'removed'
		GROUP BY application, role ORDER BY application, role`)
	if err != nil {
		return nil, fmt.Errorf("count grants by role: %w", err)
	}
	roles, err := pgx.CollectRows(found, pgx.RowToStructByPos[HeldRole])
	if err != nil {
		return nil, fmt.Errorf("count grants by role: %w", err)
	}
	return roles, nil
}

// Known tells whether identity has ever spoken of an employee number.
func Known(ctx context.Context, pool *pgxpool.Pool, number string) (known bool, err error) {
	err = pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM rm_grants.posts WHERE employee_number = $1)`, number).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("look for the person: %w", err)
	}
	return known, nil
}

// Given tells whether anybody ever held a role.
func Given(ctx context.Context, pool *pgxpool.Pool, application, role string) (given bool, err error) {
	err = pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM rm_grants.grants WHERE application = $1 AND role = $2)`, application, role).Scan(&given)
	if err != nil {
		return false, fmt.Errorf("look for the role: %w", err)
	}
	return given, nil
}
