package authority

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// EndDeputy ends a delegation before its time: at once, or at a later instant.
type EndDeputy struct {
	ID     string
	Of     *approvalv1.Party
	Reason string
	// At is when it ends; zero, or not after Now: at once.
	At, Now time.Time
}

// ErrUnknown says that the person has no such delegation.
var ErrUnknown = fault.New(fault.NotFound, "DEPUTY_UNKNOWN",
	"You have no such delegation; list your deputies.", "没有该代理记录，请查看您的代理人列表。")

func (c EndDeputy) decide(s State) ([]proto.Message, error) {
	d, known := s.Delegations[c.ID]
	switch {
	case !known && c.Reason == ReasonReturned:
		return nil, nil // whoever is back has recalled the deputy already
	case !known:
		return nil, ErrUnknown.With("delegation", c.ID)
	}
	e := &approvalv1.DeputyEnded{
		PersonId: c.Of.GetPersonId(), EmployeeNumber: c.Of.GetEmployeeNumber(), DelegationId: c.ID, Reason: c.Reason,
	}
	switch {
	case !c.At.Before(d.Until):
		return nil, nil // it ends by itself before
	case c.At.After(c.Now) && c.At.After(d.From):
		e.EffectiveAt = timestamppb.New(c.At)
	}
	return []proto.Message{e}, nil
}
