package person

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// TakeOn says that a person works here from an instant on: a joiner or somebody
// who comes back.
type TakeOn struct {
	// PersonID is the internal id, used if the person is new.
	PersonID string
	Number   string
	// Source is the HR system that speaks for the person.
	Source  string
	Details *identityv1.PersonDetails
	Post    *identityv1.Post
	// At is the first instant.
	At     time.Time
	Reason string
	Now    time.Time
}

// ErrForeign says that another HR system speaks for the person.
var ErrForeign = fault.New(fault.Refused, "HR_FOREIGN_PERSON",
	"This person belongs to another HR source; let that source send the change.",
	"该人员属于另一人事数据源，请由该数据源提交变更。")

func (c TakeOn) now() time.Time { return c.Now }

func (c TakeOn) decide(s State) ([]proto.Message, error) {
	if s.Status != Unknown && s.Source != c.Source {
		return nil, ErrForeign.With("source", s.Source)
	}
	switch {
	case s.Status == Active:
		return Move{Details: c.Details, Post: c.Post, At: c.At, Reason: c.Reason, Now: c.Now}.decide(s)
	case s.Status == Leaving && !c.At.After(s.EndsAt):
		return c.stay(s)
	}
	events := c.register(s)
	if c.At.After(c.Now) {
		return append(events, c.plan(s)...), nil
	}
	return append(events, &identityv1.EmploymentStarted{
		PersonId: c.id(s), EmployeeNumber: c.Number, Kind: c.Details.GetKind(), Post: c.Post,
		EffectiveAt: timestamppb.New(c.At), Reason: c.Reason, Rehire: s.Employed,
	}), nil
}

// register makes the person known, or brings the details up to date.
func (c TakeOn) register(s State) []proto.Message {
	if s.Status == Unknown {
		details := proto.CloneOf(c.Details)
		details.PersonId = c.PersonID
		return []proto.Message{&identityv1.PersonRegistered{
			PersonId: c.PersonID, EmployeeNumber: c.Number, Source: c.Source, Details: details,
		}}
	}
	details := c.Details
	if c.At.After(c.Now) {
		details = ofKind(details, s.Details.GetKind()) // the kind changes with the start
	}
	return correct(s, details)
}

// plan keeps the start for later, unless that is what is planned already.
func (c TakeOn) plan(s State) []proto.Message {
	if s.Start != nil && s.Start.GetStartsAt().AsTime().Equal(c.At) && proto.Equal(s.Start.GetPost(), c.Post) && s.Start.GetKind() == c.Details.GetKind() {
		return nil
	}
	return []proto.Message{&identityv1.EmploymentPlanned{
		PersonId: c.id(s), EmployeeNumber: c.Number, Kind: c.Details.GetKind(), Post: c.Post,
		StartsAt: timestamppb.New(c.At), Reason: c.Reason,
	}}
}

// stay is the answer to somebody who was announced to leave and is still
// listed: the departure does not happen.
func (c TakeOn) stay(s State) ([]proto.Message, error) {
	withdrawn := &identityv1.DepartureWithdrawn{PersonId: s.ID, EmployeeNumber: s.Number, Reason: c.Reason}
	moved, err := Move{Details: c.Details, Post: c.Post, At: c.At, Reason: c.Reason, Now: c.Now}.decide(Evolve(s, withdrawn))
	return append([]proto.Message{withdrawn}, moved...), err
}

func (c TakeOn) id(s State) string {
	if s.Status == Unknown {
		return c.PersonID
	}
	return s.ID
}

// correct replaces the details if they differ. The id inside is ours: HR does
// not know it.
func correct(s State, details *identityv1.PersonDetails) []proto.Message {
	want := proto.CloneOf(details)
	want.PersonId = s.ID
	if proto.Equal(s.Details, want) {
		return nil
	}
	return []proto.Message{&identityv1.PersonDetailsCorrected{PersonId: s.ID, EmployeeNumber: s.Number, Details: want}}
}
