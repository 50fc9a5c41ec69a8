package rpc

import (
	"context"
	"time"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/session"
)

// RefreshSession exchanges the session secret for a new access token. Roles are
// those of this moment.
func (s *SignIn) RefreshSession(ctx context.Context, r *identityv1.RefreshSessionRequest) (*identityv1.RefreshSessionResponse, error) {
	if r.GetSession() == "" || len(r.GetSession()) > maxInput {
		return nil, session.ErrUnknown
	}
	id, err := s.Credentials.Session(ctx, r.GetSession())
	if err != nil {
		return nil, err
	}
	if id == "" {
		return nil, session.ErrUnknown
	}
	live, _, err := eventstore.Load(ctx, s.Platform.Journal, session.Decider, session.Stream(id))
	if err != nil {
		return nil, err
	}
	if !live.Live(s.MachineNow()) {
		return nil, session.ErrUnknown
	}
	a, _, err := eventstore.Load(ctx, s.Platform.Journal, account.Decider, account.Stream(live.Account))
	if err != nil {
		return nil, err
	}
	if a.Status != account.Active {
		return nil, session.ErrUnknown
	}
	token, err := s.token(a, id)
	if err != nil {
		return nil, err
	}
	return &identityv1.RefreshSessionResponse{
		AccessToken: token, ExpiresIn: int32(s.TokenLifetime / time.Second), Zone: s.Platform.Zone.String(),
	}, nil
}

// EndSession signs out.
func (s *SignIn) EndSession(ctx context.Context, r *identityv1.EndSessionRequest) (*identityv1.EndSessionResponse, error) {
	caller, ok := authz.From(ctx)
	if !ok || caller.Session == "" {
		return nil, session.ErrUnknown // a service has no session
	}
	result, err := servicekit.Execute(ctx, s.Platform, session.Decider, session.Stream(caller.Session), r,
		session.Command(session.End{Reason: "signed_out"}))
	if err != nil {
		return nil, err
	}
	return &identityv1.EndSessionResponse{Position: result.Last}, nil
}
