package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/cases"
	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
	"github.com/ostiary/ostiary/services/identity/internal/packs"
)

// WhenEmploymentEndedSuspendAccountAndOpenClearance blocks the account at once
// and opens the case that HR waits for (IDN-027, IDN-028). What the case asks
// for is what the pack says at this moment.
func WhenEmploymentEndedSuspendAccountAndOpenClearance(p *servicekit.Platform, current *packs.Packs) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_employment_ended_suspend_account_and_open_clearance", Source: p.Service,
		On: []proto.Message{&identityv1.EmploymentEnded{}},
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*identityv1.EmploymentEnded)
		meta := messaging.CausedBy(p.Service, f)
		stream := account.Stream(e.GetEmployeeNumber())
		_, err := eventstore.Execute(ctx, p.Journal, account.Decider, stream, policy.Command(f, stream), meta,
			account.Command(account.Suspend{Mode: account.ModeDeparture, Reason: e.GetReason()}))
		if err != nil {
			return fmt.Errorf("suspend account: %w", err)
		}
		pack, digest, err := current.Current(ctx)
		if err != nil {
			return err
		}
		var items []string
		if pack != nil {
			items, meta.PolicyDigest = pack.Clearance.Departure, digest
		}
		id := cases.Of(f.Position)
		stream = clearance.Stream(id)
		_, err = eventstore.Execute(ctx, p.Journal, clearance.Decider, stream, policy.Command(f, stream), meta,
			clearance.Command(clearance.OpenCase{
				ID: id, PersonID: e.GetPersonId(), Number: e.GetEmployeeNumber(), Kind: clearance.Departure, Items: items,
			}))
		if err != nil {
			return fmt.Errorf("open clearance: %w", err)
		}
		return nil
	}
	return policy
}
