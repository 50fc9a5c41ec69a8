package policy

import (
	"context"

	"google.golang.org/protobuf/proto"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/packs"
)

// WhenPackActivatedEnforcePack addresses targets as the pack says from now on.
func WhenPackActivatedEnforcePack(j *eventstore.Journal) messaging.Policy {
	p := messaging.Policy{
		Name:   "provisioning.when-pack-activated-enforce-pack", // never rename
		Source: "policy",
		On:     []proto.Message{&policyv1.PackActivated{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		e, ok := f.Message.(*policyv1.PackActivated)
		if !ok {
			return nil
		}
		return onPacks(ctx, j, p, f, packs.Enforce{Version: e.GetVersion(), Digest: e.GetDigest()})
	}
	return p
}
