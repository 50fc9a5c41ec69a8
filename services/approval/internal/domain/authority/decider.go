package authority

import (
	"maps"
	"time"

	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Delegation lets To sign for Of from From until before Until.
type Delegation struct {
	Of, To      string
	From, Until time.Time
}

// State are the delegations of one person by id, without those that were ended.
// The map is never changed once it is in a state.
type State struct {
	Delegations map[string]Delegation
	// Person is who is represented.
	Person *approvalv1.Party
}

// Command is NameDeputy, CoverAbsence, Elapse, EndDeputy or Depart.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// Decider is the behaviour of a person's authority.
var Decider = eventstore.Decider[State, Command]{Decide: Decide, Evolve: Evolve}

// Stream is where the authority of a person is.
func Stream(person string) string { return "authority-" + person }

// Decide says what happens when the command meets the authority.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the authority after an event.
func Evolve(s State, event proto.Message) State {
	after := maps.Clone(s.Delegations)
	if after == nil {
		after = map[string]Delegation{}
	}
	switch e := event.(type) {
	case *approvalv1.DeputyNamed:
		s.Person = &approvalv1.Party{PersonId: e.GetPersonId(), EmployeeNumber: e.GetEmployeeNumber()}
		after[e.GetDelegationId()] = Delegation{
			Of: e.GetPersonId(), To: e.GetDeputy().GetPersonId(), From: e.GetFrom().AsTime(), Until: e.GetUntil().AsTime(),
		}
	case *approvalv1.DeputyEnded:
		d, known := after[e.GetDelegationId()]
		delete(after, e.GetDelegationId())
		if known && e.GetEffectiveAt() != nil {
			d.Until = e.GetEffectiveAt().AsTime()
			after[e.GetDelegationId()] = d
		}
	}
	s.Delegations = after
	return s
}
