package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
)

// WhenPostRightsClearedRecordClearance settles the item "grants" of a transfer
// once everything that it took away was read back as removed.
func WhenPostRightsClearedRecordClearance(p *servicekit.Platform) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_post_rights_cleared_record_clearance", Source: "access-request",
		On: []proto.Message{&accessrequestv1.PostRightsCleared{}},
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*accessrequestv1.PostRightsCleared)
		// The other service may be faster than our own reaction to the notice,
		// which stands before the move.
		if err := p.Settled(ctx, p.Service, e.GetPostChanged()); err != nil {
			return fmt.Errorf("wait for the case to be open: %w", err)
		}
		stream := clearance.Stream(e.GetCaseId())
		_, err := eventstore.Execute(ctx, p.Journal, clearance.Decider, stream, policy.Command(f, stream), messaging.CausedBy(p.Service, f),
			clearance.Command(clearance.Settle{Item: clearance.Grants, Reason: "every removal is confirmed"}))
		if err != nil {
			return fmt.Errorf("settle grants: %w", err)
		}
		return nil
	}
	return policy
}
