package approvalcase

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Postpone lets the case rest until a day.
type Postpone struct {
	Signing
	Until time.Time
}

// longestRest is how far a case may be postponed.
const longestRest = 366 * 24 * time.Hour

// ErrUntil says that the day is past or too far away.
var ErrUntil = fault.New(fault.Invalid, "APPROVAL_UNTIL_INVALID",
	"Postpone to a later day, at most a year away; refuse what is not to be.", "延期日期须晚于现在且不超过一年；不同意请直接拒绝。")

// ErrUntilOver says that what is asked for would be over before the case goes on;
// it names that end.
var ErrUntilOver = fault.New(fault.Refused, "APPROVAL_UNTIL_OVER",
	"By then what is asked for would be over, and it would lapse unsigned; postpone to a time before its end, or refuse it.",
	"届时所申请的期限已过，审批将自动失效；请延期至其结束之前，或直接拒绝。")

func (c Postpone) decide(s State) ([]proto.Message, error) {
	s, events := c.asNow(s)
	_, signature, err := c.may(s)
	if err != nil {
		return nil, err
	}
	if err := c.reasoned(); err != nil {
		return nil, err
	}
	if !c.Until.After(c.Now) || c.Until.Sub(c.Now) > longestRest {
		return nil, ErrUntil
	}
	if s.over(c.Until) {
		return nil, ErrUntilOver.With("ends_at", s.ask().GetNeededUntil().AsTime().Format(time.RFC3339))
	}
	return append(events, &approvalv1.ApprovalPostponed{
		PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Kind: s.ask().GetKind(),
		Until: timestamppb.New(c.Until), Signature: signature,
	}), nil
}

// Resume goes on with a postponed case: the same step begins again, with who
// may sign it now. Signatures that it has stay.
type Resume struct {
	Plan Plan
	Now  time.Time
}

func (c Resume) decide(s State) ([]proto.Message, error) {
	if s.Status != Postponed || c.Now.Before(s.Until) {
		return nil, nil
	}
	s.Escalation = nil
	return s.begin(s.Step, c.Plan), nil
}
