package readmodel

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
)

//go:embed accounts.sql
var accountsSchema string

// accountRow is an account and since when it is what it is.
type accountRow struct {
	account.State
	Since      time.Time
	RolesSince time.Time
}

// Accounts is every account with its state and product roles.
func Accounts() projection.Projection {
	return projection.Projection{
		Name: "accounts", Version: 2, Schema: accountsSchema,
		Apply: fold[accountRow]{
			key: func(f eventstore.Fact) string {
				name, ok := strings.CutPrefix(f.Stream, "account-")
				if !ok {
					return ""
				}
				return name
			},
			evolve: accountRow.after, load: loadAccounts, store: storeAccount,
		}.apply,
		Digests: []string{`SELECT account, kind, state, roles, provisional FROM accounts ORDER BY account`},
	}
}

func (r accountRow) after(f eventstore.Fact) accountRow {
	next := r
	next.State = account.Evolve(r.State, f.Message)
	if next.Status != r.Status {
		next.Since = f.RecordedAt
	}
	if !slices.Equal(next.Roles, r.Roles) {
		next.RolesSince = f.RecordedAt
	}
	return next
}

// loadAccounts restores everything that Evolve looks at: where a page ends must
// not matter.
func loadAccounts(ctx context.Context, tx pgx.Tx, keys []string) (map[string]accountRow, error) {
	rows, err := tx.Query(ctx, `
		SELECT account, person_id, kind, state, since, departed, roles, roles_since, provisional, credential_id, must_change
		FROM accounts WHERE account = ANY ($1)`, keys)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	accounts := map[string]accountRow{}
	for rows.Next() {
		var r accountRow
		var state string
		var rolesSince *time.Time
		if err := rows.Scan(&r.Account, &r.PersonID, &r.Kind, &state, &r.Since, &r.Departed, &r.Roles, &rolesSince, &r.Provisional,
			&r.CredentialID, &r.MustChange); err != nil {
			return nil, err
		}
		r.Status = accountStatus(state)
		if rolesSince != nil {
			r.RolesSince = *rolesSince
		}
		accounts[r.Account] = r
	}
	return accounts, rows.Err()
}

func storeAccount(batch *pgx.Batch, name string, r accountRow) error {
	var rolesSince *time.Time
	if !r.RolesSince.IsZero() {
		rolesSince = &r.RolesSince
	}
	batch.Queue(`
		INSERT INTO accounts (account, person_id, kind, state, since, departed, roles, roles_since, provisional, credential_id, must_change)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (account) DO UPDATE SET
			person_id = excluded.person_id, kind = excluded.kind, state = excluded.state, since = excluded.since, departed = excluded.departed,
			roles = excluded.roles, roles_since = excluded.roles_since, provisional = excluded.provisional,
			credential_id = excluded.credential_id, must_change = excluded.must_change`,
		name, r.PersonID, r.Kind, accountStates[r.Status], r.Since, r.Departed, listed(r.Roles), rolesSince, listed(r.Provisional),
		r.CredentialID, r.MustChange)
	return nil
}

// listed is a list as a column that is never null.
func listed(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
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
