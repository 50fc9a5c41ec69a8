package person

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Leave says that a person does not work here from an instant on.
type Leave struct {
	// At is the first instant without employment.
	At time.Time
	// LastDay is the last local day of employment, YYYY-MM-DD.
	LastDay string
	Reason  string
	Now     time.Time
}

// ErrPlannedAhead says that an end cannot be announced beyond a planned return.
var ErrPlannedAhead = fault.New(fault.Refused, "PERSON_PLANNED_AHEAD",
	"This person leaves and comes back before that day; announce the second departure once the person is back.",
	"该人员将先离职再复职，请在其复职后再提交第二次离职。")

func (c Leave) now() time.Time { return c.Now }

func (c Leave) decide(s State) ([]proto.Message, error) {
	switch {
	case s.Status == Unknown:
		return nil, ErrNotEmployed
	case s.Start != nil && !c.At.After(s.Start.GetStartsAt().AsTime()):
		return c.neverStart(s), nil
	case s.Status == Leaving && s.Start != nil && c.At.After(c.Now):
		return nil, ErrPlannedAhead
	case s.Status == Left, !s.EndsAt.IsZero() && s.EndsAt.Equal(c.At) && c.At.After(c.Now):
		return nil, nil
	case c.At.After(c.Now):
		return []proto.Message{&identityv1.DepartureAnnounced{
			PersonId: s.ID, EmployeeNumber: s.Number, LastDay: c.LastDay, EndsAt: timestamppb.New(c.At), Reason: c.Reason,
		}}, nil
	}
	return []proto.Message{ended(s, c.At, c.Reason)}, nil
}

// neverStart takes back a planned start, and ends what is running besides.
func (c Leave) neverStart(s State) []proto.Message {
	events := []proto.Message{&identityv1.EmploymentPlanWithdrawn{PersonId: s.ID, EmployeeNumber: s.Number, Reason: c.Reason}}
	if s.Status == Expected {
		return events
	}
	rest, _ := c.decide(State{ID: s.ID, Number: s.Number, Status: s.Status, EndsAt: s.EndsAt, Employed: s.Employed})
	return append(events, rest...)
}

func ended(s State, at time.Time, reason string) *identityv1.EmploymentEnded {
	return &identityv1.EmploymentEnded{PersonId: s.ID, EmployeeNumber: s.Number, EffectiveAt: timestamppb.New(at), Reason: reason}
}
