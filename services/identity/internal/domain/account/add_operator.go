package account

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// ErrExists says that there is nobody to add: the name is an account, of an
// employee or of an operator.
var ErrExists = fault.New(fault.Conflict, "ACCOUNT_EXISTS",
	"There is an account of this name. To give it other product roles use 'ostiary operator set NAME --role R[,R]'; for somebody else choose another name.",
	"该账号已存在。如需调整其系统角色，请用 ostiary operator set 账号 --role 角色；如为他人新增，请换一个名称。")

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
	case len(roles) == 0:
		return nil, ErrRoleMissing
	case s.Status != None:
		return nil, ErrExists.With("account", c.Account)
	}
	return []proto.Message{
		&identityv1.AccountOpened{PersonId: c.PersonID, Account: c.Account, Kind: Operator, Reason: c.Reason},
		&identityv1.AccountActivated{PersonId: c.PersonID, Account: c.Account},
		&identityv1.ProductRolesSet{PersonId: c.PersonID, Account: c.Account, Roles: roles, Reason: c.Reason},
		&identityv1.InitialCredentialIssued{PersonId: c.PersonID, Account: c.Account, CredentialId: c.CredentialID, MustChange: c.MustChange},
	}, nil
}
