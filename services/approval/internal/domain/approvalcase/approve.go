package approvalcase

import (
	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
)

// Approve is a signature for it.
type Approve struct {
	Signing
	// Next is the step after this one, if there is one: it begins when this
	// signature completes the quorum.
	Next Plan
}

func (c Approve) decide(s State) ([]proto.Message, error) {
	s, events := c.asNow(s)
	seat, signature, err := c.may(s)
	if err != nil {
		return nil, err
	}
	approved := &approvalv1.ApprovalStepApproved{
		PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Step: s.Step, Seat: seat, Signature: signature,
	}
	events = append(events, approved)
	after := Evolve(s, approved)
	switch {
	case int32(len(after.Filled)) < s.Quorum && !after.reachable(s.Step, Plan{Seats: s.Seats, Quorum: s.Quorum}):
		return append(events, s.cancelled(ReasonNoSigner)), nil // the others have gone since the step began
	case int32(len(after.Filled)) < s.Quorum:
		return events, nil
	case s.Step < s.Opened.GetSteps():
		return append(events, after.begin(s.Step+1, c.Next)...), nil
	}
	return append(events, after.granted(false)), nil
}

func (s State) granted(direct bool) *approvalv1.ApprovalGranted {
	return &approvalv1.ApprovalGranted{
		PersonId: s.person(), EmployeeNumber: s.number(), CaseId: s.ask().GetCaseId(), Kind: s.ask().GetKind(), Digest: s.ask().GetDigest(),
		Signatures: s.Signatures, Direct: direct,
	}
}
