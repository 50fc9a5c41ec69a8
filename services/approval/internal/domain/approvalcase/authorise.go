package approvalcase

import (
	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// Leadership is the authority of a direct authorisation: the function of the
// pack with this name.
const Leadership = "leadership"

// Authorise takes the place of all signatures that are missing.
type Authorise struct {
	Signing
	// Leader tells whether the signer holds the function leadership.
	Leader bool
}

// ErrNotLeader says that only leadership authorises directly.
var ErrNotLeader = fault.New(fault.Refused, "SIGNER_NOT_LEADERSHIP",
	"Only holders of the function leadership authorise directly; sign the step instead.",
	"仅“leadership”职能的负责人可直接授权，请按步骤签批。")

func (c Authorise) decide(s State) ([]proto.Message, error) {
	if err := c.admitted(s); err != nil {
		return nil, err
	}
	if !c.Leader {
		return nil, ErrNotLeader
	}
	if err := c.reasoned(); err != nil {
		return nil, err
	}
	signature := c.signature()
	signature.By = Leadership
	given := &approvalv1.LeadershipAuthorisationGiven{
		PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Step: s.Step, Signature: signature,
	}
	return []proto.Message{given, Evolve(s, given).granted(true)}, nil
}
