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
	// Case is the clearance case to open if this is the notice of a transfer, ""
	// for any other move. If the transfer is known already, this corrects it.
	Case string
	Now  time.Time
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
	return append(events, c.noticed(s, c.move(s))...), nil
}

// move changes the post, or plans the change. There is nothing to do if the
// person has or will have that post anyway.
func (c Move) move(s State) []proto.Message {
	plan := &identityv1.PostChangePlanned{
		PersonId: s.ID, EmployeeNumber: s.Number, Kind: c.Details.GetKind(), Post: c.Post,
		StartsAt: timestamppb.New(c.At), Reason: c.Reason,
	}
	switch {
	case c.known(s):
		return nil
	case c.At.After(c.Now), s.stands(plan): // a notice that takes back what was planned
		return []proto.Message{plan}
	}
	moved := []proto.Message{&identityv1.PostChanged{
		PersonId: s.ID, EmployeeNumber: s.Number, Kind: c.Details.GetKind(), Post: c.Post, Previous: s.Post,
		EffectiveAt: timestamppb.New(c.At), Reason: c.Reason,
	}}
	if c.corrects(s) {
		moved = append(moved, plan) // in place of the one that was corrected
	}
	return moved
}

// known tells whether this is how it is or is planned. What corrects a transfer
// speaks of its plan, whatever the day; and the notice for another day is not
// known.
func (c Move) known(s State) bool {
	if !c.corrects(s) && (s.Change == nil || !c.At.After(c.Now) || s.Change.GetStartsAt().AsTime().After(c.At)) {
		return proto.Equal(s.Post, c.Post) && s.PostKind == c.Details.GetKind()
	}
	return c.is(s.Change) && (!c.notice() || s.Change.GetStartsAt().AsTime().Equal(c.At))
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
