// Package rpc answers the calls of other services and of people.
package rpc

import (
	"context"

	"google.golang.org/grpc"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/eventstore/postgres"
	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/approval/internal/domain/authority"
	"github.com/ostiary/ostiary/services/approval/internal/policy"
	"github.com/ostiary/ostiary/services/approval/internal/readmodel"
)

// Server answers ApprovalService and PackSubscriberService.
type Server struct {
	approvalv1.UnsafeApprovalServiceServer
	policyv1.UnsafePackSubscriberServiceServer
	*policy.Cases

	// deputies is held while somebody names a deputy: two who name each other
	// at the same moment must not close a circle.
	deputies *postgres.Lock
}

var (
	_ approvalv1.ApprovalServiceServer     = (*Server)(nil)
	_ policyv1.PackSubscriberServiceServer = (*Server)(nil)
)

// New answers with these cases.
func New(c *policy.Cases) *Server {
	return &Server{Cases: c, deputies: postgres.NewLock(c.Pool, policy.DeputiesLock)}
}

// Register adds both services.
func (s *Server) Register(r grpc.ServiceRegistrar) {
	approvalv1.RegisterApprovalServiceServer(r, s)
	policyv1.RegisterPackSubscriberServiceServer(r, s)
}

// The refusals of whom a question or command comes from.
var (
	// ErrUnknown says that there is no such case, or none that is shown to the
	// caller; which of the two is not theirs to know.
	ErrUnknown = fault.New(fault.NotFound, "APPROVAL_UNKNOWN",
		"There is no such case, or it is not yours to see; list yours with 'ostiary approvals list'.",
		"没有该审批，或您无权查看；可用 ostiary approvals list 查看您的审批。")
	// ErrNobody says that an account is nobody's.
	ErrNobody = fault.New(fault.Refused, "SIGNER_NOBODY",
		"Your account is nobody's; sign in as a person to sign or to name a deputy.", "您的账号不属于任何人员，请以个人账号登录后签批或指定代理人。")
)

// seesAll tells whether a caller may see the cases of everybody.
func seesAll(c authz.Caller) bool {
	return c.Service != "" || c.Is("auditor") || c.Is("access-admin")
}

// self is the caller as a party.
func self(c authz.Caller) *approvalv1.Party {
	return &approvalv1.Party{PersonId: c.Person, EmployeeNumber: c.Account}
}

// actsFor are the people for whom a person may act at this moment, past whom is
// barred.
func (s *Server) actsFor(ctx context.Context, person string, barred func(string) bool) ([]string, error) {
	now := s.Clock.Now()
	all, err := readmodel.Delegations(ctx, s.Pool, now)
	if err != nil || person == "" {
		return nil, err
	}
	return authority.ActsFor(person, now, links(all), barred), nil
}

func links(all []readmodel.Delegation) []authority.Delegation {
	found := make([]authority.Delegation, 0, len(all))
	for _, d := range all {
		found = append(found, authority.Delegation{Of: d.OfID, To: d.ToID, From: d.From, Until: d.Until})
	}
	return found
}

// never bars nobody.
func never(string) bool { return false }
