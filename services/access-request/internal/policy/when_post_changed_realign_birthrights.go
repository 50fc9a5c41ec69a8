package policy

import (
	"context"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/access-request/internal/domain/holdings"
)

// WhenPostChangedRealignBirthrights takes what the old post gave and the new
// one does not, and gives what the new one brings.
func WhenPostChangedRealignBirthrights(a *Alignment) messaging.Policy {
	p := messaging.Policy{
		Name:   "when_post_changed_realign_birthrights",
		Source: "identity",
		On:     []proto.Message{&identityv1.PostChanged{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*identityv1.PostChanged)
		return a.note(ctx, p, f, holdings.NotePost{
			PersonID: e.GetPersonId(), EmployeeNumber: e.GetEmployeeNumber(), Kind: e.GetKind(), Position: e.GetPost().GetPosition(),
			Unit: e.GetPost().GetUnit(), Attributes: e.GetPost().GetAttributes(), EffectiveAt: f.EffectiveAt,
			Case: e.GetCaseId(),
		})
	}
	return p
}
