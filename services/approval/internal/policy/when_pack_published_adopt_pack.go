package policy

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/pack"

	"github.com/ostiary/ostiary/services/approval/internal/domain/packs"
)

var packsDecider = eventstore.Decider[packs.State, packs.Command]{Decide: packs.Decide, Evolve: packs.Evolve}

// WhenPackPublishedAdoptPack takes a pack in. It does not decide yet.
func WhenPackPublishedAdoptPack(c *Cases) messaging.Policy {
	p := messaging.Policy{Name: "when_pack_published_adopt_pack", Source: "policy", On: []proto.Message{&policyv1.PackPublished{}}}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		e := f.Message.(*policyv1.PackPublished)
		if _, problems := pack.Parse(e.GetBody()); len(problems) > 0 {
			// Adopting what cannot be enforced would stop every later decision.
			return fmt.Errorf("pack %d was published and this binary cannot read it: %s", e.GetVersion(), problems[0])
		}
		return c.keep(ctx, p.Command(f, packs.Stream), messaging.CausedBy(c.Service, f),
			packs.Adopt{Version: e.GetVersion(), Digest: e.GetDigest(), Body: e.GetBody()})
	}
	return p
}

// keep carries a command out on the packs.
func (c *Cases) keep(ctx context.Context, command eventstore.Command, m eventstore.Metadata, d packs.Command) error {
	if _, err := eventstore.Execute(ctx, c.Journal, packsDecider, packs.Stream, command, m, d); err != nil {
		return fmt.Errorf("take in a pack: %w", err)
	}
	return nil
}
