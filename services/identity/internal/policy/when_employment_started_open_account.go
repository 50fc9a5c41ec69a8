package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/cases"
	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
	"github.com/ostiary/ostiary/services/identity/internal/domain/clearance"
)

// WhenEmploymentStartedOpenAccount gives the person the directory account named
// by the employee number (IDN-015, IDN-023). Of somebody who comes back, the
// account is reinstated or opened anew, and a departure that is still being
// cleared becomes moot.
func WhenEmploymentStartedOpenAccount(p *servicekit.Platform) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_employment_started_open_account", Source: p.Service,
		On: []proto.Message{&identityv1.EmploymentStarted{}},
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*identityv1.EmploymentStarted)
		reason := "hired"
		if e.GetRehire() {
			reason = "rehired"
			if err := cancelClearance(ctx, p, policy, f, e.GetEmployeeNumber()); err != nil {
				return fmt.Errorf("cancel clearance: %w", err)
			}
		}
		stream := account.Stream(e.GetEmployeeNumber())
		_, err := eventstore.Execute(ctx, p.Journal, account.Decider, stream, policy.Command(f, stream), messaging.CausedBy(p.Service, f),
			account.Command(account.Open{PersonID: e.GetPersonId(), Account: e.GetEmployeeNumber(), Kind: account.Directory, Reason: reason}))
		if err != nil {
			return fmt.Errorf("open account: %w", err)
		}
		return nil
	}
	return policy
}

func cancelClearance(ctx context.Context, p *servicekit.Platform, policy messaging.Policy, f eventstore.Fact, number string) error {
	departure, err := cases.Departure(ctx, p.Journal, number, f.RecordedAt, f.Position)
	if err != nil || departure == nil {
		return err
	}
	stream := clearance.Stream(cases.Of(departure.Position))
	_, err = eventstore.Execute(ctx, p.Journal, clearance.Decider, stream, policy.Command(f, stream), messaging.CausedBy(p.Service, f),
		clearance.Command(clearance.Cancel{Reason: "rehired"}))
	return err
}
