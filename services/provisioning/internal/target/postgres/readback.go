package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

// readBackSQL shows, for each account and right, what is really there. A
// connection of an account that may still sign in counts when it is older than
// the change.
const readBackSQL = `
WITH connections AS MATERIALIZED (
	SELECT usesysid, backend_start FROM pg_stat_activity WHERE usesysid IS NOT NULL)
SELECT a.oid IS NOT NULL, coalesce(a.rolcanlogin, false),
	EXISTS (SELECT FROM pg_auth_members m WHERE m.member = a.oid AND m.roleid = r.oid),
	(SELECT count(*)::int FROM connections c WHERE c.usesysid = a.oid
		AND (NOT a.rolcanlogin OR c.backend_start IS NULL OR c.backend_start < $3)),
	(SELECT count(*)::int FROM pg_shdepend d
		WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = a.oid AND d.deptype = 'o')
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(account, "right", place)
LEFT JOIN pg_roles a ON a.rolname = w.account
LEFT JOIN pg_roles r ON r.rolname = w."right"
ORDER BY w.place`

// ReadBack implements target.Session.
func (s *Session) ReadBack(ctx context.Context, changes []target.Change) ([]*provisioningv1.ReadBack, error) {
	ctx, cancel := s.limit(ctx)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, s.target.config)
	if err != nil {
		return nil, classify("connect to read back", err)
	}
	defer closeSoon(conn)
	todo, at := s.names(changes, make([]error, len(changes)))
	accounts, rights := names(todo)
	rows, err := conn.Query(ctx, readBackSQL, accounts, rights, s.since)
	if err != nil {
		return nil, classify("read back", err)
	}
	seen := make([]*provisioningv1.ReadBack, len(changes))
	now := timestamppb.New(s.target.options.Now())
	i := 0
	var b provisioningv1.ReadBack
	_, err = pgx.ForEachRow(rows, []any{&b.Exists, &b.Login, &b.Member, &b.Backends, &b.OwnedObjects}, func() error {
		seen[at[i]] = &provisioningv1.ReadBack{
			Account: todo[i].account, Right: todo[i].right, Exists: b.Exists, Login: b.Login, Member: b.Member,
			Backends: b.Backends, OwnedObjects: b.OwnedObjects, ReadAt: now,
		}
		i++
		return nil
	})
	return seen, classify("read back", err)
}
