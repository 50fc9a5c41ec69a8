package account

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
)

// Kinds of account.
const (
	Directory = "directory" // of an employee
	Operator  = "operator"  // of somebody who runs Ostiary
)

// Bootstrap is the reason of the roles that the first administrator gets
// because nobody else is there yet.
const Bootstrap = "bootstrap"

// Status is whether an account may be used.
type Status uint8

// The states of an account.
const (
	None Status = iota
	Opened
	Active
	Suspended
	Closed
)

// State is one account.
type State struct {
	PersonID string
	Account  string
	Kind     string
	Status   Status
	// Departed says that the account is suspended because its person left.
	Departed bool
	Roles    []string
	// Provisional are roles that end as soon as somebody else holds them.
	Provisional []string
	// CredentialID names the hash in force; "" if no password was issued.
	CredentialID string
	// MustChange says that the password in force was handed out by others.
	MustChange bool
	// FromHR says that the password in force goes back to one that HR handed out.
	FromHR bool
}

// Command is one of Open, AddOperator, Suspend, Close, SetRoles, Relieve,
// KeepAdmin, IssueCredential and ChangePassword.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// ErrUnknown says that there is no such account, or none that is in use.
var ErrUnknown = fault.New(fault.NotFound, "ACCOUNT_NOT_FOUND",
	"There is no account of this name in use; check the name.",
	"没有使用该名称的有效账号，请核对账号名。")

// Decider is the behaviour of an account.
var Decider = eventstore.Decider[State, Command]{Decide: Decide, Evolve: Evolve}

// Stream is where an account is.
func Stream(account string) string { return "account-" + account }

// Decide says what happens when the command meets the account.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the account after an event.
func Evolve(s State, event proto.Message) State {
	switch e := event.(type) {
	case *identityv1.AccountOpened:
		return State{PersonID: e.GetPersonId(), Account: e.GetAccount(), Kind: e.GetKind(), Status: Opened}
	case *identityv1.AccountActivated:
		s.Status = Active
	case *identityv1.AccountSuspended:
		s.Status, s.Departed = Suspended, e.GetMode() == ModeDeparture
	case *identityv1.AccountReinstated:
		s.Status = Active
		if s.Departed {
			// Who comes back has what the new employment gives; power over Ostiary
			// and a password are given again by somebody or not at all.
			s.Departed, s.Roles, s.Provisional, s.CredentialID = false, nil, nil, ""
		}
	case *identityv1.AccountClosed:
		s.Status, s.Departed, s.Roles, s.Provisional, s.CredentialID = Closed, false, nil, nil, ""
	case *identityv1.ProductRolesSet:
		s.Roles = e.GetRoles()
		s.Provisional = provisional(s.Provisional, e)
	case *identityv1.InitialCredentialIssued:
		s.CredentialID, s.MustChange, s.FromHR = e.GetCredentialId(), e.GetMustChange(), e.GetByHr()
	case *identityv1.PasswordChanged:
		s.CredentialID, s.MustChange = e.GetCredentialId(), false
	}
	return s
}
