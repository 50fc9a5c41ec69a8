// Package rpc answers the calls of other services and of people.
package rpc

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"

	accessv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/access-request/internal/policy"
)

// Server answers AccessRequestService and PackSubscriberService.
type Server struct {
	accessv1.UnsafeAccessRequestServiceServer
	policyv1.UnsafePackSubscriberServiceServer

	// Platform is the service's process.
	Platform *servicekit.Platform
	// Pool holds the read models.
	Pool *pgxpool.Pool
	// Rules is the pack in force.
	Rules func(ctx context.Context) (policy.Rules, error)
	// Settle returns when the read models show everything written so far.
	Settle func(ctx context.Context) error
}

var (
	_ accessv1.AccessRequestServiceServer  = (*Server)(nil)
	_ policyv1.PackSubscriberServiceServer = (*Server)(nil)
)

// Register adds both services.
func (s *Server) Register(r grpc.ServiceRegistrar) {
	accessv1.RegisterAccessRequestServiceServer(r, s)
	policyv1.RegisterPackSubscriberServiceServer(r, s)
}
