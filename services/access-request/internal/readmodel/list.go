package readmodel

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Grant is one right of one person at the instant that was asked for.
type Grant struct {
	GrantID, PersonID, EmployeeNumber, Account, Application, Role, Kind, State string
	ValidFrom                                                                  time.Time
	ValidUntil                                                                 *time.Time
	Position, IssuedPosition                                                   int64
}

// Selection says which grants are asked for.
type Selection struct {
	// EmployeeNumber selects a person, if set.
	EmployeeNumber string
	// Application and Role select a role, if set.
	Application, Role string
	// At is the instant by effective time; zero: now.
	At time.Time
	// KnownAt is the instant by recorded time; zero: now.
	KnownAt time.Time
	// Removed also selects what is removed by then.
	Removed bool
	// After is the last grant of the page before, if there was one.
	After *Key
	// Limit is at most how many.
	Limit int
}

// Key is the place of a grant in the order of lists.
type Key struct{ Application, Role, EmployeeNumber, GrantID string }

// Key returns the place of the grant.
func (g Grant) Key() Key { return Key{g.Application, g.Role, g.EmployeeNumber, g.GrantID} }

// now is the state after everything that is known.
const now = `
SELECT grant_id, person_id, employee_number, account, application, role, kind, state, issued_at,
       CASE WHEN revoked_at IS NULL THEN valid_until ELSE least(valid_until, revoked_at) END,
       coalesce(removed_position, revoked_position, suspension_position, activated_position, issued_position), issued_position
FROM rm_grants.grants g WHERE true`

// then is the state at an instant ($1), as it was known at another ($2). Facts
// count that were recorded by $2 and hold by $1. A fact that was recorded after
// the instant from which it holds could not be acted on in between; in that
// span a right that was given counts as active, and one that was taken as
// removed, as soon as the target is known to have been read back. A suspension is
// decided and lifted when it is recorded; the last one that had begun says whether
// the right was there.
const then = `
SELECT grant_id, person_id, employee_number, account, application, role, kind, state, issued_at,
       CASE WHEN ended THEN least(valid_until, revoked_at) ELSE valid_until END,
       CASE state WHEN 'removed' THEN removed_position WHEN 'revoking' THEN revoked_position
                  WHEN 'suspended' THEN gone_position WHEN 'suspending' THEN began_position
                  WHEN 'active' THEN coalesce(back_position, activated_position)
                  ELSE coalesce(lifted_position, issued_position) END, issued_position
FROM (
    SELECT f.*, s.*, CASE
        WHEN ended AND removed_recorded <= $2 AND (removed_at <= $1 OR $1 < revoked_recorded) THEN 'removed'
        WHEN ended THEN 'revoking'
        WHEN back_position IS NOT NULL THEN 'active'
        WHEN lifted_position IS NOT NULL THEN 'issued'
        WHEN gone_position IS NOT NULL THEN 'suspended'
        WHEN began_position IS NOT NULL THEN 'suspending'
        WHEN activated_recorded <= $2 AND (activated_at <= $1 OR $1 < issued_recorded) THEN 'active'
        ELSE 'issued' END AS state
    FROM (
        SELECT grant_id, person_id, employee_number, account, application, role, kind,
               coalesce((SELECT r.valid_until FROM rm_grants.renewals r WHERE r.grant_id = g.grant_id AND r.recorded <= $2
                         ORDER BY r.position DESC LIMIT 1), first_until) AS valid_until,
               issued_at, issued_recorded, issued_position, activated_at, activated_recorded, activated_position,
               revoked_at, revoked_recorded, revoked_position, removed_at, removed_recorded, removed_position,
               coalesce(revoked_recorded <= $2 AND revoked_at <= $1, false) AS ended
        FROM rm_grants.grants g WHERE issued_recorded <= $2 AND issued_at <= $1
    ) f LEFT JOIN LATERAL (
        SELECT began_position,
               CASE WHEN gone_recorded <= $2 AND gone_at <= $1 THEN gone_position END AS gone_position,
               CASE WHEN lifted_recorded <= $2 AND lifted_at <= $1 THEN lifted_position END AS lifted_position,
               CASE WHEN back_recorded <= $2 AND back_at <= $1 THEN back_position END AS back_position
        FROM rm_grants.suspensions l WHERE l.grant_id = f.grant_id AND began_recorded <= $2 AND began_at <= $1
        ORDER BY l.began_position DESC LIMIT 1
    ) s ON true
) g WHERE true`

// List returns grants in the order of application, role, employee number and
// grant.
func List(ctx context.Context, pool *pgxpool.Pool, s Selection) ([]Grant, error) {
	sql, args := s.query()
	found, err := pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	return collect(found)
}

func collect(found pgx.Rows) ([]Grant, error) {
	grants, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (Grant, error) {
		var g Grant
		err := row.Scan(&g.GrantID, &g.PersonID, &g.EmployeeNumber, &g.Account, &g.Application, &g.Role, &g.Kind, &g.State,
			&g.ValidFrom, &g.ValidUntil, &g.Position, &g.IssuedPosition)
		return g, err
	})
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	return grants, nil
}

func (s Selection) query() (string, []any) {
	var b strings.Builder
	var args []any
	where := func(condition string, values ...any) {
		names := make([]any, len(values))
		for i, v := range values {
			args = append(args, v)
			names[i] = fmt.Sprintf("$%d", len(args))
		}
		fmt.Fprintf(&b, " AND "+condition, names...)
	}
	if s.At.IsZero() && s.KnownAt.IsZero() {
		b.WriteString(now)
	} else {
		b.WriteString(then)
		args = append(args, orForever(s.At), orForever(s.KnownAt))
	}
	if s.EmployeeNumber != "" {
		where("employee_number = %s", s.EmployeeNumber)
	}
	if s.Application != "" {
		where("application = %s AND role = %s", s.Application, s.Role)
	}
	if !s.Removed {
		where("state <> 'removed'")
	}
	if k := s.After; k != nil {
		where("(application, role, employee_number, grant_id) > (%s, %s, %s, %s)", k.Application, k.Role, k.EmployeeNumber, k.GrantID)
	}
	args = append(args, s.Limit)
	fmt.Fprintf(&b, " ORDER BY application, role, employee_number, grant_id LIMIT $%d", len(args))
	return b.String(), args
}

// orForever turns a missing bound into one that nothing exceeds.
func orForever(t time.Time) any {
	if t.IsZero() {
		return "infinity"
	}
	return t
}

// Held are the grants of an account and a role that are not removed.
func Held(ctx context.Context, pool *pgxpool.Pool, account, application, role string) ([]Grant, error) {
	found, err := pool.Query(ctx, now+` AND account = $1 AND application = $2 AND role = $3 AND state <> 'removed'`, account, application, role)
	if err != nil {
		return nil, fmt.Errorf("look for grants: %w", err)
	}
	return collect(found)
}
