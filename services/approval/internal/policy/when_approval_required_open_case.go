package policy

import (
	"context"

	"google.golang.org/protobuf/proto"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
	"github.com/ostiary/ostiary/services/approval/internal/signers"
)

// WhenApprovalRequiredOpenCase gathers signatures for what another service
// asks. If since the asking the route or the signers have gone, the case ends
// as it begins, and the asker hears why.
func WhenApprovalRequiredOpenCase(c *Cases) messaging.Policy {
	p := messaging.Policy{
		Name: "when_approval_required_open_case", Source: "access-request", On: []proto.Message{&accessv1.AccessApprovalRequired{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		ask := f.Message.(*accessv1.AccessApprovalRequired).GetAsk()
		rules, err := c.Packs.Current(ctx)
		if err != nil {
			return err
		}
		start, err := c.start(ctx, ask, rules)
		if err != nil {
			return err
		}
		command, m := p.Command(f, approvalcase.Stream(ask.GetCaseId())), messaging.CausedBy(c.Service, f)
		m.PolicyDigest = rules.Digest
		if err := c.decide(ctx, ask.GetCaseId(), command, m, start); err != nil {
			return err
		}
		return c.Follow(ctx, ask.GetCaseId(), command, m)
	}
	return p
}

// start opens a case on the route that holds now; on none, if there is none.
func (c *Cases) start(ctx context.Context, ask *approvalv1.Ask, rules Rules) (approvalcase.Start, error) {
	start := approvalcase.Start{Ask: ask, Steps: 1, PackVersion: rules.Version}
	if rules.Pack == nil {
		return start, nil
	}
	route, ok := signers.Route(rules.Pack, ask)
	if !ok {
		return start, nil
	}
	start.Route, start.Steps = route.ID, int32(len(route.Steps))
	var err error
	start.First, err = c.Matter(ask, rules).Plan(ctx, c.Directory, route.Steps[0], c.Clock.Now())
	return start, err
}
