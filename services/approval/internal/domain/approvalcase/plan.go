package approvalcase

import (
	"maps"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

// Plan is a step as it would begin now: who may sign and until when.
type Plan struct {
	Seats  []*approvalv1.Seat
	Quorum int32
	// RemindAt and DueAt are zero for never.
	RemindAt, DueAt time.Time
	// Calendar is the version of the calendar behind the deadlines.
	Calendar string
}

// begin assigns a step, or cancels the case if there are too few people for it.
func (s State) begin(step int32, p Plan) []proto.Message {
	if !s.reachable(step, p) {
		return []proto.Message{s.cancelled(ReasonNoSigner)}
	}
	e := &approvalv1.ApprovalStepAssigned{
		PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Step: step, Seats: p.Seats, Quorum: p.Quorum,
		CalendarVersion: p.Calendar,
	}
	if !p.RemindAt.IsZero() {
		e.RemindAt = timestamppb.New(p.RemindAt)
	}
	if !p.DueAt.IsZero() {
		e.DueAt = timestamppb.New(p.DueAt)
	}
	return []proto.Message{e}
}

// reachable tells whether enough different people can still sign a step.
func (s State) reachable(step int32, p Plan) bool {
	var filled map[int32]*approvalv1.Signature
	var late *approvalv1.Seat
	if step == s.Step {
		filled, late = s.Filled, s.Escalation
	}
	return Reachable(p.Seats, filled, late, s.barred, p.Quorum)
}

// leaves tells whether the step can still be completed by others once somebody
// fills a seat.
func (s State) leaves(seat int32, signer *approvalv1.Party) bool {
	filled := map[int32]*approvalv1.Signature{seat: {Signer: signer}}
	maps.Copy(filled, s.Filled)
	return Reachable(s.Seats, filled, s.Escalation, s.barred, s.Quorum)
}

// barred tells whether a person may not sign because it is the person's own
// matter.
func (s State) barred(person string) bool {
	return person == s.ask().GetRequester().GetPersonId() || person == s.ask().GetBeneficiary().GetPersonId()
}

// Reachable tells whether as many seats as the quorum says can be filled, each
// by another person: seats that are filled count, and whoever a late step was
// escalated to may take any seat. Who is barred takes none.
func Reachable(seats []*approvalv1.Seat, filled map[int32]*approvalv1.Signature, late *approvalv1.Seat, barred func(string) bool, quorum int32) bool {
	taken := map[string]int{} // person → seat
	signed := map[string]bool{}
	for _, sig := range filled {
		signed[sig.GetSigner().GetPersonId()] = true
	}
	// Kuhn's algorithm: give each open seat to somebody, moving others if need be.
	var place func(seat int, tried map[string]bool) bool
	place = func(seat int, tried map[string]bool) bool {
		for _, holders := range [][]*approvalv1.Party{seats[seat].GetHolders(), late.GetHolders()} {
			for _, h := range holders {
				id := h.GetPersonId()
				if tried[id] || signed[id] || barred(id) {
					continue
				}
				tried[id] = true
				if other, ok := taken[id]; !ok || place(other, tried) {
					taken[id] = seat
					return true
				}
			}
		}
		return false
	}
	possible := int32(len(filled))
	for i := range seats {
		if filled[int32(i)] == nil && place(i, map[string]bool{}) {
			possible++
		}
	}
	return quorum > 0 && possible >= quorum
}
