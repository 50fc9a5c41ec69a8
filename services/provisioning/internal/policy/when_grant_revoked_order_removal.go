package policy

import (
	"context"

	"google.golang.org/protobuf/proto"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/orders"
)

// ended is what a grant says at its end, whether it was revoked or expired.
type ended interface {
	GetPersonId() string
	GetEmployeeNumber() string
	GetGrantId() string
	GetTarget() string
	GetAccount() string
	GetApplication() string
	GetRole() string
}

// WhenGrantRevokedOrderRemoval orders that the right be taken on the target on
// which it was given, when a grant is revoked or has expired.
func WhenGrantRevokedOrderRemoval(j *eventstore.Journal) messaging.Policy {
	p := messaging.Policy{
		Name:   "provisioning.when-grant-revoked-order-removal", // never rename
		Source: "access-request",
		On:     []proto.Message{&accessrequestv1.GrantRevoked{}, &accessrequestv1.GrantExpired{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		g, ok := f.Message.(ended)
		if !ok || g.GetTarget() == "" {
			return nil // an application without a target is governed by its record alone
		}
		return order(ctx, j, p, f, orders.Order{
			PersonID: g.GetPersonId(), EmployeeNumber: g.GetEmployeeNumber(), GrantID: g.GetGrantId(),
			Target: g.GetTarget(), Account: g.GetAccount(), Application: g.GetApplication(), Role: g.GetRole(),
			Operation: orders.Remove,
		})
	}
	return p
}
