package authority

import (
	"google.golang.org/protobuf/proto"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// EndDeputy ends a delegation before its time.
type EndDeputy struct {
	ID     string
	Of     *approvalv1.Party
	Reason string
}

// ErrUnknown says that the person has no such delegation.
var ErrUnknown = fault.New(fault.NotFound, "DEPUTY_UNKNOWN",
	"You have no such delegation; list your deputies.", "没有该代理记录，请查看您的代理人列表。")

func (c EndDeputy) decide(s State) ([]proto.Message, error) {
	if _, known := s.Delegations[c.ID]; !known {
		return nil, ErrUnknown.With("delegation", c.ID)
	}
	return []proto.Message{&approvalv1.DeputyEnded{
		PersonId: c.Of.GetPersonId(), EmployeeNumber: c.Of.GetEmployeeNumber(), DelegationId: c.ID, Reason: c.Reason,
	}}, nil
}
