package policy

import (
	"context"

	"google.golang.org/protobuf/proto"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
)

// WhenRequestWithdrawnCancelCase asks nobody any more for what is no longer
// wanted.
func WhenRequestWithdrawnCancelCase(c *Cases) messaging.Policy {
	p := messaging.Policy{
		Name: "when_request_withdrawn_cancel_case", Source: "access-request", On: []proto.Message{&accessv1.AccessRequestWithdrawn{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		id := f.Message.(*accessv1.AccessRequestWithdrawn).GetCaseId()
		return c.decide(ctx, id, p.Command(f, approvalcase.Stream(id)), messaging.CausedBy(c.Service, f),
			approvalcase.Cancel{Reason: approvalcase.ReasonWithdrawn})
	}
	return p
}
