// Package policy is the service that keeps the versions of the policy pack.
package policy

import (
	"context"
	"fmt"

	"github.com/ostiary/ostiary/libs/projection"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/policy/internal/domain/packs"
	reactions "github.com/ostiary/ostiary/services/policy/internal/policy"
	"github.com/ostiary/ostiary/services/policy/internal/readmodel"
	"github.com/ostiary/ostiary/services/policy/internal/rpc"
)

// Definition is the service before it runs.
func Definition() servicekit.Definition {
	return servicekit.Definition{Name: "policy", New: build}
}

func build(_ context.Context, p *servicekit.Platform) (*servicekit.Service, error) {
	config, err := load()
	if err != nil {
		return nil, err
	}
	keep := &reactions.Packs{Service: p.Service, Journal: p.Journal, Clock: p.Clock, Active: active(p)}
	service := &servicekit.Service{
		Register:    (&rpc.Server{Platform: p, Subscribers: config.Subscribers, PublishWait: config.PublishWait}).Register,
		Projections: []projection.Projection{readmodel.Packs()},
		Deadlines:   reactions.WhenEffectiveActivatePack(keep),
	}
	for _, subscriber := range config.Subscribers {
		service.Policies = append(service.Policies, reactions.WhenPackAdoptedAcknowledgePack(keep, subscriber))
	}
	return service, nil
}

// active looks at the read model once it shows everything written so far.
func active(p *servicekit.Platform) func(context.Context) (packs.Active, error) {
	return func(ctx context.Context) (packs.Active, error) {
		head, err := p.Journal.Store.Head(ctx)
		if err != nil {
			return packs.Active{}, err
		}
		if err := p.Projected(ctx, head); err != nil {
			return packs.Active{}, fmt.Errorf("wait for the read model: %w", err)
		}
		found, _, err := readmodel.InForce(ctx, p.Pool)
		return packs.Active{Version: found.Version, EffectiveAt: found.EffectiveAt}, err
	}
}
