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
	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
)

// WhenTransferMootCancelClearance ends the case of a transfer that is withdrawn.
// Of somebody who leaves it ends those of all transfers that are not cleared
// yet: the departure takes everything, and HR waits for its case.
func WhenTransferMootCancelClearance(p *servicekit.Platform) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_transfer_moot_cancel_clearance", Source: p.Service,
		On: []proto.Message{&identityv1.TransferWithdrawn{}, &identityv1.EmploymentEnded{}},
	}
	cancel := func(ctx context.Context, f eventstore.Fact, id, reason string) error {
		stream := clearance.Stream(id)
		_, err := eventstore.Execute(ctx, p.Journal, clearance.Decider, stream, policy.Command(f, stream), messaging.CausedBy(p.Service, f),
			clearance.Command(clearance.Cancel{Reason: reason}))
		if err != nil {
			return fmt.Errorf("cancel clearance: %w", err)
		}
		return nil
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		switch e := f.Message.(type) {
		case *identityv1.TransferWithdrawn:
			return cancel(ctx, f, e.GetCaseId(), "transfer withdrawn")
		case *identityv1.EmploymentEnded:
			ids, err := cases.Transfers(ctx, p.Journal, e.GetEmployeeNumber(), f.Position)
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := cancel(ctx, f, id, "the person left"); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return policy
}
