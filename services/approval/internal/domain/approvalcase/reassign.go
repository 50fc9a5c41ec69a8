package approvalcase

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

// Why others are to sign.
const (
	CauseLeaver    = "leaver"
	CauseTransfer  = "transfer"
	CauseAuthority = "authority"
)

// Reassign gives the step that waits to whoever may sign it now.
type Reassign struct {
	// Step is the step that the seats were found for.
	Step  int32
	Seats []*approvalv1.Seat
	// Escalation is who else may sign if the step is late.
	Escalation *approvalv1.Seat
	Cause      string
}

func (c Reassign) decide(s State) ([]proto.Message, error) {
	// A postponed case finds its signers when it goes on.
	if s.Status != Open || c.Step != s.Step {
		return nil, nil
	}
	s, events := c.reseat(s)
	if !s.reachable(s.Step, Plan{Seats: s.Seats, Quorum: s.Quorum}) {
		events = append(events, s.cancelled(ReasonNoSigner))
	}
	return events, nil
}

// reseat is the case with the seats of the command, and the events that say so.
func (c Reassign) reseat(s State) (State, []proto.Message) {
	var events []proto.Message
	if !slices.EqualFunc(s.Seats, c.Seats, sameSeat) {
		events = append(events, &approvalv1.ApprovalStepReassigned{
			PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Step: s.Step, Seats: c.Seats, Cause: c.Cause,
		})
	}
	if s.Escalation != nil && !sameSeat(s.Escalation, c.Escalation) {
		events = append(events, s.escalated(c.Escalation, timestamppb.New(s.DueAt)))
	}
	for _, e := range events {
		s = Evolve(s, e)
	}
	return s, events
}

func sameSeat(a, b *approvalv1.Seat) bool {
	return a.GetBy() == b.GetBy() && slices.EqualFunc(a.GetHolders(), b.GetHolders(), func(x, y *approvalv1.Party) bool {
		return x.GetPersonId() == y.GetPersonId()
	})
}
