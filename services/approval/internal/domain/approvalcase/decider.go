package approvalcase

import (
	"maps"
	"time"

	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Status is how a case stands.
type Status uint8

// The states of a case.
const (
	None Status = iota
	Open
	Postponed
	Granted
	Refused
	Returned
	Cancelled
	Lapsed
)

// State is one case.
type State struct {
	Status Status
	// Opened says what is to be signed.
	Opened *approvalv1.ApprovalCaseOpened
	// Step is the step that waits, from 1.
	Step int32
	// Seats are those of the step as they are now.
	Seats []*approvalv1.Seat
	// Quorum is how many of them must be filled.
	Quorum int32
	// Filled are the signatures of the step by seat. The map is never changed
	// once it is in a state.
	Filled map[int32]*approvalv1.Signature
	// Signatures are all that were given for it, in order.
	Signatures []*approvalv1.Signature
	// Reminded says that the step was reminded of.
	Reminded bool
	// Escalation is who else may sign because the step is late; nil before.
	Escalation *approvalv1.Seat
	// RemindAt is when the step is to be reminded of, DueAt when it is late;
	// zero: never.
	RemindAt, DueAt time.Time
	// Until is when a postponed case goes on.
	Until time.Time
}

// Command is one of Start, Approve, Refuse, Return, Postpone, Authorise,
// Reassign, Resume, Remind, Overdue, RunOut and
// Cancel.
type Command interface {
	decide(State) ([]proto.Message, error)
}

// Decider is the behaviour of a case.
var Decider = eventstore.Decider[State, Command]{Decide: Decide, Evolve: Evolve}

// Stream is where a case is; its id begins with "case_".
func Stream(id string) string { return "case-" + id }

// Decide says what happens when the command meets the case.
func Decide(s State, c Command) ([]proto.Message, error) { return c.decide(s) }

// Evolve returns the case after an event.
func Evolve(s State, event proto.Message) State {
	switch e := event.(type) {
	case *approvalv1.ApprovalCaseOpened:
		s.Opened = e
	case *approvalv1.ApprovalStepAssigned:
		if e.GetStep() != s.Step {
			s.Filled = nil
		}
		s.Status, s.Step, s.Seats, s.Quorum = Open, e.GetStep(), e.GetSeats(), e.GetQuorum()
		s.Reminded, s.Escalation, s.Until = false, nil, time.Time{}
		s.RemindAt, s.DueAt = time.Time{}, time.Time{}
		if e.GetRemindAt() != nil {
			s.RemindAt = e.GetRemindAt().AsTime()
		}
		if e.GetDueAt() != nil {
			s.DueAt = e.GetDueAt().AsTime()
		}
	case *approvalv1.ApprovalStepReminded:
		s.Reminded = true
	case *approvalv1.ApprovalStepEscalated:
		s.Escalation, s.DueAt = e.GetTo(), e.GetDueAt().AsTime()
	case *approvalv1.ApprovalStepReassigned:
		s.Seats = e.GetSeats()
	case *approvalv1.ApprovalStepApproved:
		s.Filled = maps.Clone(s.Filled)
		if s.Filled == nil {
			s.Filled = map[int32]*approvalv1.Signature{}
		}
		s.Filled[e.GetSeat()] = e.GetSignature()
		s.Signatures = append(s.Signatures[:len(s.Signatures):len(s.Signatures)], e.GetSignature())
	case *approvalv1.LeadershipAuthorisationGiven:
		s.Signatures = append(s.Signatures[:len(s.Signatures):len(s.Signatures)], e.GetSignature())
	case *approvalv1.ApprovalPostponed:
		s.Status, s.Until = Postponed, e.GetUntil().AsTime()
	case *approvalv1.ApprovalGranted:
		s.Status = Granted
	case *approvalv1.ApprovalRefused:
		s.Status = Refused
	case *approvalv1.ApprovalReturned:
		s.Status = Returned
	case *approvalv1.ApprovalCancelled:
		s.Status = Cancelled
	case *approvalv1.ApprovalLapsed:
		s.Status = Lapsed
	}
	return s
}

// Waiting tells whether the case has no outcome yet.
func (s State) Waiting() bool { return s.Status == Open || s.Status == Postponed }

// ask is what is to be signed.
func (s State) ask() *approvalv1.Ask { return s.Opened.GetAsk() }

// person and number are those of the beneficiary.
func (s State) person() string { return s.ask().GetBeneficiary().GetPersonId() }
func (s State) number() string { return s.ask().GetBeneficiary().GetEmployeeNumber() }
