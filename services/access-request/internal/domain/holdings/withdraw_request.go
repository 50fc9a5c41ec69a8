package holdings

import (
	"google.golang.org/protobuf/proto"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// WithdrawRequest says that a request is not wanted any more.
type WithdrawRequest struct{ RequestID string }

// Why a request is withdrawn.
const (
	WithdrawnByRequester = "requester"
	WithdrawnByLeaver    = "leaver"
	WithdrawnByTransfer  = "transfer"
)

// The refusals of a withdrawal.
var (
	ErrRequestUnknown = fault.New(fault.NotFound, "REQUEST_NOT_FOUND",
		"There is no such request; check the number.", "没有此申请，请核对申请单号。")
	ErrRequestClosed = fault.New(fault.Refused, "REQUEST_CLOSED",
		"This request is decided; a right that is not needed any more is given back by its owner or expires.",
		"该申请已有结果，不能撤回；不再需要的权限请交由负责人收回或等待到期。")
)

func (c WithdrawRequest) decide(s State) ([]proto.Message, error) {
	r, ok := s.Requests[c.RequestID]
	switch {
	case !ok:
		return nil, ErrRequestUnknown
	case r.Status == Withdrawn:
		return nil, nil
	case !r.coming():
		return nil, ErrRequestClosed.With("number", r.Requested.GetNumber())
	}
	return []proto.Message{withdrawn(r, WithdrawnByRequester)}, nil
}

// withdrawAll withdraws whatever may still come.
func (s State) withdrawAll(reason string) []proto.Message {
	var events []proto.Message
	for _, r := range s.sorted(Request.coming) {
		events = append(events, withdrawn(r, reason))
	}
	return events
}

func withdrawn(r Request, reason string) *accessv1.AccessRequestWithdrawn {
	return &accessv1.AccessRequestWithdrawn{
		PersonId: r.Requested.GetPersonId(), EmployeeNumber: r.Requested.GetEmployeeNumber(), RequestId: r.Requested.GetRequestId(),
		CaseId: r.Case, Reason: reason,
	}
}
