// Package session is one sign-in, stream session-<session id>: opened, and at
// some time ended.
package session

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
)

// State is one session.
type State struct {
	ID        string
	PersonID  string
	Account   string
	ExpiresAt time.Time
	Ended     bool
}

// Command is OpenSession or End.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// ErrUnknown says that there is no such session, or that it is over. The two
// are not told apart for whoever tries secrets.
var ErrUnknown = fault.New(fault.Unauthenticated, "SESSION_ENDED",
	"This session has ended; sign in again.", "会话已结束，请重新登录。")

// Decider is the behaviour of a session.
var Decider = eventstore.Decider[State, Command]{Decide: Decide, Evolve: Evolve}

// Stream is where a session is.
func Stream(id string) string { return "session-" + id }

// Decide says what happens when the command meets the session.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the session after an event.
func Evolve(s State, event proto.Message) State {
	switch e := event.(type) {
	case *identityv1.SessionOpened:
		return State{ID: e.GetSessionId(), PersonID: e.GetPersonId(), Account: e.GetAccount(), ExpiresAt: e.GetExpiresAt().AsTime()}
	case *identityv1.SessionEnded:
		s.Ended = true
	}
	return s
}

// Live tells whether the session admits its holder at an instant.
func (s State) Live(now time.Time) bool { return s.ID != "" && !s.Ended && now.Before(s.ExpiresAt) }

// OpenSession starts a session.
type OpenSession struct {
	ID        string
	PersonID  string
	Account   string
	ExpiresAt time.Time
	// CredentialID names the password that was proved.
	CredentialID string
}

func (c OpenSession) decide(s State) ([]proto.Message, error) {
	if s.ID != "" {
		return nil, nil
	}
	return []proto.Message{&identityv1.SessionOpened{
		PersonId: c.PersonID, Account: c.Account, SessionId: c.ID, ExpiresAt: timestamppb.New(c.ExpiresAt), CredentialId: c.CredentialID,
	}}, nil
}

// End ends a session; one that has ended stays so.
type End struct {
	Reason string
}

func (c End) decide(s State) ([]proto.Message, error) {
	switch {
	case s.ID == "":
		return nil, ErrUnknown
	case s.Ended:
		return nil, nil
	}
	return []proto.Message{&identityv1.SessionEnded{PersonId: s.PersonID, Account: s.Account, SessionId: s.ID, Reason: c.Reason}}, nil
}
