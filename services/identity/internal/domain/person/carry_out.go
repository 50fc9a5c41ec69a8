package person

import (
	"time"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// What a deadline of a person is about.
const (
	DueStart = "start"
	DueMove  = "move"
	DueEnd   = "end"
)

// CarryOut does what was planned once its instant has come, whichever deadline
// says so. A plan that was withdrawn or moved in the meantime is not carried
// out.
type CarryOut struct{ Now time.Time }

func (c CarryOut) now() time.Time { return c.Now }

// decide has nothing to add: what is due comes before every decision.
func (c CarryOut) decide(State) ([]proto.Message, error) { return nil, nil }

// overdue carries out every plan whose instant has come, the earliest first.
func overdue(s State, now time.Time) (events []proto.Message) {
	for {
		e := earliest(s, now)
		if e == nil {
			return events
		}
		events, s = append(events, e), Evolve(s, e)
	}
}

// earliest is the first of the plans that are due; nil if none is. Of plans for
// one instant the move comes before the end, and the end before a new start.
func earliest(s State, now time.Time) (event proto.Message) {
	var first time.Time
	due := func(at time.Time, e proto.Message) {
		if !at.After(now) && (event == nil || at.Before(first)) {
			event, first = e, at
		}
	}
	if s.Change != nil && s.works() {
		due(s.Change.GetStartsAt().AsTime(), &identityv1.PostChanged{
			PersonId: s.ID, EmployeeNumber: s.Number, Kind: s.Change.GetKind(), Post: s.Change.GetPost(), Previous: s.Post,
			EffectiveAt: s.Change.GetStartsAt(), Reason: s.Change.GetReason(), CaseId: s.Transfer,
		})
	}
	if !s.EndsAt.IsZero() && s.works() {
		due(s.EndsAt, ended(s, s.EndsAt, s.EndReason))
	}
	if s.Start != nil && s.Status == Expected {
		due(s.Start.GetStartsAt().AsTime(), &identityv1.EmploymentStarted{
			PersonId: s.ID, EmployeeNumber: s.Number, Kind: s.Start.GetKind(), Post: s.Start.GetPost(),
			EffectiveAt: s.Start.GetStartsAt(), Reason: s.Start.GetReason(), Rehire: s.Employed,
		})
	}
	return event
}

func (s State) works() bool { return s.Status == Active || s.Status == Leaving }
