package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/approval/internal/domain/approvalcase"
	"github.com/ostiary/ostiary/services/approval/internal/domain/authority"
	"github.com/ostiary/ostiary/services/approval/internal/readmodel"
	"github.com/ostiary/ostiary/services/approval/internal/signers"
)

// WhenEmploymentEndedReassignCasesAndEndDeputies gives what a leaver would have
// signed to others, and ends every delegation from and to the leaver (APR-010).
func WhenEmploymentEndedReassignCasesAndEndDeputies(c *Cases) messaging.Policy {
	p := messaging.Policy{
		Name:   "when_employment_ended_reassign_cases_and_end_deputies",
		Source: "identity", On: []proto.Message{&identityv1.EmploymentEnded{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		person := f.Message.(*identityv1.EmploymentEnded).GetPersonId()
		ctx = signers.NotBefore(ctx, f.Position)
		if err := c.caughtUp(ctx); err != nil {
			return err
		}
		cases, err := readmodel.WaitingFor(ctx, c.Pool, person)
		if err != nil {
			return err
		}
		if err := c.reassignAll(ctx, p, f, cases, approvalcase.CauseLeaver); err != nil {
			return err
		}
		principals, err := readmodel.Represented(ctx, c.Pool, person)
		if err != nil {
			return err
		}
		for _, of := range principals {
			stream := authority.Stream(of)
			_, err := eventstore.Execute(ctx, c.Journal, authority.Decider, stream, p.Command(f, stream), messaging.CausedBy(c.Service, f),
				authority.Command(authority.Depart{Person: person}))
			if err != nil {
				return fmt.Errorf("end the delegations of %s: %w", of, err)
			}
		}
		return nil
	}
	return p
}
