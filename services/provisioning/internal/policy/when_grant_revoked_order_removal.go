package policy

import (
	"context"

	"google.golang.org/protobuf/proto"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/orders"
)

// WhenGrantRevokedOrderRemoval orders that the right be taken on the target on
// which it was given, when a grant is suspended, is revoked or has expired. What
// was suspended is removed once more at its end: that it is gone is read back
// again, whatever became of the first removal.
func WhenGrantRevokedOrderRemoval(j *eventstore.Journal) messaging.Policy {
	p := messaging.Policy{
		Name:   "provisioning.when-grant-revoked-order-removal", // never rename
		Source: "access-request",
		On:     []proto.Message{&accessrequestv1.GrantSuspended{}, &accessrequestv1.GrantRevoked{}, &accessrequestv1.GrantExpired{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		g, ok := f.Message.(decided)
		if !ok || g.GetTarget() == "" {
			return nil // an application without a target is governed by its record alone
		}
		return order(ctx, j, p, f, wanted(g, orders.Remove))
	}
	return p
}
