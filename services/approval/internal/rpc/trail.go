package rpc

import (
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/eventstore"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
)

// ends is how the last step of a case stands that has its outcome.
var ends = map[approvalcase.Status]string{
	approvalcase.Open: "open", approvalcase.Postponed: "open", approvalcase.Refused: "refused", approvalcase.Returned: "returned",
	approvalcase.Cancelled: "cancelled", approvalcase.Lapsed: "lapsed",
}

// trail folds a case and shows the steps that have begun, each with its seats,
// its signatures, and what happened while they were awaited.
func trail(facts []eventstore.Fact) (state approvalcase.State, steps []*approvalv1.StepView) {
	for _, f := range facts {
		state = approvalcase.Evolve(state, f.Message)
		if e, ok := f.Message.(*approvalv1.ApprovalStepAssigned); ok && (len(steps) == 0 || steps[len(steps)-1].GetStep() != e.GetStep()) {
			steps = append(steps, &approvalv1.StepView{Step: e.GetStep()})
		}
		if len(steps) > 0 {
			add(steps[len(steps)-1], f, state)
		}
	}
	for _, v := range steps {
		v.State = "done"
	}
	if len(steps) == 0 {
		return state, nil
	}
	last := steps[len(steps)-1]
	if end, ok := ends[state.Status]; ok {
		last.State = end
	}
	if state.Waiting() && state.Escalation != nil {
		late := &approvalv1.Seat{By: "escalation:" + state.Escalation.GetBy(), Holders: state.Escalation.GetHolders()}
		last.Seats = append(slices.Clone(last.GetSeats()), late)
	}
	return state, steps
}

// add shows an event in the step in which it happened; state is the case after
// it.
func add(v *approvalv1.StepView, f eventstore.Fact, state approvalcase.State) {
	at := timestamppb.New(f.RecordedAt)
	switch e := f.Message.(type) {
	case *approvalv1.ApprovalStepAssigned:
		v.Seats, v.Quorum, v.DueAt = e.GetSeats(), e.GetQuorum(), e.GetDueAt()
	case *approvalv1.ApprovalStepReassigned:
		v.Seats = e.GetSeats()
	case *approvalv1.ApprovalStepReminded:
		v.Reminders = append(v.Reminders, &approvalv1.StepReminder{At: at, To: awaited(state)})
	case *approvalv1.ApprovalStepEscalated:
		v.DueAt = e.GetDueAt()
		v.Escalations = append(v.Escalations, &approvalv1.StepEscalation{At: at, To: e.GetTo()})
	case *approvalv1.ApprovalLapsed:
		v.LapsedAt = at
	default:
		if signed := signatureOf(f); signed != nil {
			v.Signatures = append(v.Signatures, signed)
		}
	}
}

// awaited are the people who may still sign the step that waits, each once.
func awaited(s approvalcase.State) []*approvalv1.Party {
	seen := map[string]bool{}
	for _, g := range s.Filled {
		seen[g.GetSigner().GetPersonId()] = true
	}
	var people []*approvalv1.Party
	for i, seat := range s.Seats {
		for _, h := range seat.GetHolders() {
			if s.Filled[int32(i)] == nil && !seen[h.GetPersonId()] {
				seen[h.GetPersonId()] = true
				people = append(people, h)
			}
		}
	}
	return people
}

// lapses is when a case that waits lapses unless its step is signed; nil if that
// is not certain by now. It is when the step is late once more, or for the first
// time if the pack names nobody to escalate to, or before if what is asked for is
// over by then. A case that rests begins its step anew, so that only an end
// before that is certain.
func lapses(s approvalcase.State, escalates bool) *timestamppb.Timestamp {
	end, next := s.Opened.GetAsk().GetNeededUntil(), s.DueAt
	if s.Status == approvalcase.Postponed {
		next = s.Until
	}
	switch {
	case end != nil && (next.IsZero() || !next.Before(end.AsTime())):
		return end
	case next.IsZero() || s.Status == approvalcase.Postponed || escalates && s.Escalation == nil:
		return nil
	}
	return timestamppb.New(next)
}

// signatureOf is the signature that an event holds, whatever was decided.
func signatureOf(f eventstore.Fact) *approvalv1.Signature {
	e, ok := f.Message.(interface{ GetSignature() *approvalv1.Signature })
	if !ok {
		return nil
	}
	return e.GetSignature()
}
