package account

import (
	"regexp"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Open says that a person needs this account now.
type Open struct {
	PersonID string
	Account  string
	Kind     string
	Reason   string
}

// The refusals of opening.
var (
	// ErrTaken says that the account belongs to somebody else (IDN-002).
	ErrTaken = fault.New(fault.Conflict, "ACCOUNT_NAME_TAKEN",
		"This account belongs to another person; choose another name.",
		"该账号属于他人，请换一个名称。")
	// ErrName says that the name cannot be an account.
	ErrName = fault.New(fault.Invalid, "ACCOUNT_NAME_INVALID",
		"An account name is 1 to 48 letters, digits, dots, hyphens and underscores, a letter or digit first.",
		"账号名须为 1 至 48 个字母、数字、点、连字符或下划线，且以字母或数字开头。")
)

// names is what every target can take as a name, with room for a prefix.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,47}$`)

// ValidName tells whether the name can be an account.
func ValidName(name string) bool { return names.MatchString(name) }

func (c Open) decide(s State) ([]proto.Message, error) {
	opened := []proto.Message{
		&identityv1.AccountOpened{PersonId: c.PersonID, Account: c.Account, Kind: c.Kind, Reason: c.Reason},
		&identityv1.AccountActivated{PersonId: c.PersonID, Account: c.Account},
	}
	switch {
	case !ValidName(c.Account):
		return nil, ErrName
	case s.Status == None:
		return opened, nil
	case s.PersonID != c.PersonID:
		return nil, ErrTaken.With("account", c.Account)
	case s.Status == Suspended:
		return []proto.Message{&identityv1.AccountReinstated{PersonId: s.PersonID, Account: s.Account, Reason: c.Reason}}, nil
	case s.Status == Closed:
		return opened, nil
	}
	return nil, nil
}
