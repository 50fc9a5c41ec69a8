package rpc

import (
	"context"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
	"github.com/ostiary/ostiary/services/access-request/internal/readmodel"
)

// A page of requests, unless the caller says how many.
const (
	defaultRequests = 100
	maxRequests     = 1000
)

// ErrScope says that a list has no such scope, or not for the caller.
var ErrScope = fault.New(fault.Forbidden, "REQUEST_SCOPE",
	"The scope is mine, or all for the roles access-admin, hr and auditor.", "范围为 mine；具有 access-admin、hr 或 auditor 角色者可用 all。")

// seesAll tells whether a caller may see the requests of everybody.
func seesAll(c authz.Caller) bool { return c.Is("access-admin") || c.Is("hr") || c.Is("auditor") }

// GetRequest shows one request.
func (s *Server) GetRequest(ctx context.Context, r *accessv1.GetRequestRequest) (*accessv1.GetRequestResponse, error) {
	q, err := s.visible(ctx, r.GetRequest())
	if err != nil {
		return nil, err
	}
	return &accessv1.GetRequestResponse{Request: request(q)}, nil
}

// visible finds a request that the caller may see. Whether there are others is
// not theirs to know.
func (s *Server) visible(ctx context.Context, name string) (readmodel.Request, error) {
	q, ok, err := readmodel.FindRequest(ctx, s.Pool, name)
	if err != nil {
		return q, err
	}
	caller, _ := authz.From(ctx)
	if !ok || !seesAll(caller) && (caller.Person == "" || caller.Person != q.PersonID && caller.Person != q.RequesterID) {
		return q, holdings.ErrRequestUnknown.With("request", name)
	}
	return q, nil
}

// WithdrawRequest takes a request back.
func (s *Server) WithdrawRequest(ctx context.Context, r *accessv1.WithdrawRequestRequest) (*accessv1.WithdrawRequestResponse, error) {
	q, err := s.visible(ctx, r.GetRequest())
	if err != nil {
		return nil, err
	}
	if caller, _ := authz.From(ctx); caller.Person != q.PersonID && caller.Person != q.RequesterID && !caller.Is("access-admin") {
		return nil, authz.ErrForbidden
	}
	result, err := servicekit.Execute(ctx, s.Platform, decider, holdings.Stream(q.PersonID), r,
		holdings.Command(holdings.WithdrawRequest{RequestID: q.RequestID}))
	if err != nil {
		return nil, err
	}
	return &accessv1.WithdrawRequestResponse{Position: result.Last}, nil
}

// ListRequests lists requests, the newest first.
func (s *Server) ListRequests(ctx context.Context, r *accessv1.ListRequestsRequest) (*accessv1.ListRequestsResponse, error) {
	caller, _ := authz.From(ctx)
	selection := readmodel.RequestSelection{Of: caller.Person, Open: r.GetOpen(), Limit: defaultRequests}
	switch {
	case r.GetScope() == "all" && seesAll(caller):
		selection.Of, selection.EmployeeNumber = "", r.GetEmployeeNumber()
	case r.GetScope() != "" && r.GetScope() != "mine":
		return nil, ErrScope.With("scope", r.GetScope())
	case caller.Person == "":
		return &accessv1.ListRequestsResponse{}, nil
	}
	if n := int(r.GetLimit()); n > 0 {
		selection.Limit = min(n, maxRequests)
	}
	if r.GetAfter() != "" {
		before, err := strconv.ParseInt(r.GetAfter(), 10, 64)
		if err != nil || before < 1 {
			return nil, ErrCursor
		}
		selection.Before = before
	}
	limit := selection.Limit
	selection.Limit++ // one more tells whether there is another page
	found, err := readmodel.ListRequests(ctx, s.Pool, selection)
	if err != nil {
		return nil, err
	}
	answer := &accessv1.ListRequestsResponse{}
	if len(found) > limit {
		found = found[:limit]
		answer.Next = strconv.FormatInt(found[limit-1].Position, 10)
	}
	for _, q := range found {
		answer.Items = append(answer.Items, request(q))
	}
	return answer, nil
}

func request(q readmodel.Request) *accessv1.Request {
	instant := func(t *time.Time) *timestamppb.Timestamp {
		if t == nil {
			return nil
		}
		return timestamppb.New(*t)
	}
	return &accessv1.Request{
		RequestId: q.RequestID, Number: q.Number, EmployeeNumber: q.EmployeeNumber, Requester: q.RequesterNumber, Application: q.Application,
		Role: q.Role, Reason: q.Reason, ValidFrom: instant(q.ValidFrom), ValidUntil: timestamppb.New(q.ValidUntil), Renews: q.Renews,
		State: q.State, Outcome: q.Outcome, Detail: q.Detail, PostponedUntil: instant(q.PostponedUntil), BeginsAt: instant(q.BeginsAt),
		CaseId: q.CaseID, GrantId: q.GrantID, AskedAt: timestamppb.New(q.AskedAt), Position: q.Position,
	}
}
