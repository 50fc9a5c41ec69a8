package holdings

import (
	"google.golang.org/protobuf/proto"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/fault"
)

// ConfirmActive says that the target was read back and shows the right.
type ConfirmActive struct {
	GrantID string
	// Turn is the turn of the grant in which that was ordered.
	Turn int32
}

// ConfirmRemoved says that the target was read back and the right is gone.
type ConfirmRemoved struct {
	GrantID string
	// Turn is the turn of the grant in which that was ordered.
	Turn int32
}

// The refusals of a confirmation. They mean that a target was changed without
// a decision here, which somebody must look at.
var (
	ErrGrantUnknown = fault.New(fault.NotFound, "GRANT_UNKNOWN",
		"This person has no such grant; look in provisioning for what the order followed from.",
		"该人员没有此授权，请在开通服务中查明该指令的来源。")
	ErrGrantNotRevoked = fault.New(fault.Refused, "GRANT_NOT_REVOKED",
		"A right was removed on the target that nobody revoked; look in provisioning for what the order followed from.",
		"目标系统上移除了未被撤销的权限，请在开通服务中查明该指令的来源。")
)

func (c ConfirmActive) decide(s State) ([]proto.Message, error) {
	g, ok := s.Grants[c.GrantID]
	if !ok {
		return nil, ErrGrantUnknown.With("grant", c.GrantID)
	}
	if g.Status != Issued || c.Turn != g.Turn {
		return nil, nil // confirmed before, or revoked or suspended in the meantime
	}
	events := []proto.Message{&accessv1.GrantActivated{
		PersonId: g.Issued.GetPersonId(), EmployeeNumber: g.Issued.GetEmployeeNumber(), GrantId: c.GrantID,
		Application: g.Issued.GetApplication(), Role: g.Issued.GetRole(), Account: g.Issued.GetAccount(), Target: g.Issued.GetTarget(),
		ValidUntil: g.Issued.GetValidUntil(),
	}}
	if id := g.Issued.GetRequestId(); id != "" && s.Requests[id].Status != Fulfilled {
		events = append(events, &accessv1.AccessRequestFulfilled{
			PersonId: g.Issued.GetPersonId(), EmployeeNumber: g.Issued.GetEmployeeNumber(), RequestId: id, GrantId: c.GrantID,
		})
	}
	return events, nil
}

func (c ConfirmRemoved) decide(s State) ([]proto.Message, error) {
	g, ok := s.Grants[c.GrantID]
	switch {
	case !ok:
		return nil, ErrGrantUnknown.With("grant", c.GrantID)
	case c.Turn < g.Turn, g.Status == Suspended, g.Status == Removed:
		return nil, nil // decided anew since, or confirmed before
	case g.Status == Suspending:
		return []proto.Message{&accessv1.GrantSuspensionConfirmed{
			PersonId: g.Issued.GetPersonId(), EmployeeNumber: g.Issued.GetEmployeeNumber(), GrantId: c.GrantID,
			Application: g.Issued.GetApplication(), Role: g.Issued.GetRole(), Account: g.Issued.GetAccount(), Target: g.Issued.GetTarget(),
		}}, nil
	case g.Live():
		return nil, ErrGrantNotRevoked.With("grant", c.GrantID)
	}
	events := []proto.Message{&accessv1.GrantRemovalConfirmed{
		PersonId: g.Issued.GetPersonId(), EmployeeNumber: g.Issued.GetEmployeeNumber(), GrantId: c.GrantID,
		Application: g.Issued.GetApplication(), Role: g.Issued.GetRole(), Account: g.Issued.GetAccount(), Target: g.Issued.GetTarget(),
	}}
	if !s.Employed() && s.empty(c.GrantID) {
		events = append(events, s.cleared(g.Issued.GetPersonId(), g.Issued.GetEmployeeNumber(), s.Post.GetSourcePosition()))
	}
	return s.taken(events), nil
}
