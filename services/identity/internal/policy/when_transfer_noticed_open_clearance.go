package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
	"github.com/ostiary/ostiary/services/identity/internal/packs"
)

// WhenTransferNoticedOpenClearance opens the case that HR waits for before it
// finishes a transfer (IDN-025, IDN-030). What the case asks for is what the
// pack says at this moment.
func WhenTransferNoticedOpenClearance(p *servicekit.Platform, current *packs.Packs) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_transfer_noticed_open_clearance", Source: p.Service,
		On: []proto.Message{&identityv1.TransferNoticed{}},
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*identityv1.TransferNoticed)
		meta := messaging.CausedBy(p.Service, f)
		pack, digest, err := current.Current(ctx)
		if err != nil {
			return err
		}
		var items []string
		if pack != nil {
			items, meta.PolicyDigest = pack.Clearance.Transfer, digest
		}
		stream := clearance.Stream(e.GetCaseId())
		_, err = eventstore.Execute(ctx, p.Journal, clearance.Decider, stream, policy.Command(f, stream), meta,
			clearance.Command(clearance.OpenCase{
				ID: e.GetCaseId(), PersonID: e.GetPersonId(), Number: e.GetEmployeeNumber(), Kind: clearance.Transfer, Items: items,
			}))
		if err != nil {
			return fmt.Errorf("open clearance: %w", err)
		}
		return nil
	}
	return policy
}
