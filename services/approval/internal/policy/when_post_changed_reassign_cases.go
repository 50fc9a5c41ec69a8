package policy

import (
	"context"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
	"github.com/ostiary/ostiary/services/approval/internal/readmodel"
	"github.com/ostiary/ostiary/services/approval/internal/signers"
)

// WhenPostChangedReassignCases looks again at the cases that wait for somebody
// who has moved, and at those for the benefit of somebody who has (APR-010), before
// the move counts as taken in. The lookout comes to all other cases soon after.
func WhenPostChangedReassignCases(c *Cases) messaging.Policy {
	p := messaging.Policy{
		Name: "when_post_changed_reassign_cases", Source: "identity", On: []proto.Message{&identityv1.PostChanged{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		person := f.Message.(*identityv1.PostChanged).GetPersonId()
		ctx = signers.NotBefore(ctx, f.Position)
		if err := c.caughtUp(ctx); err != nil {
			return err
		}
		cases, err := readmodel.WaitingFor(ctx, c.Pool, person)
		if err != nil {
			return err
		}
		return c.reassignAll(ctx, p, f, cases, approvalcase.CauseTransfer)
	}
	return p
}
