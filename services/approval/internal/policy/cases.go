package policy

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/pack"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
	"github.com/ostiary/ostiary/services/approval/internal/signers"
)

// The refusals of a route.
var (
	// ErrNoRoute says that the pack has no route for what is asked.
	ErrNoRoute = fault.New(fault.Refused, "NO_ROUTE",
		"No route of the pack in force admits this request, so nobody can sign it; let access-admin add a route.",
		"现行策略包中没有适用于此申请的审批路线，无人可以签批；请由 access-admin 增加路线。")
	// ErrNoSigner says that a step has too few people.
	ErrNoSigner = fault.New(fault.Refused, "NO_SIGNER",
		"Nobody can sign this step: the signer is not known, has left, or would decide about the own matter. Let access-admin complete the pack, or HR the supervisor.",
		"此步骤无人可以签批：签批人未知、已离职或与申请有关。请由 access-admin 补全策略包，或由人事补全上级。")
)

// Cases carries out what follows for cases.
type Cases struct {
	*servicekit.Platform
	Packs     *Packs
	Directory signers.Directory
}

// Matter is an ask under the rules.
func (c *Cases) Matter(ask *approvalv1.Ask, rules Rules) signers.Matter {
	return signers.Matter{Ask: ask, Pack: rules.Pack, Zone: c.Zone}
}

// Load returns a case as it is.
func (c *Cases) Load(ctx context.Context, id string) (approvalcase.State, error) {
	s, _, err := eventstore.Load(ctx, c.Journal, approvalcase.Decider, approvalcase.Stream(id))
	return s, err
}

// Step is a step of the route on which a case was opened.
func (c *Cases) Step(ctx context.Context, s approvalcase.State, n int32) (pack.Step, error) {
	rules, err := c.Packs.Version(ctx, s.Opened.GetPackVersion())
	if err != nil {
		return pack.Step{}, err
	}
	route, ok := rules.Pack.RouteNamed(s.Opened.GetRoute())
	if !ok || n < 1 || int(n) > len(route.Steps) {
		return pack.Step{}, fmt.Errorf("pack %d has no step %d of route %s", rules.Version, n, s.Opened.GetRoute())
	}
	return route.Steps[n-1], nil
}

// Plan is a step of a case as it would begin now.
func (c *Cases) Plan(ctx context.Context, s approvalcase.State, n int32, rules Rules) (approvalcase.Plan, error) {
	step, err := c.Step(ctx, s, n)
	if err != nil {
		return approvalcase.Plan{}, err
	}
	return c.Matter(s.Opened.GetAsk(), rules).Plan(ctx, c.Directory, step, c.Clock.Now())
}

// Signers are those of the step that waits, as they are now.
func (c *Cases) Signers(ctx context.Context, s approvalcase.State, rules Rules) (seats []*approvalv1.Seat, late *approvalv1.Seat, err error) {
	step, err := c.Step(ctx, s, s.Step)
	if err != nil {
		return nil, nil, err
	}
	matter := c.Matter(s.Opened.GetAsk(), rules)
	if seats, err = matter.Seats(ctx, c.Directory, step.Signers...); err != nil || s.Escalation == nil {
		return seats, nil, err
	}
	found, err := matter.Seats(ctx, c.Directory, s.Escalation.GetBy())
	if err != nil {
		return nil, nil, err
	}
	return seats, found[0], nil
}

// Reassign gives the step that waits to whoever may sign it now, if that is
// somebody else.
func (c *Cases) Reassign(ctx context.Context, id string, command eventstore.Command, m eventstore.Metadata, cause string) error {
	s, err := c.Load(ctx, id)
	if err != nil || s.Status != approvalcase.Open {
		return err
	}
	rules, err := c.Packs.Current(ctx)
	if err != nil {
		return err
	}
	seats, late, err := c.Signers(ctx, s, rules)
	if err != nil {
		return err
	}
	m.PolicyDigest = rules.Digest
	return c.decide(ctx, id, command, m, approvalcase.Reassign{Step: s.Step, Seats: seats, Escalation: late, Cause: cause})
}

// Follow is said after a step was assigned: it asks again who may sign. The
// package comment says why.
func (c *Cases) Follow(ctx context.Context, id string, after eventstore.Command, m eventstore.Metadata) error {
	of, err := uuid.Parse(after.ID)
	if err != nil {
		return fmt.Errorf("follow command %q: %w", after.ID, err)
	}
	again := uuid.NewSHA1(of, []byte("follow")).String()
	stream := approvalcase.Stream(id)
	command := eventstore.Command{ID: again, Digest: eventstore.Digest("follow", stream, c.Service, []byte(again))}
	m.Actor, m.OnBehalfOf = "service:"+c.Service, ""
	return c.Reassign(ctx, id, command, m, approvalcase.CauseAuthority)
}

// decide carries a command out on a case.
func (c *Cases) decide(ctx context.Context, id string, command eventstore.Command, m eventstore.Metadata, d approvalcase.Command) error {
	if _, err := eventstore.Execute(ctx, c.Journal, approvalcase.Decider, approvalcase.Stream(id), command, m, d); err != nil {
		return fmt.Errorf("%T in case %s: %w", d, id, err)
	}
	return nil
}

// caughtUp returns when the read models show everything that was written.
func (c *Cases) caughtUp(ctx context.Context) error {
	head, err := c.Journal.Store.Head(ctx)
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	if err := c.Projected(ctx, head); err != nil {
		return fmt.Errorf("wait for the read models: %w", err)
	}
	return nil
}

// reassignAll reassigns the step that waits in each of these cases.
func (c *Cases) reassignAll(ctx context.Context, p messaging.Policy, f eventstore.Fact, cases []string, cause string) error {
	for _, id := range cases {
		if err := c.Reassign(ctx, id, p.Command(f, approvalcase.Stream(id)), messaging.CausedBy(c.Service, f), cause); err != nil {
			return err
		}
	}
	return nil
}
