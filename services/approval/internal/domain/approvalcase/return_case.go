package approvalcase

import (
	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

// Return gives it back for completion. Who asked asks again, in a case of its
// own, so that nobody's signature stands under what was changed after it.
type Return struct{ Signing }

func (c Return) decide(s State) ([]proto.Message, error) {
	s, events := c.asNow(s)
	_, signature, err := c.may(s)
	if err != nil {
		return nil, err
	}
	if err := c.reasoned(); err != nil {
		return nil, err
	}
	return append(events, &approvalv1.ApprovalReturned{
		PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Kind: s.ask().GetKind(), Signature: signature,
	}), nil
}
