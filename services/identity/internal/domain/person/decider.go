package person

import (
	"maps"
	"time"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Status is where a person stands with the organisation.
type Status uint8

// The states of a person.
const (
	Unknown  Status = iota
	Expected        // will start on a later day
	Active          // works here
	Leaving         // works here, the end is announced
	Left            // does not work here any more
)

// State is one person.
type State struct {
	ID      string
	Number  string
	Source  string
	Details *identityv1.PersonDetails
	Post    *identityv1.Post
	// PostKind is the kind of person that the post was announced with.
	PostKind string
	Status   Status
	// Start is the plan to start or to start again.
	Start *identityv1.EmploymentPlanned
	// Change is the plan to move; one that leads back to the present post is no
	// plan.
	Change *identityv1.PostChangePlanned
	// Transfer is the clearance case of the transfer of which HR gave notice and
	// which is ahead, as Change; "" if there is none.
	Transfer string
	// EndsAt is the announced end; zero if none is.
	EndsAt time.Time
	// EndReason is why the end was announced.
	EndReason string
	// Employed tells whether the person ever worked here.
	Employed bool
	// Absences are those that HR has told of, each once, with the end as it is
	// known by now; some may be over. The slice is never changed once it is in a
	// state.
	Absences []*identityv1.AbsenceRecorded
	// Returns are when a return ended an absence, by the absence; also of one that
	// never began. The map is never changed once it is in a state.
	Returns map[string]time.Time
}

// Command is one of TakeOn, Move, Leave, GoAbsent, CorrectAbsence, Return,
// CloseFile and CarryOut.
type Command interface {
	decide(State) ([]proto.Message, error)
	// now is the instant of the decision.
	now() time.Time
}

// Decider is the behaviour of a person.
var Decider = eventstore.Decider[State, Command]{Decide: Decide, Evolve: Evolve}

// Stream is where the person with this employee number is.
func Stream(number string) string { return "person-" + number }

// Decide says what happens when the command meets the person. Plans whose
// instant has come are carried out first, in order: what a file says is about a
// person as they stand, however late the clock's ticker is.
func Decide(s State, c Command) ([]proto.Message, error) {
	events := overdue(s, c.now())
	for _, e := range events {
		s = Evolve(s, e)
	}
	more, err := c.decide(s)
	if err != nil {
		return nil, err // the ticker carries out what is due
	}
	return append(events, more...), nil
}

// Evolve returns the person after an event.
func Evolve(s State, event proto.Message) State {
	switch e := event.(type) {
	case *identityv1.PersonRegistered:
		s.ID, s.Number, s.Source, s.Details = e.GetPersonId(), e.GetEmployeeNumber(), e.GetSource(), e.GetDetails()
	case *identityv1.PersonDetailsCorrected:
		s.Details = e.GetDetails()
	case *identityv1.EmploymentPlanned:
		s.Start = e
		if s.Status != Active && s.Status != Leaving {
			s.Status = Expected
		}
	case *identityv1.EmploymentPlanWithdrawn:
		s.Start = nil
		if s.Status == Expected {
			s.Status, s.EndsAt = Left, time.Time{}
		}
	case *identityv1.EmploymentStarted:
		s.Details = ofKind(s.Details, e.GetKind())
		s.Post, s.PostKind, s.Start, s.Status, s.Employed = e.GetPost(), e.GetKind(), nil, Active, true
		if !s.EndsAt.IsZero() {
			s.Status = Leaving
		}
	case *identityv1.PostChangePlanned:
		if s.Change = e; s.stands(e) {
			s.Change = nil
		}
	case *identityv1.PostChanged:
		s.Details = ofKind(s.Details, e.GetKind())
		s.Post, s.PostKind = e.GetPost(), e.GetKind()
		if e.GetCaseId() == s.Transfer {
			s.Transfer = ""
		}
		if s.Change != nil && (s.stands(s.Change) || !s.Change.GetStartsAt().AsTime().After(e.GetEffectiveAt().AsTime())) {
			s.Change = nil
		}
	case *identityv1.TransferNoticed:
		s.Transfer = e.GetCaseId()
	case *identityv1.TransferWithdrawn:
		s.Transfer = ""
	case *identityv1.DepartureAnnounced:
		s.EndsAt, s.EndReason = e.GetEndsAt().AsTime(), e.GetReason()
		if s.Status == Active {
			s.Status = Leaving
		}
	case *identityv1.DepartureWithdrawn:
		s.EndsAt = time.Time{}
		if s.Status == Leaving {
			s.Status = Active
		}
	case *identityv1.AbsenceRecorded:
		s.Absences = away(s.Absences, e)
		if end, ok := s.Returns[e.GetAbsenceId()]; ok && (e.GetUntil() == nil || !e.GetUntil().AsTime().Equal(end)) {
			s.Returns = maps.Clone(s.Returns)
			delete(s.Returns, e.GetAbsenceId()) // it does not end by that return any more
		}
	case *identityv1.AbsenceEnded:
		s.Absences = back(s.Absences, e)
		s.Returns = maps.Clone(s.Returns)
		if s.Returns == nil {
			s.Returns = map[string]time.Time{}
		}
		s.Returns[e.GetAbsenceId()] = e.GetEffectiveAt().AsTime()
	case *identityv1.EmploymentEnded:
		s.Status, s.EndsAt, s.Change, s.Absences, s.Returns, s.Transfer = Left, time.Time{}, nil, nil, nil, ""
		if s.Start != nil {
			s.Status = Expected
		}
	}
	return s
}

// stands tells whether a plan is what is the case already.
func (s State) stands(plan *identityv1.PostChangePlanned) bool {
	return proto.Equal(plan.GetPost(), s.Post) && plan.GetKind() == s.PostKind
}

// ofKind are the details of a person who is of another kind by now.
func ofKind(d *identityv1.PersonDetails, kind string) *identityv1.PersonDetails {
	if d == nil || d.GetKind() == kind {
		return d
	}
	d = proto.CloneOf(d)
	d.Kind = kind
	return d
}
