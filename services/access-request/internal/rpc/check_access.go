package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/fault"

	"github.com/ostiary/ostiary/services/access-request/internal/policy"
	"github.com/ostiary/ostiary/services/access-request/internal/readmodel"
)

// Why somebody may not.
const (
	deniedUnknown      = "unknown_account"
	deniedSuspended    = "suspended"
	deniedNoGrant      = "no_grant"
	deniedNotConfirmed = "not_confirmed"   // decided, and not yet seen on the target
	deniedEnded        = "ended"           // its time is over
	deniedGrant        = "suspended_grant" // the grant is suspended; its account is not
)

// CheckAccess tells whether an account has a role now. If identity cannot be
// asked whether the account is suspended, nobody is told yes.
func (s *Server) CheckAccess(ctx context.Context, r *accessv1.CheckAccessRequest) (*accessv1.CheckAccessResponse, error) {
	if caller, _ := authz.From(ctx); caller.Service == "" && !seesAll(caller) && caller.Account != r.GetAccount() {
		return nil, authz.ErrForbidden
	}
	rules, err := s.Rules(ctx)
	if err != nil {
		return nil, err
	}
	deny := func(reason string) (*accessv1.CheckAccessResponse, error) {
		return &accessv1.CheckAccessResponse{Reason: reason, CanRequest: requestable(rules, r.GetApplication())}, nil
	}
	switch state, err := s.account(ctx, r.GetAccount()); {
	case err != nil:
		return nil, err
	case state == "":
		return deny(deniedUnknown)
	case state != "active":
		return deny(deniedSuspended)
	}
	held, err := readmodel.Held(ctx, s.Pool, r.GetAccount(), r.GetApplication(), r.GetRole())
	if err != nil {
		return nil, err
	}
	answer, reason := decided(held, s.Platform.Clock.Now())
	if answer == nil {
		return deny(reason)
	}
	return answer, nil
}

// decided looks for a grant that allows, or for the nearest reason why none
// does.
func decided(held []readmodel.Grant, now time.Time) (*accessv1.CheckAccessResponse, string) {
	reason := deniedNoGrant
	for _, g := range held {
		switch {
		case g.ValidUntil != nil && !g.ValidUntil.After(now):
			reason = deniedEnded
		case g.State == "active" && !g.ValidFrom.After(now):
			answer := &accessv1.CheckAccessResponse{Allowed: true, GrantId: g.GrantID}
			if g.ValidUntil != nil {
				answer.ValidUntil = timestamppb.New(*g.ValidUntil)
			}
			return answer, ""
		case g.State == "issued":
			reason = deniedNotConfirmed
		case g.State == "suspending" || g.State == "suspended":
			reason = deniedGrant
		}
	}
	return nil, reason
}

// account asks identity for the state of an account; "" if there is none.
func (s *Server) account(ctx context.Context, account string) (string, error) {
	r, err := identityv1.NewIdentityServiceClient(s.Platform.Dial("identity")).GetPerson(ctx, &identityv1.GetPersonRequest{EmployeeNumber: account})
	if f, ok := fault.Of(err); ok && f.Kind == fault.NotFound {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for _, a := range r.GetPerson().GetAccounts() {
		if a.GetAccount() == account {
			return a.GetState(), nil
		}
	}
	return "", nil
}

// requestable are the roles of an application that can be asked for.
func requestable(rules policy.Rules, application string) (roles []string) {
	if rules.Pack == nil {
		return nil
	}
	for _, a := range rules.Pack.Applications {
		if a.ID == application {
			for _, r := range a.Roles {
				roles = append(roles, a.ID+"/"+r.ID)
			}
		}
	}
	return roles
}
