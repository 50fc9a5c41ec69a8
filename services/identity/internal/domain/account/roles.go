package account

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// The product roles.
const (
	Admin       = "admin"
	AccessAdmin = "access-admin"
	HR          = "hr"
	Auditor     = "auditor"
	employee    = "employee"
)

// known are all product roles.
var known = []string{Admin, AccessAdmin, HR, "operator", Auditor, "reception", "agent", employee}

// SetRoles replaces the product roles of an account.
type SetRoles struct {
	Roles  []string
	Reason string
	// OtherAdmins is how many other accounts in use hold admin.
	OtherAdmins int
}

// The refusals of roles.
var (
	// ErrRoleUnknown says that Ostiary has no such role.
	ErrRoleUnknown = fault.New(fault.Invalid, "ROLE_UNKNOWN",
		"Ostiary has no such role; the roles are "+strings.Join(known, ", ")+".",
		"没有该角色，可用角色为："+strings.Join(known, "、")+"。")
	// ErrRoleMissing says that an operator without a role could do nothing.
	ErrRoleMissing = fault.New(fault.Invalid, "ROLE_MISSING",
		"Give an operator at least one role; the roles are "+strings.Join(known, ", ")+".",
		"请至少为操作员指定一个角色，可用角色为："+strings.Join(known, "、")+"。")
	// ErrLastAdmin says that nobody would be left to administer.
	ErrLastAdmin = fault.New(fault.Refused, "LAST_ADMIN",
		"This is the last administrator; make somebody else admin first.",
		"这是最后一位管理员，请先指定另一位管理员。")
	// ErrPasswordFromHR says that HR could sign in with the new power.
	ErrPasswordFromHR = fault.New(fault.Refused, "PASSWORD_FROM_HR",
		"HR handed out the password of this account and may know it; issue a new one as an administrator first, with 'ostiary credential issue'.",
		"该账号的口令由人事发放，人事可能知悉；请管理员先用 ostiary credential issue 重新发放口令，再赋予角色。")
)

func (c SetRoles) decide(s State) ([]proto.Message, error) {
	roles, err := sorted(c.Roles)
	switch {
	case err != nil:
		return nil, err
	case s.Status != Active:
		return nil, ErrUnknown
	case slices.Contains(s.Roles, Admin) && !slices.Contains(roles, Admin) && c.OtherAdmins == 0:
		return nil, ErrLastAdmin
	case slices.Equal(s.Roles, roles) && len(s.Provisional) == 0:
		return nil, nil
	case s.CredentialID != "" && s.FromHR && slices.ContainsFunc(roles, func(r string) bool { return powerful(r) && !slices.Contains(s.Roles, r) }):
		return nil, ErrPasswordFromHR
	}
	return []proto.Message{s.rolesSet(roles, c.Reason)}, nil
}

// sorted puts roles into the form of events and refuses unknown ones.
func sorted(roles []string) ([]string, error) {
	roles = slices.Compact(slices.Sorted(slices.Values(roles)))
	for _, r := range roles {
		if !slices.Contains(known, r) {
			return nil, ErrRoleUnknown.With("role", r)
		}
	}
	return roles, nil
}

// Relieve takes from the first administrator what somebody else now holds.
type Relieve struct {
	// Held are the roles that another person now holds.
	Held []string
}

// relieved is the reason of roles that ended because somebody else has them.
const relieved = "held_by_another"

func (c Relieve) decide(s State) ([]proto.Message, error) {
	keep := slices.DeleteFunc(slices.Clone(s.Roles), func(r string) bool {
		return slices.Contains(s.Provisional, r) && slices.Contains(c.Held, r)
	})
	if len(keep) == len(s.Roles) {
		return nil, nil
	}
	return []proto.Message{s.rolesSet(keep, relieved)}, nil
}

func (s State) rolesSet(roles []string, reason string) *identityv1.ProductRolesSet {
	return &identityv1.ProductRolesSet{PersonId: s.PersonID, Account: s.Account, Roles: roles, Reason: reason}
}

// provisional are the roles that are held only until somebody else has them: of
// the bootstrap all but admin. What an administrator sets by name is meant.
func provisional(before []string, e *identityv1.ProductRolesSet) []string {
	switch e.GetReason() {
	case Bootstrap:
		return slices.DeleteFunc(slices.Clone(e.GetRoles()), func(r string) bool { return r == Admin })
	case relieved:
		return slices.DeleteFunc(slices.Clone(before), func(r string) bool { return !slices.Contains(e.GetRoles(), r) })
	}
	return nil
}
