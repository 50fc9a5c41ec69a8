package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/servicekit"

	domain "github.com/ostiary/ostiary/services/identity/internal/domain/packs"
	"github.com/ostiary/ostiary/services/identity/internal/packs"
)

// WhenPackPublishedAdoptPack keeps a published pack and says so; once policy
// has activated it, it decides here.
func WhenPackPublishedAdoptPack(p *servicekit.Platform, kept *packs.Packs) messaging.Policy {
	policy := messaging.Policy{
		Name: "when_pack_published_adopt_pack", Source: "policy",
		On: []proto.Message{&policyv1.PackPublished{}, &policyv1.PackActivated{}},
	}
	policy.Do = func(ctx context.Context, f eventstore.Fact) error {
		switch e := f.Message.(type) {
		case *policyv1.PackPublished:
			if err := kept.Keep(ctx, e.GetVersion(), e.GetDigest(), e.GetBody()); err != nil {
				return err
			}
			_, err := eventstore.Execute(ctx, p.Journal, domain.Decider, domain.Stream, policy.Command(f, domain.Stream), messaging.CausedBy(p.Service, f),
				domain.Command(domain.Adopt{Version: e.GetVersion(), Digest: e.GetDigest()}))
			if err != nil {
				return fmt.Errorf("adopt pack: %w", err)
			}
		case *policyv1.PackActivated:
			return kept.Activate(ctx, e.GetVersion())
		}
		return nil
	}
	return policy
}
