package rpc

import (
	"context"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
	"github.com/ostiary/ostiary/services/approval/internal/policy"
	"github.com/ostiary/ostiary/services/approval/internal/signers"
)

// PreviewRoute says who would sign an ask, and until when, before anything is
// recorded.
func (s *Server) PreviewRoute(ctx context.Context, r *approvalv1.PreviewRouteRequest) (*approvalv1.PreviewRouteResponse, error) {
	rules, err := s.Packs.Current(ctx)
	if err != nil {
		return nil, err
	}
	if rules.Pack == nil {
		return nil, policy.ErrNoRoute
	}
	route, ok := signers.Route(rules.Pack, r.GetAsk())
	if !ok {
		return nil, policy.ErrNoRoute
	}
	matter := s.Matter(r.GetAsk(), rules)
	matter.Strict = true
	answer := &approvalv1.PreviewRouteResponse{Route: route.ID}
	for i, step := range route.Steps {
		plan, err := matter.Plan(ctx, s.Directory, step, s.Clock.Now())
		if err != nil {
			return nil, err
		}
		if !approvalcase.Reachable(plan.Seats, nil, nil, matter.Barred, plan.Quorum) {
			return nil, policy.ErrNoSigner.With("route", route.ID).With("signers", strings.Join(step.Signers, ", "))
		}
		view := planned(int32(i+1), plan)
		answer.Steps = append(answer.Steps, view)
	}
	return answer, nil
}

// planned is a step that has not begun.
func planned(step int32, p approvalcase.Plan) *approvalv1.StepView {
	return &approvalv1.StepView{Step: step, Seats: p.Seats, Quorum: p.Quorum, DueAt: instant(p.DueAt), State: "to_come"}
}

// instant is a time in an answer; the zero time is none.
func instant(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
