package account

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// AddOperator makes an account for somebody who runs Ostiary: opened, with
// roles and an initial password, in one step, so that there is never an
// operator without either.
type AddOperator struct {
	PersonID     string
	Account      string
	Roles        []string
	CredentialID string
	MustChange   bool
	Reason       string
}

func (c AddOperator) decide(s State) ([]proto.Message, error) {
	roles, err := sorted(c.Roles)
	switch {
	case !ValidName(c.Account):
		return nil, ErrName
	case err != nil:
		return nil, err
	case s.Status != None:
		return nil, ErrTaken.With("account", c.Account)
	}
	return []proto.Message{
		&identityv1.AccountOpened{PersonId: c.PersonID, Account: c.Account, Kind: Operator, Reason: c.Reason},
		&identityv1.AccountActivated{PersonId: c.PersonID, Account: c.Account},
		&identityv1.ProductRolesSet{PersonId: c.PersonID, Account: c.Account, Roles: roles, Reason: c.Reason},
		&identityv1.InitialCredentialIssued{PersonId: c.PersonID, Account: c.Account, CredentialId: c.CredentialID, MustChange: c.MustChange},
	}, nil
}
