package postgres

import (
	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

// role is a role of the target as it was found.
type role struct {
	login bool
	// mighty says that it may do more than an account or a right ever may:
	// superuser, create roles or databases, replication, bypass row security.
	mighty bool
	// group says that other roles are members of it.
	group bool
}

// found is what the target showed before anything was changed.
type found struct {
	roles   map[string]role
	members map[[2]string]bool // account, right
}

// named is a change with the names that it has on the target.
type named struct {
	target.Change
	account, right string
}

// plan returns the statements that make the change true, none if it is. It gives
// nothing to roles that are not ours: mighty ones, a right that can sign in, an
// account that others are members of. What somebody made of a role never keeps
// a right from being taken: a leaver must not hold on to it by a member or an
// attribute more.
func plan(f found, c named) ([]string, error) {
	account, known := f.roles[c.account]
	right, made := f.roles[c.right]
	member := f.members[[2]string{c.account, c.right}]
	switch {
	case c.account == c.right:
		return nil, refused(c.account, "one role cannot be both an account and a right")
	case !c.Give:
		return taking(c, known && account.login, member), nil
	case known && account.mighty:
		return nil, refused(c.account, "the role has attributes that no account may have; it is given nothing")
	case known && account.group:
		return nil, refused(c.account, "the role has members, so it is a right and no account; it is given nothing")
	case made && right.mighty:
		return nil, refused(c.right, "the role has attributes that no right may have; it is not given")
	case made && right.login:
		return nil, refused(c.right, "the role can sign in, so it is an account and no right; it is not given")
	}
	var statements []string
	switch {
	case !known:
		statements = append(statements, "CREATE ROLE "+quoted(c.account)+" LOGIN")
	case !account.login:
		statements = append(statements, "ALTER ROLE "+quoted(c.account)+" LOGIN")
	}
	if !member {
		statements = append(statements, "GRANT "+quoted(c.right)+" TO "+quoted(c.account))
	}
	return statements, nil
}

// taking shuts the account first, so that nobody comes in between.
func taking(c named, login, member bool) []string {
	var statements []string
	if login && !c.KeepLogin {
		statements = append(statements, "ALTER ROLE "+quoted(c.account)+" NOLOGIN")
	}
	if member && !c.KeepMember {
		statements = append(statements, "REVOKE "+quoted(c.right)+" FROM "+quoted(c.account))
	}
	return statements
}

// missing lists rights that must be made before they can be given.
func missing(f found, changes []named) []string {
	var rights []string
	seen := map[string]bool{}
	for _, c := range changes {
		if _, made := f.roles[c.right]; c.Give && !made && !seen[c.right] {
			seen[c.right] = true
			rights = append(rights, c.right)
		}
	}
	return rights
}

func refused(name, why string) error {
	return target.ErrRefused.With("role", name).With("detail", why)
}
