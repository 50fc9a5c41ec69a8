package person

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Move says how details and post are from an instant on.
type Move struct {
	Details *identityv1.PersonDetails
	Post    *identityv1.Post
	At      time.Time
	Reason  string
	Now     time.Time
}

// ErrNotEmployed says that somebody who does not work here cannot move.
var ErrNotEmployed = fault.New(fault.Refused, "PERSON_NOT_EMPLOYED",
	"This person does not work here; take the person on first.",
	"该人员不在职，请先办理入职。")

func (c Move) now() time.Time { return c.Now }

func (c Move) decide(s State) ([]proto.Message, error) {
	if s.Status == Unknown || s.Status == Left {
		return nil, ErrNotEmployed
	}
	details := c.Details
	if c.At.After(c.Now) {
		details = ofKind(details, s.Details.GetKind()) // the kind changes with the post
	}
	events := correct(s, details)
	if s.Status == Expected {
		return append(events, c.replan(s)...), nil
	}
	before, kindBefore := s.Post, s.PostKind
	if c.At.After(c.Now) && s.Change != nil && !s.Change.GetStartsAt().AsTime().After(c.At) {
		before, kindBefore = s.Change.GetPost(), s.Change.GetKind()
	}
	switch {
	case proto.Equal(before, c.Post) && kindBefore == c.Details.GetKind():
		return events, nil
	case c.At.After(c.Now):
		return append(events, &identityv1.PostChangePlanned{
			PersonId: s.ID, EmployeeNumber: s.Number, Kind: c.Details.GetKind(), Post: c.Post,
			StartsAt: timestamppb.New(c.At), Reason: c.Reason,
		}), nil
	}
	return append(events, &identityv1.PostChanged{
		PersonId: s.ID, EmployeeNumber: s.Number, Kind: c.Details.GetKind(), Post: c.Post, Previous: s.Post,
		EffectiveAt: timestamppb.New(c.At), Reason: c.Reason,
	}), nil
}

// replan changes the post at which an expected person will start.
func (c Move) replan(s State) []proto.Message {
	if proto.Equal(s.Start.GetPost(), c.Post) && s.Start.GetKind() == c.Details.GetKind() {
		return nil
	}
	return []proto.Message{&identityv1.EmploymentPlanned{
		PersonId: s.ID, EmployeeNumber: s.Number, Kind: c.Details.GetKind(), Post: c.Post,
		StartsAt: s.Start.GetStartsAt(), Reason: c.Reason,
	}}
}
