package rebuildbench

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
)

const grantsName = "grants"

// grants is a read model of the usual kind: a row for each grant, folded in
// memory and written as a set.
func grants() projection.Projection {
	return projection.Projection{
		Name: grantsName, Version: 1,
		Schema: `CREATE TABLE grants (
			grant_id text COLLATE "C" PRIMARY KEY, employee_number text NOT NULL, application text NOT NULL,
			role text NOT NULL, state text NOT NULL, position bigint NOT NULL)`,
		Digests: []string{`SELECT employee_number, application, role, state FROM grants ORDER BY 1, 2, 3`},
		Apply:   apply,
	}
}

type row struct {
	number, application, role, state string
	position                         int64
}

func apply(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	rows := make(map[string]row, len(page))
	for _, f := range page {
		switch m := f.Message.(type) {
		case *accessrequestv1.GrantIssued:
			rows[m.GetGrantId()] = row{m.GetEmployeeNumber(), m.GetApplication(), m.GetRole(), "issued", f.Position}
		case *accessrequestv1.GrantActivated:
			rows[m.GetGrantId()] = row{m.GetEmployeeNumber(), m.GetApplication(), m.GetRole(), "active", f.Position}
		case *accessrequestv1.GrantRevoked:
			rows[m.GetGrantId()] = row{m.GetEmployeeNumber(), m.GetApplication(), m.GetRole(), "revoking", f.Position}
		case *accessrequestv1.GrantRemovalConfirmed:
			rows[m.GetGrantId()] = row{m.GetEmployeeNumber(), m.GetApplication(), m.GetRole(), "removed", f.Position}
		}
	}
	var ids, numbers, applications, roles, states []string
	var positions []int64
	for id, r := range rows {
		ids, numbers, applications = append(ids, id), append(numbers, r.number), append(applications, r.application)
		roles, states, positions = append(roles, r.role), append(states, r.state), append(positions, r.position)
	}
	_, err := tx.Exec(ctx, `INSERT INTO grants
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
		ON CONFLICT (grant_id) DO UPDATE SET state = excluded.state, position = excluded.position`,
		ids, numbers, applications, roles, states, positions)
	if err != nil {
		return fmt.Errorf("write grants: %w", err)
	}
	return nil
}

// check makes sure that what was measured has done its work.
func check(ctx context.Context, pool *pgxpool.Pool) error {
	var n int
	err := pool.QueryRow(ctx, `SELECT count(*) FROM rm_grants.grants WHERE state = 'removed'`).Scan(&n)
	if err == nil && n != people*grantsOf {
		err = fmt.Errorf("%d grants removed, want %d", n, people*grantsOf)
	}
	if err != nil {
		return fmt.Errorf("check the read model: %w", err)
	}
	return nil
}
