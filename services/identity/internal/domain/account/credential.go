package account

import (
	"slices"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// IssueCredential hands out an initial password (IDN-051).
type IssueCredential struct {
	// CredentialID names the stored hash.
	CredentialID string
	// MustChange says that it must be changed at first sign-in (IDN-052).
	MustChange bool
	// ByAdmin says that an administrator hands it out. Whoever hands out a
	// password could use it, so HR does so only for accounts without power.
	ByAdmin bool
}

// ErrNeedsAdmin says that only an administrator may hand out this password.
var ErrNeedsAdmin = fault.New(fault.Forbidden, "CREDENTIAL_NEEDS_ADMIN",
	"This account holds product roles; only an administrator may issue its password.",
	"该账号拥有系统角色，只有管理员可以为其发放口令。")

func (c IssueCredential) decide(s State) ([]proto.Message, error) {
	switch {
	case s.Status != Active:
		return nil, ErrUnknown
	case !c.ByAdmin && slices.ContainsFunc(s.Roles, powerful):
		return nil, ErrNeedsAdmin
	}
	return []proto.Message{&identityv1.InitialCredentialIssued{
		PersonId: s.PersonID, Account: s.Account, CredentialId: c.CredentialID, MustChange: c.MustChange,
		ByHr: !c.ByAdmin,
	}}, nil
}

func powerful(role string) bool { return role != employee }

// ChangePassword replaces the password by one that the holder chose.
type ChangePassword struct {
	// Known is the credential that the holder has just proved (IDN-057).
	Known string
	// CredentialID names the stored hash of the new password.
	CredentialID string
}

// ErrPasswordMoved says that the password was replaced meanwhile.
var ErrPasswordMoved = fault.New(fault.Conflict, "PASSWORD_REPLACED",
	"The password was replaced a moment ago; sign in with the new one.",
	"口令刚刚被更换，请使用新口令登录。")

func (c ChangePassword) decide(s State) ([]proto.Message, error) {
	switch {
	case s.Status != Active:
		return nil, ErrUnknown
	case s.CredentialID != c.Known:
		return nil, ErrPasswordMoved
	}
	return []proto.Message{&identityv1.PasswordChanged{PersonId: s.PersonID, Account: s.Account, CredentialId: c.CredentialID}}, nil
}
