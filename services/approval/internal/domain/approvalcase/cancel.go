package approvalcase

import (
	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

// Why a case is cancelled.
const (
	ReasonWithdrawn = "withdrawn" // by the asker
	ReasonNoSigner  = "no_signer" // nobody is left who may sign
)

// Cancel ends a case because nothing is to be signed any more.
type Cancel struct{ Reason string }

func (c Cancel) decide(s State) ([]proto.Message, error) {
	if !s.Waiting() {
		return nil, nil
	}
	return []proto.Message{s.cancelled(c.Reason)}, nil
}

func (s State) cancelled(reason string) *approvalv1.ApprovalCancelled {
	return &approvalv1.ApprovalCancelled{
		PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Kind: s.ask().GetKind(), Reason: reason,
	}
}
