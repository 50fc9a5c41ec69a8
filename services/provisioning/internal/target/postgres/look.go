package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// lookSQL shows the roles that a batch is about. An account is a group when
// somebody is a member of it; from PostgreSQL 16 on whoever made a role is a
// member with the admin option, and stays so when another login manages it.
const lookSQL = `
SELECT r.rolname::text, r.rolcanlogin,
	r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls,
	EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles o ON o.oid = m.member
		WHERE m.roleid = r.oid AND o.rolname <> current_user AND NOT m.admin_option)
FROM pg_roles r WHERE r.rolname = ANY ($1::text[])`

const membersSQL = `
SELECT a.rolname::text, r.rolname::text
FROM pg_auth_members m JOIN pg_roles a ON a.oid = m.member JOIN pg_roles r ON r.oid = m.roleid
WHERE a.rolname = ANY ($1::text[]) AND r.rolname = ANY ($2::text[])`

// look reads the roles and memberships concerned, in one round trip.
func (s *Session) look(ctx context.Context, changes []named) (found, error) {
	f := found{roles: map[string]role{}, members: map[[2]string]bool{}}
	accounts, rights := names(changes)
	ctx, cancel := s.limit(ctx)
	defer cancel()
	b := &pgx.Batch{}
	b.Queue(lookSQL, append(append([]string{}, accounts...), rights...)).Query(func(rows pgx.Rows) error {
		var name string
		var r role
		_, err := pgx.ForEachRow(rows, []any{&name, &r.login, &r.mighty, &r.group}, func() error {
			f.roles[name] = r
			return nil
		})
		return err
	})
	b.Queue(membersSQL, accounts, rights).Query(func(rows pgx.Rows) error {
		var pair [2]string
		_, err := pgx.ForEachRow(rows, []any{&pair[0], &pair[1]}, func() error {
			f.members[pair] = true
			return nil
		})
		return err
	})
	return f, classify("look at roles", s.conn.SendBatch(ctx, b).Close())
}

func names(changes []named) (accounts, rights []string) {
	accounts, rights = make([]string, len(changes)), make([]string, len(changes))
	for i, c := range changes {
		accounts[i], rights[i] = c.account, c.right
	}
	return accounts, rights
}
