package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
	"github.com/ostiary/ostiary/services/access-request/internal/policy"
)

// standings is how a role stands to the caller whose request would be refused;
// for any other reason it is unavailable.
var standings = map[string]string{
	holdings.ErrHeldAlready.Reason: "held", holdings.ErrRequestOpen.Reason: "pending", holdings.ErrDutyConflict.Reason: "conflict",
	holdings.ErrDutyAwaits.Reason: "waiting",
}

const unavailable = "unavailable"

// ListRoles lists what the caller may ask for: what a route of the pack admits
// for the caller's post. How each stands is found by the same decision that a
// request would meet.
func (s *Server) ListRoles(ctx context.Context, r *accessv1.ListRolesRequest) (*accessv1.ListRolesResponse, error) {
	caller, _ := authz.From(ctx)
	if caller.Person == "" {
		return nil, ErrNobody
	}
	state, _, err := eventstore.Load(ctx, s.Platform.Journal, decider, holdings.Stream(caller.Person))
	if err != nil {
		return nil, err
	}
	if !state.Employed() {
		return nil, holdings.ErrNotEmployed
	}
	rules, err := s.Rules(ctx)
	if err != nil || rules.Pack == nil {
		return &accessv1.ListRolesResponse{}, err
	}
	answer := &accessv1.ListRolesResponse{}
	for _, a := range rules.Pack.Applications {
		if r.GetApplication() != "" && r.GetApplication() != a.ID {
			continue
		}
		for _, role := range a.Roles {
			if !admits(rules.Pack, state.Post, a.ID, role) {
				continue
			}
			offered, err := s.offered(rules, state, caller, a.ID, role)
			if err != nil {
				return nil, err
			}
			answer.Items = append(answer.Items, offered)
		}
	}
	return answer, nil
}

// admits tells whether a route leads to a role for somebody of a post.
func admits(p *pack.Pack, post *accessv1.PostNoted, application string, role pack.Role) bool {
	_, ok := p.Route(pack.Asked{
		Post:        pack.Post{Position: post.GetPosition(), Unit: post.GetUnit(), Kind: post.GetKind(), Attributes: post.GetAttributes()},
		Application: application, Role: role.ID, Level: role.Level, Privileged: role.Privileged,
	})
	return ok
}

// offered is a role as the caller finds it now.
func (s *Server) offered(rules policy.Rules, state holdings.State, caller authz.Caller, application string, role pack.Role) (*accessv1.OfferedRole, error) {
	now := s.Platform.Clock.Now()
	offer, err := rules.Offer(application, role.ID, now, s.Platform.Zone)
	if err != nil {
		return nil, err
	}
	shown := &accessv1.OfferedRole{
		Application: application, Role: role.ID, TitleZh: role.Title.ZH, Title: role.Title.EN, Level: role.Level, Privileged: role.Privileged,
		Latest: timestamppb.New(offer.Latest), State: "requestable",
	}
	events, err := decider.Decide(state, holdings.SubmitRequest{
		RequesterID: caller.Person, RequesterNumber: caller.Account, Offer: offer, Application: application, Role: role.ID, Reason: "?",
		From: time.Time{}, Until: offer.Latest, Duties: rules.DutyRules(), Pack: rules.InForce(), Now: now, Zone: s.Platform.Zone,
	})
	if why, refused := fault.Of(err); refused {
		refuse(shown, why)
		return shown, nil
	}
	if err != nil {
		return nil, err
	}
	if events[0].(*accessv1.AccessRequested).GetRenews() != "" {
		shown.State = "renewable"
	}
	return shown, nil
}

// refuse shows a role for which a request would be refused. That one cannot be
// asked for says nothing of the others.
func refuse(shown *accessv1.OfferedRole, why *fault.Fault) {
	if shown.State = standings[why.Reason]; shown.State == "" {
		shown.State = unavailable
	}
	shown.Reason, shown.WhyZh, shown.Why = why.Reason, why.MessageZH, why.Message
}
