package policy

import (
	"context"
	"fmt"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"

	"github.com/ostiary/ostiary/services/policy/internal/domain/packs"
)

// activation is the kind of the deadline and part of command ids; never rename
// it.
const activation = "when_effective_activate_pack"

// WhenEffectiveActivatePack activates a pack whose time has come. If a service
// has not taken it in by then, its acknowledgement does.
func WhenEffectiveActivatePack(p *Packs) *projection.Deadlines {
	return &projection.Deadlines{Derive: effective, Do: p.activate}
}

func effective(f eventstore.Fact) []projection.DueChange {
	switch e := f.Message.(type) {
	case *policyv1.PackPublished:
		if at := e.GetEffectiveAt().AsTime(); at.After(f.RecordedAt) {
			return []projection.DueChange{{Stream: f.Stream, Kind: activation, At: at}}
		}
	case *policyv1.PackActivated:
		return []projection.DueChange{{Stream: f.Stream, Kind: activation}}
	}
	return nil
}

func (p *Packs) activate(ctx context.Context, d projection.Due) error {
	active, err := p.Active(ctx)
	if err != nil {
		return err
	}
	id := eventstore.PolicyCommandID(d.Kind, p.Service, d.Position, d.Stream)
	command := eventstore.Command{ID: id, Digest: eventstore.Digest(d.Kind, d.Stream, p.Service, []byte(id))}
	meta := eventstore.Metadata{
		Actor: "service:" + p.Service, CorrelationID: id, Causation: &eventstore.Cause{Service: p.Service, Position: d.Position},
	}
	var c packs.Command = packs.Activate{Active: active, Now: p.Clock.Now()}
	if _, err := eventstore.Execute(ctx, p.Journal, decider, d.Stream, command, meta, c); err != nil {
		return fmt.Errorf("activate %s: %w", d.Stream, err)
	}
	return nil
}
