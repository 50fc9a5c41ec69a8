package account

import (
	"slices"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// KeepAdmin gives the first administrator the role again, with a new password,
// when nobody is left who holds it: the last one has left.
type KeepAdmin struct {
	// OtherAdmins is how many other accounts in use hold admin.
	OtherAdmins int
	// CredentialID names the stored hash of the new password.
	CredentialID string
}

// left is the reason of a role that came back because nobody else held it.
const left = "nobody_left"

func (c KeepAdmin) decide(s State) ([]proto.Message, error) {
	if s.Status != Active || c.OtherAdmins > 0 || slices.Contains(s.Roles, Admin) {
		return nil, nil
	}
	return []proto.Message{
		s.rolesSet(slices.Sorted(slices.Values(append(slices.Clone(s.Roles), Admin))), left),
		&identityv1.InitialCredentialIssued{PersonId: s.PersonID, Account: s.Account, CredentialId: c.CredentialID, MustChange: true},
	}, nil
}
