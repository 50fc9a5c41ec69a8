package policy

import (
	"context"

	"google.golang.org/protobuf/proto"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"
	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
)

// Adopted is the event by which a subscriber says that it has taken a pack in.
type Adopted interface {
	proto.Message
	GetVersion() int64
	GetDigest() string
}

// Subscribers are the services that decide by packs, and what each says when it
// has taken one in.
var Subscribers = map[string]Adopted{
	"identity":       &identityv1.PackAdopted{},
	"access-request": &accessv1.PackAdopted{},
	"approval":       &approvalv1.PackAdopted{},
	"provisioning":   &provisioningv1.PackAdopted{},
}

// WhenPackAdoptedAcknowledgePack notes that a service has taken a pack in; with
// the last one it is activated.
func WhenPackAdoptedAcknowledgePack(p *Packs, subscriber string) messaging.Policy {
	by := messaging.Policy{
		Name:   "when_pack_adopted_acknowledge_pack",
		Source: subscriber,
		On:     []proto.Message{Subscribers[subscriber]},
	}
	by.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(Adopted)
		return p.acknowledge(ctx, by, f, e.GetVersion(), e.GetDigest())
	}
	return by
}
