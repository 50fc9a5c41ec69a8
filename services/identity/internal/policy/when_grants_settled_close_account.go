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
	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
)

// WhenGrantsSettledCloseAccount closes the suspended account of a leaver once
// no grant is left. If there is nothing to close, that settles the item
// "accounts" by itself.
func WhenGrantsSettledCloseAccount(p *servicekit.Platform) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_grants_settled_close_account", Source: p.Service,
		On: []proto.Message{&identityv1.ClearanceRecorded{}, &identityv1.ClearanceWaived{}},
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(interface {
			GetItem() string
			GetEmployeeNumber() string
		})
		if e.GetItem() != clearance.Grants {
			return nil
		}
		c, _, err := eventstore.Load(ctx, p.Journal, clearance.Decider, f.Stream)
		if err != nil {
			return err
		}
		if c.Kind != clearance.Departure {
			return nil
		}
		stream := account.Stream(e.GetEmployeeNumber())
		_, err = eventstore.Execute(ctx, p.Journal, account.Decider, stream, policy.Command(f, stream), messaging.CausedBy(p.Service, f),
			account.Command(account.Close{Reason: "departure cleared"}))
		if err != nil {
			return fmt.Errorf("close account: %w", err)
		}
		a, _, err := eventstore.Load(ctx, p.Journal, account.Decider, stream)
		if err != nil || a.Status != account.None {
			return err
		}
		_, err = eventstore.Execute(ctx, p.Journal, clearance.Decider, f.Stream, policy.Command(f, f.Stream), messaging.CausedBy(p.Service, f),
			clearance.Command(clearance.Settle{Item: clearance.Accounts, Reason: "there is no account"}))
		if err != nil {
			return fmt.Errorf("settle accounts: %w", err)
		}
		return nil
	}
	return policy
}
