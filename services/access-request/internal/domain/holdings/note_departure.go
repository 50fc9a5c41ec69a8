package holdings

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
)

// NoteDeparture takes in that a person no longer works here: whatever was asked
// for is withdrawn, and everything that is held is revoked, of whatever kind,
// in the same decision.
type NoteDeparture struct {
	PersonID       string
	EmployeeNumber string
	EffectiveAt    time.Time
	// SourcePosition is the position of identity's event.
	SourcePosition int64
}

// RuleEmployment is what ends the rights of a leaver; no pack can undo it.
const RuleEmployment = "employment"

func (c NoteDeparture) decide(s State) ([]proto.Message, error) {
	if c.PersonID == "" || c.EmployeeNumber == "" {
		return nil, ErrNobody
	}
	if !s.newer(c.SourcePosition) {
		return nil, nil
	}
	events := []proto.Message{&accessv1.PostNoted{
		PersonId: c.PersonID, EmployeeNumber: c.EmployeeNumber, Employed: false, Position: s.Post.GetPosition(), Unit: s.Post.GetUnit(),
		Attributes: s.Post.GetAttributes(), Kind: s.Post.GetKind(), EffectiveAt: timestamppb.New(c.EffectiveAt), SourcePosition: c.SourcePosition,
	}}
	events = append(events, s.withdrawAll(WithdrawnByLeaver)...)
	for _, g := range s.live() {
		events = append(events, revoked(g, ReasonLeaver, RuleEmployment, 0, c.EffectiveAt))
	}
	if s.empty("") {
		events = append(events, s.cleared(c.PersonID, c.EmployeeNumber, c.SourcePosition))
	}
	return events, nil
}

func (s State) cleared(person, employee string, departure int64) *accessv1.HoldingsCleared {
	return &accessv1.HoldingsCleared{PersonId: person, EmployeeNumber: employee, Grants: int32(len(s.Grants)), Departure: departure}
}
