package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/cases"
	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
)

// WhenHoldingsClearedRecordClearance settles the item "grants" of the departure
// once every removal was confirmed on its target.
func WhenHoldingsClearedRecordClearance(p *servicekit.Platform) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_holdings_cleared_record_clearance", Source: "access-request",
		On: []proto.Message{&accessrequestv1.HoldingsCleared{}},
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*accessrequestv1.HoldingsCleared)
		// The other service may be faster than our own reaction to the departure.
		if err := p.Settled(ctx, p.Service, e.GetDeparture()); err != nil {
			return fmt.Errorf("wait for the case to be open: %w", err)
		}
		stream := clearance.Stream(cases.Of(e.GetDeparture()))
		_, err := eventstore.Execute(ctx, p.Journal, clearance.Decider, stream, policy.Command(f, stream), messaging.CausedBy(p.Service, f),
			clearance.Command(clearance.Settle{Item: clearance.Grants, Reason: "every removal is confirmed"}))
		if err != nil {
			return fmt.Errorf("settle grants: %w", err)
		}
		return nil
	}
	return policy
}
