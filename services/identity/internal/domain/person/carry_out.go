package person

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// What a deadline of a person is about.
const (
	DueStart = "start"
	DueMove  = "move"
	DueEnd   = "end"
)

// CarryOut does what was planned once its instant has come. A plan that was
// withdrawn or moved in the meantime is not carried out.
type CarryOut struct {
	// What is DueStart, DueMove or DueEnd.
	What string
	Now  time.Time
}

func (c CarryOut) decide(s State) ([]proto.Message, error) {
	switch {
	case c.What == DueStart && s.Start != nil && s.Status == Expected && c.due(s.Start.GetStartsAt()):
		return []proto.Message{&identityv1.EmploymentStarted{
			PersonId: s.ID, EmployeeNumber: s.Number, Kind: s.Start.GetKind(), Post: s.Start.GetPost(),
			EffectiveAt: s.Start.GetStartsAt(), Reason: s.Start.GetReason(), Rehire: s.Employed,
		}}, nil
	case c.What == DueMove && s.Change != nil && s.works() && c.due(s.Change.GetStartsAt()):
		return []proto.Message{&identityv1.PostChanged{
			PersonId: s.ID, EmployeeNumber: s.Number, Kind: s.Change.GetKind(), Post: s.Change.GetPost(), Previous: s.Post,
			EffectiveAt: s.Change.GetStartsAt(), Reason: s.Change.GetReason(),
		}}, nil
	case c.What == DueEnd && s.works() && !s.EndsAt.IsZero() && !s.EndsAt.After(c.Now):
		return []proto.Message{ended(s, s.EndsAt, s.EndReason)}, nil
	}
	return nil, nil
}

func (c CarryOut) due(at *timestamppb.Timestamp) bool { return !at.AsTime().After(c.Now) }

func (s State) works() bool { return s.Status == Active || s.Status == Leaving }
