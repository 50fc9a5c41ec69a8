package rpc

import (
	"context"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/grpckit"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/approval/internal/domain/authority"
	"github.com/ostiary/ostiary/services/approval/internal/readmodel"
)

// NameDeputy lets somebody sign for the caller for a time. One at a time: only
// so is it certain that no circle is closed.
func (s *Server) NameDeputy(ctx context.Context, r *approvalv1.NameDeputyRequest) (*approvalv1.NameDeputyResponse, error) {
	caller, _ := authz.From(ctx)
	if caller.Person == "" {
		return nil, ErrNobody
	}
	deputy, ok, err := s.Directory.Person(ctx, r.GetDeputy())
	if err != nil {
		return nil, err
	}
	if !ok || !deputy.Employed {
		return nil, authority.ErrNobody.With("employee_number", r.GetDeputy())
	}
	now := s.Clock.Now()
	c := authority.NameDeputy{
		ID: "dlg_" + grpckit.CommandID(ctx), Of: self(caller), Deputy: deputy.Party, From: now, Reason: strings.TrimSpace(r.GetReason()), Now: now,
	}
	if r.GetFrom() != nil {
		c.From = r.GetFrom().AsTime()
	}
	if r.GetUntil() != nil {
		c.Until = r.GetUntil().AsTime()
	}
	var result eventstore.Result
	err = s.deputies.Hold(ctx, func() error {
		head, err := s.Journal.Store.Head(ctx)
		if err != nil {
			return err
		}
		if err := s.Projected(ctx, head); err != nil {
			return err
		}
		all, err := readmodel.Delegations(ctx, s.Pool, now)
		if err != nil {
			return err
		}
		c.Others = links(all)
		result, err = servicekit.Execute(ctx, s.Platform, authority.Decider, authority.Stream(caller.Person), r, authority.Command(c))
		return err
	})
	if err != nil {
		return nil, err
	}
	return &approvalv1.NameDeputyResponse{DelegationId: c.ID, Position: result.Last}, nil
}

// EndDeputy ends a delegation of the caller.
func (s *Server) EndDeputy(ctx context.Context, r *approvalv1.EndDeputyRequest) (*approvalv1.EndDeputyResponse, error) {
	caller, _ := authz.From(ctx)
	if caller.Person == "" {
		return nil, ErrNobody
	}
	result, err := servicekit.Execute(ctx, s.Platform, authority.Decider, authority.Stream(caller.Person), r,
		authority.Command(authority.EndDeputy{ID: r.GetDelegationId(), Of: self(caller), Reason: authority.ReasonRecalled}))
	if err != nil {
		return nil, err
	}
	return &approvalv1.EndDeputyResponse{Position: result.Last}, nil
}

// ListDeputies lists delegations from and to the caller that hold now or later.
func (s *Server) ListDeputies(ctx context.Context, _ *approvalv1.ListDeputiesRequest) (*approvalv1.ListDeputiesResponse, error) {
	caller, _ := authz.From(ctx)
	all, err := readmodel.Delegations(ctx, s.Pool, s.Clock.Now())
	if err != nil {
		return nil, err
	}
	answer := &approvalv1.ListDeputiesResponse{}
	for _, d := range all {
		if caller.Person == "" || d.OfID != caller.Person && d.ToID != caller.Person {
			continue
		}
		answer.Items = append(answer.Items, &approvalv1.Delegation{
			DelegationId: d.ID,
			Principal:    &approvalv1.Party{PersonId: d.OfID, EmployeeNumber: d.OfNumber},
			Deputy:       &approvalv1.Party{PersonId: d.ToID, EmployeeNumber: d.ToNumber},
			From:         timestamppb.New(d.From), Until: timestamppb.New(d.Until), Reason: d.Reason,
		})
	}
	return answer, nil
}
