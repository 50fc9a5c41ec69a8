package person

import (
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
)

// notice tells whether HR gives notice of a transfer, or corrects one.
func (c Move) notice() bool { return c.Case != "" }

// corrects tells whether this changes the plan of a transfer that is ahead.
func (c Move) corrects(s State) bool { return c.notice() && s.Transfer != "" }

// noticed puts beside a move what it means for the transfer of which HR gave
// notice: it opens one, is it, or puts an end to it. The case is opened before
// anything moves.
func (c Move) noticed(s State, moved []proto.Message) []proto.Message {
	after := s
	for _, e := range moved {
		after = Evolve(after, e)
	}
	now := happened(moved)
	ahead := after.Change != nil
	if s.Transfer == "" {
		if !c.notice() || now == nil && (!ahead || !c.is(after.Change)) {
			return moved // no notice, or of what is so already
		}
		if now != nil {
			now.CaseId = c.Case
		}
		return append([]proto.Message{&identityv1.TransferNoticed{PersonId: s.ID, EmployeeNumber: s.Number, CaseId: c.Case, Reason: c.Reason}}, moved...)
	}
	switch {
	case now != nil && (c.notice() || !ahead): // what was planned, early or otherwise
		now.CaseId = s.Transfer
	case !ahead, !c.notice() && s.overtaken(after):
		return append(moved, &identityv1.TransferWithdrawn{PersonId: s.ID, EmployeeNumber: s.Number, CaseId: s.Transfer, Reason: c.Reason})
	}
	return moved
}

// is tells whether the plan is for what the move says.
func (c Move) is(plan *identityv1.PostChangePlanned) bool {
	return proto.Equal(plan.GetPost(), c.Post) && plan.GetKind() == c.Details.GetKind()
}

// overtaken tells whether a plan for an earlier day, which knows nothing of the
// transfer, has taken the place of its plan.
func (s State) overtaken(after State) bool {
	return after.Change.GetStartsAt().AsTime().Before(s.Change.GetStartsAt().AsTime())
}

// happened is the move if it is not only planned.
func happened(moved []proto.Message) *identityv1.PostChanged {
	for _, e := range moved {
		if e, ok := e.(*identityv1.PostChanged); ok {
			return e
		}
	}
	return nil
}
