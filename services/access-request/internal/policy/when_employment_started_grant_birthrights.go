package policy

import (
	"context"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// WhenEmploymentStartedGrantBirthrights gives a joiner what the post brings.
func WhenEmploymentStartedGrantBirthrights(a *Alignment) messaging.Policy {
	p := messaging.Policy{
		Name:   "when_employment_started_grant_birthrights",
		Source: "identity",
		On:     []proto.Message{&identityv1.EmploymentStarted{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*identityv1.EmploymentStarted)
		return a.note(ctx, p, f, holdings.NotePost{
			PersonID: e.GetPersonId(), EmployeeNumber: e.GetEmployeeNumber(), Kind: e.GetKind(), Position: e.GetPost().GetPosition(),
			Unit: e.GetPost().GetUnit(), Attributes: e.GetPost().GetAttributes(), EffectiveAt: f.EffectiveAt,
		})
	}
	return p
}
