package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// WhenProvisioningCompletedConfirmGrant takes in what a target showed when it
// was read back, and lets through what waited for a removal.
func WhenProvisioningCompletedConfirmGrant(r *Requests) messaging.Policy {
	p := messaging.Policy{
		Name:   "when_provisioning_completed_confirm_grant",
		Source: "provisioning",
		On:     []proto.Message{&provisioningv1.ProvisioningCompleted{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*provisioningv1.ProvisioningCompleted)
		var c holdings.Command
		switch e.GetOperation() {
		case "add":
			c = holdings.ConfirmActive{GrantID: e.GetGrantId(), Turn: e.GetTurn()}
		case "remove":
			c = holdings.ConfirmRemoved{GrantID: e.GetGrantId(), Turn: e.GetTurn()}
		default:
			return fmt.Errorf("order %s: unknown operation %q", e.GetOrderId(), e.GetOperation())
		}
		stream := holdings.Stream(e.GetPersonId())
		if _, err := r.decide(ctx, stream, p.Command(f, stream), messaging.CausedBy(r.Service, f), c); err != nil {
			return fmt.Errorf("confirm grant %s in %s: %w", e.GetGrantId(), stream, err)
		}
		if e.GetOperation() == "remove" {
			return r.letThrough(ctx, p, f, e.GetPersonId(), e.GetGrantId())
		}
		return nil
	}
	return p
}
