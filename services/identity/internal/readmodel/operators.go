package readmodel

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
)

// Operator is an account with power over Ostiary, as shown.
type Operator struct {
	Account    string
	Kind       string
	State      string
	Since      time.Time
	Roles      []string
	RolesSince *time.Time
	// Password tells whether one was issued, MustChange that its holder has not
	// replaced it yet.
	Password   bool
	MustChange bool
}

// ListOperators lists by name the accounts that are not of employees, and those
// of employees who hold product roles; at most limit of them, those after a
// name.
func ListOperators(ctx context.Context, pool *pgxpool.Pool, after string, limit int) ([]Operator, error) {
	rows, err := pool.Query(ctx, `
		SELECT account, kind, state, since, roles, roles_since, credential_id <> '', must_change
		FROM rm_accounts.accounts
		WHERE (kind = $1 OR roles <> '{}') AND account > $2 COLLATE "C"
		ORDER BY account COLLATE "C" LIMIT $3`, account.Operator, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read operators: %w", err)
	}
	operators, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Operator])
	if err != nil {
		return nil, fmt.Errorf("read operators: %w", err)
	}
	return operators, nil
}

// Operators are the names of accounts that are not of employees.
func Operators(ctx context.Context, pool *pgxpool.Pool) (map[string]bool, error) {
	rows, err := pool.Query(ctx, `SELECT account FROM rm_accounts.accounts WHERE kind = $1`, account.Operator)
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	operators := map[string]bool{}
	for _, n := range names {
		operators[n] = true
	}
	return operators, nil
}

// Holders are the other accounts in use that hold a product role.
func Holders(ctx context.Context, pool *pgxpool.Pool, role, other string) ([]string, error) {
	rows, err := pool.Query(ctx,
		`SELECT account FROM rm_accounts.accounts WHERE $1 = ANY (roles) AND account <> $2 AND state = 'active' ORDER BY account`, role, other)
	if err != nil {
		return nil, fmt.Errorf("read holders of a role: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read holders of a role: %w", err)
	}
	return names, nil
}
