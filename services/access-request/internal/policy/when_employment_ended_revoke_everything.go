package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// WhenEmploymentEndedRevokeEverything takes every right of a leaver at once.
// No pack is asked: there is none under which a leaver keeps something.
func WhenEmploymentEndedRevokeEverything(a *Alignment) messaging.Policy {
	p := messaging.Policy{
		Name:   "when_employment_ended_revoke_everything",
		Source: "identity",
		On:     []proto.Message{&identityv1.EmploymentEnded{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*identityv1.EmploymentEnded)
		rules, err := a.Packs.Current(ctx)
		if err != nil {
			return err
		}
		stream := holdings.Stream(e.GetPersonId())
		_, err = a.decide(ctx, stream, p.Command(f, stream), a.meta(f, rules), holdings.NoteDeparture{
			PersonID: e.GetPersonId(), EmployeeNumber: e.GetEmployeeNumber(), EffectiveAt: f.EffectiveAt, SourcePosition: f.Position,
		})
		if err != nil {
			return fmt.Errorf("revoke everything in %s: %w", stream, err)
		}
		return nil
	}
	return p
}
