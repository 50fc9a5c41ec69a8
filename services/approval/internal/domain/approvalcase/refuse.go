package approvalcase

import (
	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

// Refuse is a signature against it. One is enough.
type Refuse struct{ Signing }

func (c Refuse) decide(s State) ([]proto.Message, error) {
	s, events := c.asNow(s)
	_, signature, err := c.may(s)
	if err != nil {
		return nil, err
	}
	if err := c.reasoned(); err != nil {
		return nil, err
	}
	return append(events,
		&approvalv1.ApprovalStepRefused{
			PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Step: s.Step, Signature: signature,
		},
		&approvalv1.ApprovalRefused{
			PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Kind: s.ask().GetKind(), Comment: c.Comment,
		},
	), nil
}
