package approvalcase

import (
	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Start opens the case of an ask along a route of the pack.
type Start struct {
	Ask *approvalv1.Ask
	// Route is its name in the pack, Steps how many it has.
	Route string
	Steps int32
	// PackVersion is the pack in force.
	PackVersion int64
	// First is the first step.
	First Plan
}

// ErrAskIncomplete says that an ask lacks what every case needs.
var ErrAskIncomplete = fault.New(fault.Invalid, "APPROVAL_ASK_INCOMPLETE",
	"The ask does not name case, kind, requester, beneficiary and digest; mend the event that carries it.",
	"审批请求缺少案件、种类、申请人、受益人或摘要，请修正其来源事件。")

func (c Start) decide(s State) ([]proto.Message, error) {
	a := c.Ask
	if a.GetCaseId() == "" || a.GetKind() == "" || a.GetDigest() == "" ||
		a.GetRequester().GetPersonId() == "" || a.GetBeneficiary().GetPersonId() == "" || c.Steps < 1 {
		return nil, ErrAskIncomplete.With("case", a.GetCaseId())
	}
	if s.Status != None {
		return nil, nil // the same ask came before
	}
	opened := &approvalv1.ApprovalCaseOpened{
		PersonId: a.GetBeneficiary().GetPersonId(), EmployeeNumber: a.GetBeneficiary().GetEmployeeNumber(),
		Ask: a, Route: c.Route, Steps: c.Steps, PackVersion: c.PackVersion,
	}
	return append([]proto.Message{opened}, Evolve(s, opened).begin(1, c.First)...), nil
}
