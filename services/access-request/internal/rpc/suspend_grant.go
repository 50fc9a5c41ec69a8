package rpc

import (
	"context"
	"strings"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
	"github.com/ostiary/ostiary/services/access-request/internal/readmodel"
)

// ErrUntil says that the end of a suspension is no instant.
var ErrUntil = fault.New(fault.Invalid, "SUSPENSION_UNTIL_INVALID",
	"until must be an instant between the years 1 and 9999.", "until 须为公元 1 年至 9999 年之间的时刻。")

// SuspendGrant takes a right away for a while.
func (s *Server) SuspendGrant(ctx context.Context, r *accessv1.SuspendGrantRequest) (*accessv1.SuspendGrantResponse, error) {
	stream, err := s.holder(ctx, r.GetGrantId())
	if err != nil {
		return nil, err
	}
	until, err := instant(r.GetUntil())
	if err != nil {
		return nil, ErrUntil
	}
	caller, _ := authz.From(ctx)
	result, err := servicekit.Execute(ctx, s.Platform, decider, stream, r, holdings.Command(holdings.SuspendGrant{
		GrantID: r.GetGrantId(), By: caller.Person, Reason: strings.TrimSpace(r.GetReason()), Until: until, Now: s.Platform.Clock.Now(),
	}))
	if err != nil {
		return nil, err
	}
	return &accessv1.SuspendGrantResponse{Position: result.Last}, nil
}

// ReinstateGrant gives a suspended right back.
func (s *Server) ReinstateGrant(ctx context.Context, r *accessv1.ReinstateGrantRequest) (*accessv1.ReinstateGrantResponse, error) {
	stream, err := s.holder(ctx, r.GetGrantId())
	if err != nil {
		return nil, err
	}
	rules, err := s.Rules(ctx)
	if err != nil {
		return nil, err
	}
	caller, _ := authz.From(ctx)
	result, err := servicekit.Execute(ctx, s.Platform, decider, stream, r, holdings.Command(holdings.ReinstateGrant{
		GrantID: r.GetGrantId(), By: caller.Person, Reason: strings.TrimSpace(r.GetReason()), Duties: rules.DutyRules(), Now: s.Platform.Clock.Now(),
	}))
	if err != nil {
		return nil, err
	}
	return &accessv1.ReinstateGrantResponse{Position: result.Last}, nil
}

// holder is the stream of the person who holds a grant.
func (s *Server) holder(ctx context.Context, grant string) (string, error) {
	person, err := readmodel.HolderOf(ctx, s.Pool, grant)
	if err == nil && person == "" {
		err = holdings.ErrGrantNotFound.With("grant", grant)
	}
	return holdings.Stream(person), err
}
