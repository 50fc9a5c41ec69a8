package rpc

import (
	"cmp"
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/authn"
	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/session"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
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

// ErrSessionUnknown says that there is no such session, or none that is the
// caller's to end.
var ErrSessionUnknown = fault.New(fault.NotFound, "SESSION_UNKNOWN",
	"There is no such session, or it is not yours to end; list yours with 'ostiary session list'.", "没有该会话，或您无权结束；可用 ostiary session list 查看。")

// keepsSessions tells whether a caller may list and end the sessions of
// everybody.
func keepsSessions(c authz.Caller) bool { return c.Is("admin") || c.Is("hr") }

// EndSession signs out, or ends a session by its name.
func (s *SignIn) EndSession(ctx context.Context, r *identityv1.EndSessionRequest) (*identityv1.EndSessionResponse, error) {
	caller, ok := authz.From(ctx)
	if !ok || caller.Session == "" {
		return nil, session.ErrUnknown // a service has no session
	}
	id, why := cmp.Or(r.GetSessionId(), caller.Session), "signed_out"
	if id != caller.Session {
		why = "ended"
		of, _, err := eventstore.Load(ctx, s.Platform.Journal, session.Decider, session.Stream(id))
		if err != nil {
			return nil, err
		}
		if of.ID == "" || of.Account != caller.Account && !keepsSessions(caller) {
			return nil, ErrSessionUnknown.With("session", id)
		}
	}
	result, err := servicekit.Execute(ctx, s.Platform, session.Decider, session.Stream(id), r, session.Command(session.End{Reason: why}))
	if err != nil {
		return nil, err
	}
	return &identityv1.EndSessionResponse{Position: result.Last}, nil
}

// ListSessions lists where an account is signed in.
func (s *SignIn) ListSessions(ctx context.Context, r *identityv1.ListSessionsRequest) (*identityv1.ListSessionsResponse, error) {
	caller, ok := authz.From(ctx)
	if !ok || caller.Session == "" {
		return nil, session.ErrUnknown
	}
	account := cmp.Or(r.GetAccount(), caller.Account)
	if account != caller.Account && !keepsSessions(caller) {
		return nil, authz.ErrForbidden
	}
	found, err := readmodel.LiveSessions(ctx, s.Platform.Pool, account, s.MachineNow())
	if err != nil {
		return nil, err
	}
	answer := &identityv1.ListSessionsResponse{}
	for _, f := range found {
		answer.Items = append(answer.Items, &identityv1.Session{
			SessionId: f.ID, Account: f.Account, Since: timestamppb.New(f.Since), ExpiresAt: timestamppb.New(f.ExpiresAt), Current: f.ID == caller.Session,
		})
	}
	return answer, nil
}

// FollowEndedSessions tells services of other processes which sessions have
// ended.
func (s *SignIn) FollowEndedSessions(ctx context.Context, r *identityv1.FollowEndedSessionsRequest) (*identityv1.FollowEndedSessionsResponse, error) {
	after := int64(authn.Beginning)
	if r.After != nil {
		after = r.GetAfter()
	}
	sessions, next, err := s.Ended(ctx, after)
	if err != nil {
		return nil, err
	}
	return &identityv1.FollowEndedSessionsResponse{SessionIds: sessions, Next: next}, nil
}
