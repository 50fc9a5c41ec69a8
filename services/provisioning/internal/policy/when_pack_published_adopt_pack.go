package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/packs"
)

// WhenPackPublishedAdoptPack takes the targets of a published pack in, which
// acknowledges it.
func WhenPackPublishedAdoptPack(j *eventstore.Journal) messaging.Policy {
	p := messaging.Policy{
		Name:   "provisioning.when-pack-published-adopt-pack", // never rename
		Source: "policy",
		On:     []proto.Message{&policyv1.PackPublished{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		e, ok := f.Message.(*policyv1.PackPublished)
		if !ok {
			return nil
		}
		parsed, problems := pack.Parse(e.GetBody())
		if parsed == nil {
			return fmt.Errorf("adopt pack %d: %v", e.GetVersion(), problems)
		}
		return onPacks(ctx, j, p, f, packs.Adopt{Version: e.GetVersion(), Digest: e.GetDigest(), Targets: Targets(parsed)})
	}
	return p
}

// Targets are the targets of a pack as events say them.
func Targets(p *pack.Pack) []*provisioningv1.TargetDefinition {
	var definitions []*provisioningv1.TargetDefinition
	for _, t := range p.Targets {
		definitions = append(definitions, &provisioningv1.TargetDefinition{Target: t.ID, Kind: t.Kind, DsnEnv: t.DSNEnv, Prefix: t.Prefix})
	}
	return definitions
}

func onPacks(ctx context.Context, j *eventstore.Journal, p messaging.Policy, f eventstore.Fact, c packs.Command) error {
	d := eventstore.Decider[packs.State, packs.Command]{Decide: packs.Decide, Evolve: packs.Evolve}
	if _, err := eventstore.Execute(ctx, j, d, packs.Stream, p.Command(f, packs.Stream), messaging.CausedBy(j.Service, f), c); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	return nil
}
