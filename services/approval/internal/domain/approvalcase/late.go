package approvalcase

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

// Remind is said when a step is to be reminded of.
type Remind struct {
	Step int32
	Now  time.Time
}

func (c Remind) decide(s State) ([]proto.Message, error) {
	if s.Status != Open || c.Step != s.Step || s.Reminded || s.Escalation != nil || s.RemindAt.IsZero() || c.Now.Before(s.RemindAt) {
		return nil, nil
	}
	return []proto.Message{&approvalv1.ApprovalStepReminded{
		PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Step: s.Step,
	}}, nil
}

// Overdue is said when a step is late. The first time it is escalated, if the
// pack says to whom; otherwise, or the second time, the case lapses.
type Overdue struct {
	Step int32
	Now  time.Time
	// To is whom it is escalated to; nil if the pack names nobody.
	To *approvalv1.Seat
	// DueAt is when the case lapses after the escalation.
	DueAt time.Time
}

func (c Overdue) decide(s State) ([]proto.Message, error) {
	if s.Status != Open || c.Step != s.Step || s.DueAt.IsZero() || c.Now.Before(s.DueAt) {
		return nil, nil
	}
	if s.Escalation == nil && s.someone(c.To) && c.DueAt.After(c.Now) {
		return []proto.Message{s.escalated(c.To, timestamppb.New(c.DueAt))}, nil
	}
	return []proto.Message{s.lapsed("")}, nil
}

// ReasonOver is why a case lapses whose matter would be over itself.
const ReasonOver = "over"

// RunOut is said when what is asked for would be over: it lapses, whoever is
// still to sign, and also if it rests.
type RunOut struct{ Now time.Time }

func (c RunOut) decide(s State) ([]proto.Message, error) {
	if !s.Waiting() || !s.over(c.Now) {
		return nil, nil
	}
	return []proto.Message{s.lapsed(ReasonOver)}, nil
}

// over tells whether what is asked for is over at an instant.
func (s State) over(at time.Time) bool {
	end := s.ask().GetNeededUntil()
	return end != nil && !at.Before(end.AsTime())
}

func (s State) lapsed(reason string) *approvalv1.ApprovalLapsed {
	return &approvalv1.ApprovalLapsed{
		PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Kind: s.ask().GetKind(), Reason: reason,
	}
}

// someone tells whether a seat has a holder who may sign.
func (s State) someone(seat *approvalv1.Seat) bool {
	for _, h := range seat.GetHolders() {
		if !s.barred(h.GetPersonId()) {
			return true
		}
	}
	return false
}

func (s State) escalated(to *approvalv1.Seat, due *timestamppb.Timestamp) *approvalv1.ApprovalStepEscalated {
	return &approvalv1.ApprovalStepEscalated{
		PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Step: s.Step, To: to, DueAt: due,
	}
}
