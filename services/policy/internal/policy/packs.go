// Package policy is what follows from events of the subscribers and from time.
package policy

import (
	"context"
	"fmt"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/policy/internal/domain/packs"
)

// Packs carries commands out on packs.
type Packs struct {
	// Service is the name of this service.
	Service string
	// Journal holds the packs.
	Journal *eventstore.Journal
	// Clock says whether the time of a pack has come.
	Clock clock.Clock
	// Active returns the pack that holds after everything written so far.
	Active func(ctx context.Context) (packs.Active, error)
}

var decider = eventstore.Decider[packs.State, packs.Command]{Decide: packs.Decide, Evolve: packs.Evolve}

func (p *Packs) acknowledge(ctx context.Context, by messaging.Policy, f eventstore.Fact, version int64, digest string) error {
	active, err := p.Active(ctx)
	if err != nil {
		return err
	}
	stream := packs.Stream(version)
	var c packs.Command = packs.Acknowledge{Digest: digest, Service: f.Service, Active: active, Now: p.Clock.Now()}
	if _, err := eventstore.Execute(ctx, p.Journal, decider, stream, by.Command(f, stream), messaging.CausedBy(p.Service, f), c); err != nil {
		return fmt.Errorf("acknowledge pack %d for %s: %w", version, f.Service, err)
	}
	return nil
}
