package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/session"
	"github.com/ostiary/ostiary/services/identity/internal/readmodel"
)

// WhenAccountBlockedEndSessions ends every session of an account that may no
// longer be used, or whose password was replaced. A session that was opened at
// the very moment, with what was proved before it, is ended when it shows.
func WhenAccountBlockedEndSessions(p *servicekit.Platform) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_account_blocked_end_sessions", Source: p.Service,
		On: []proto.Message{
			&identityv1.AccountSuspended{}, &identityv1.AccountClosed{}, &identityv1.PasswordChanged{},
			&identityv1.InitialCredentialIssued{}, &identityv1.SessionOpened{},
		},
	}
	end := func(ctx context.Context, f eventstore.Fact, id, reason string) error {
		stream := session.Stream(id)
		_, err := eventstore.Execute(ctx, p.Journal, session.Decider, stream, policy.Command(f, stream), messaging.CausedBy(p.Service, f),
			session.Command(session.End{Reason: reason}))
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		return nil
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		if e, ok := f.Message.(*identityv1.SessionOpened); ok {
			a, _, err := eventstore.Load(ctx, p.Journal, account.Decider, account.Stream(e.GetAccount()))
			switch {
			case err != nil:
				return err
			case a.Status != account.Active:
				return end(ctx, f, e.GetSessionId(), "account_suspended")
			case a.CredentialID != e.GetCredentialId():
				return end(ctx, f, e.GetSessionId(), "password_changed")
			}
			return nil
		}
		name := f.Message.(interface{ GetAccount() string }).GetAccount()
		if err := p.Projected(ctx, f.Position); err != nil {
			return fmt.Errorf("wait for the read models: %w", err)
		}
		ids, err := readmodel.OpenSessions(ctx, p.Pool, name, f.Position)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := end(ctx, f, id, endedBecause(f.Message)); err != nil {
				return err
			}
		}
		return nil
	}
	return policy
}

func endedBecause(event proto.Message) string {
	switch event.(type) {
	case *identityv1.AccountClosed:
		return "account_closed"
	case *identityv1.PasswordChanged:
		return "password_changed"
	case *identityv1.InitialCredentialIssued:
		return "credential_reissued"
	}
	return "account_suspended"
}
