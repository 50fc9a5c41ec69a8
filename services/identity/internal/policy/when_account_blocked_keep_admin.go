package policy

import (
	"context"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
)

// WhenAccountBlockedKeepAdmin sees to it that somebody administers when whoever
// did has left. keep gives the first administrator the role again if nobody
// holds it.
func WhenAccountBlockedKeepAdmin(
	p *servicekit.Platform, keep func(ctx context.Context, position int64, command eventstore.Command, meta eventstore.Metadata) error,
) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_account_blocked_keep_admin", Source: p.Service,
		On: []proto.Message{&identityv1.AccountSuspended{}, &identityv1.AccountClosed{}},
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		return keep(ctx, f.Position, policy.Command(f, account.Stream(FirstAdmin)), messaging.CausedBy(p.Service, f))
	}
	return policy
}
