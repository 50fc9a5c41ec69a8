// Package provisioning makes real systems match the grants and proves it by
// reading back. See README.md.
package provisioning

import (
	"context"
	"fmt"
	"os"

	"google.golang.org/grpc"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/projection"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/provisioning/internal/adapters"
	"github.com/ostiary/ostiary/services/provisioning/internal/policy"
	"github.com/ostiary/ostiary/services/provisioning/internal/readmodel"
	"github.com/ostiary/ostiary/services/provisioning/internal/rpc"
	"github.com/ostiary/ostiary/services/provisioning/internal/target/postgres"
	"github.com/ostiary/ostiary/services/provisioning/internal/worker"
)

// Definition is the service.
func Definition() servicekit.Definition { return define(os.LookupEnv) }

// define is the service with its source of connection strings, which the pack
// refers to by name.
func define(lookup func(name string) (string, bool)) servicekit.Definition {
	return servicekit.Definition{Name: "provisioning", New: func(ctx context.Context, p *servicekit.Platform) (*servicekit.Service, error) {
		return build(ctx, p, lookup)
	}}
}

func build(ctx context.Context, p *servicekit.Platform, lookup func(name string) (string, bool)) (*servicekit.Service, error) {
	config, err := load()
	if err != nil {
		return nil, err
	}
	a := adapters.Adapters{Lookup: lookup, Timeout: config.TargetTimeout, Now: p.Clock.Now}
	if err := p.Pool.QueryRow(ctx, postgres.SystemSQL).Scan(&a.OwnSystem); err != nil {
		return nil, fmt.Errorf("identify the cluster of the event stores: %w", err)
	}
	queries := readmodel.Queries{Pool: p.Pool}
	server := rpc.NewServer(queries, a)
	w := worker.New(worker.Needs{
		Journal: p.Journal, Targets: queries.OpenTargets, Lanes: queries.OpenLanes,
		Projected: p.Projected, Connect: a.Connect, Log: p.Log,
	}, config.limits())
	return &servicekit.Service{
		Register: func(r grpc.ServiceRegistrar) {
			provisioningv1.RegisterProvisioningServiceServer(r, server)
			policyv1.RegisterPackSubscriberServiceServer(r, server)
		},
		Projections: []projection.Projection{readmodel.Orders()},
		Policies: []messaging.Policy{
			policy.WhenGrantIssuedOrderAddition(p.Journal),
			policy.WhenGrantRevokedOrderRemoval(p.Journal),
			policy.WhenPackPublishedAdoptPack(p.Journal),
			policy.WhenPackActivatedEnforcePack(p.Journal),
		},
		Workers: []servicekit.Worker{{Name: "carry orders out", Run: w.Run}},
		Causes:  w.Causes,
	}, nil
}
