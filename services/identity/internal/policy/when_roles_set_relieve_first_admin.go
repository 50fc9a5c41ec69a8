package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/account"
)

// FirstAdmin is the account that is there from the first start.
const FirstAdmin = "admin"

// WhenRolesSetRelieveFirstAdmin takes from the first administrator the roles
// that he held only until somebody else holds them.
func WhenRolesSetRelieveFirstAdmin(p *servicekit.Platform) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_roles_set_relieve_first_admin", Source: p.Service,
		On: []proto.Message{&identityv1.ProductRolesSet{}},
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*identityv1.ProductRolesSet)
		if e.GetAccount() == FirstAdmin {
			return nil
		}
		stream := account.Stream(FirstAdmin)
		_, err := eventstore.Execute(ctx, p.Journal, account.Decider, stream, policy.Command(f, stream), messaging.CausedBy(p.Service, f),
			account.Command(account.Relieve{Held: e.GetRoles()}))
		if err != nil {
			return fmt.Errorf("relieve the first administrator: %w", err)
		}
		return nil
	}
	return policy
}
