package policy

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/cases"
	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
)

// WhenAccountClosedRecordClearance settles the item "accounts" of the
// departure.
func WhenAccountClosedRecordClearance(p *servicekit.Platform) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_account_closed_record_clearance", Source: p.Service,
		On: []proto.Message{&identityv1.AccountClosed{}},
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*identityv1.AccountClosed)
		departure, err := cases.Departure(ctx, p.Journal, e.GetAccount(), f.RecordedAt, f.Position)
		if err != nil || departure == nil {
			return err // an operator's account has no departure
		}
		stream := clearance.Stream(cases.Of(departure.Position))
		_, err = eventstore.Execute(ctx, p.Journal, clearance.Decider, stream, policy.Command(f, stream), messaging.CausedBy(p.Service, f),
			clearance.Command(clearance.Settle{Item: clearance.Accounts, Reason: "the account is closed"}))
		if err != nil && !errors.Is(err, clearance.ErrNoCase) {
			return fmt.Errorf("settle accounts: %w", err)
		}
		return nil
	}
	return policy
}
