// Package accessrequest is the service that decides who holds what: the
// birthrights that follow from posts and pack, what people ask for and others
// sign, and the end of both.
package accessrequest

import (
	"context"
	"fmt"

	"github.com/ostiary/ostiary/libs/messaging"
	"github.com/ostiary/ostiary/libs/projection"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/access-request/internal/migrations"
	"github.com/ostiary/ostiary/services/access-request/internal/policy"
	"github.com/ostiary/ostiary/services/access-request/internal/readmodel"
	"github.com/ostiary/ostiary/services/access-request/internal/rpc"
)

// Name is the service's name everywhere.
const Name = "access-request"

// Definition is the service before it runs.
func Definition() servicekit.Definition {
	return servicekit.Definition{Name: Name, Migrations: migrations.Files, New: New}
}

// New builds the service. It starts nothing.
func New(_ context.Context, p *servicekit.Platform) (*servicekit.Service, error) {
	alignment := &policy.Alignment{Service: p.Service, Journal: p.Journal, Packs: policy.NewPackInForce(p.Journal)}
	people := func(ctx context.Context, position int64) ([]string, error) {
		if err := p.Projected(ctx, position); err != nil {
			return nil, fmt.Errorf("wait for the read model: %w", err)
		}
		return readmodel.Everybody(ctx, p.Pool)
	}
	requests := &policy.Requests{Alignment: alignment, Clock: p.Clock, Zone: p.Zone}
	server := &rpc.Server{Platform: p, Pool: p.Pool, Rules: alignment.Packs.Current, Settle: func(ctx context.Context) error {
		head, err := p.Journal.Store.Head(ctx)
		if err != nil {
			return err
		}
		return p.Projected(ctx, head)
	}}
	return &servicekit.Service{
		Register:    server.Register,
		Projections: []projection.Projection{readmodel.Grants(), readmodel.Requests()},
		Policies: []messaging.Policy{
			policy.WhenEmploymentStartedGrantBirthrights(alignment),
			policy.WhenPostChangedRealignBirthrights(alignment),
			policy.WhenEmploymentEndedRevokeEverything(alignment),
			policy.WhenProvisioningCompletedConfirmGrant(requests),
			policy.WhenApprovalDecidedRecordOutcome(requests),
			policy.WhenPackPublishedAdoptPack(alignment),
			policy.WhenPackActivatedRealignEverybody(requests, people),
		},
		Deadlines: policy.WhenTimeComesBeginNoticeExpire(requests),
	}, nil
}
