package readmodel

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
)

//go:embed accounts.sql
var accountsSchema string

// Accounts is every account with its state and product roles.
func Accounts() projection.Projection {
	return projection.Projection{
		Name: "accounts", Version: 1, Schema: accountsSchema,
		Apply: fold[account.State]{
			key: func(f eventstore.Fact) string {
				name, ok := strings.CutPrefix(f.Stream, "account-")
				if !ok {
					return ""
				}
				return name
			},
			evolve: func(s account.State, f eventstore.Fact) account.State { return account.Evolve(s, f.Message) },
			load:   loadAccounts, store: storeAccount,
		}.apply,
		Digests: []string{`SELECT account, kind, state, roles FROM accounts ORDER BY account`},
	}
}

func loadAccounts(ctx context.Context, tx pgx.Tx, keys []string) (map[string]account.State, error) {
	rows, err := tx.Query(ctx, `SELECT account, person_id, kind, state, roles FROM accounts WHERE account = ANY ($1)`, keys)
	if err != nil {
		return nil, err
	}
	accounts := map[string]account.State{}
	var s account.State
	var state string
	_, err = pgx.ForEachRow(rows, []any{&s.Account, &s.PersonID, &s.Kind, &state, &s.Roles}, func() error {
		s.Status = accountStatus(state)
		accounts[s.Account] = s
		s.Roles = nil // not to be overwritten by the next row
		return nil
	})
	return accounts, err
}

func storeAccount(batch *pgx.Batch, name string, s account.State) error {
	roles := s.Roles
	if roles == nil {
		roles = []string{}
	}
	batch.Queue(`
		INSERT INTO accounts (account, person_id, kind, state, roles) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account) DO UPDATE SET person_id = excluded.person_id, kind = excluded.kind, state = excluded.state, roles = excluded.roles`,
		name, s.PersonID, s.Kind, accountStates[s.Status], roles)
	return nil
}

var accountStates = map[account.Status]string{
	account.None: "none", account.Opened: "opened", account.Active: "active", account.Suspended: "suspended", account.Closed: "closed",
}

func accountStatus(name string) account.Status {
	for s, n := range accountStates {
		if n == name {
			return s
		}
	}
	return account.None
}

// Account is an account of a person, as shown.
type Account struct {
	Account string
	State   string
}

// AccountsOf lists the accounts of a person.
func AccountsOf(ctx context.Context, pool *pgxpool.Pool, person string) ([]Account, error) {
	rows, err := pool.Query(ctx, `SELECT account, state FROM rm_accounts.accounts WHERE person_id = $1 ORDER BY account`, person)
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	accounts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Account])
	if err != nil {
		return nil, fmt.Errorf("read accounts: %w", err)
	}
	return accounts, nil
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
