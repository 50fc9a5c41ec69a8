// Package rpc takes packs in and shows them.
package rpc

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/servicekit"
)

// Server answers PolicyService.
type Server struct {
	policyv1.UnsafePolicyServiceServer

	// Platform is where the service runs.
	Platform *servicekit.Platform
	// Subscribers are asked and must take a pack in.
	Subscribers []string
	// PublishWait is how long ApplyPack waits until a pack is active everywhere.
	PublishWait time.Duration
}

var _ policyv1.PolicyServiceServer = (*Server)(nil)

// Register adds the service.
func (s *Server) Register(r grpc.ServiceRegistrar) { policyv1.RegisterPolicyServiceServer(r, s) }

// settle returns when the read models show everything written so far.
func (s *Server) settle(ctx context.Context) error {
	head, err := s.Platform.Journal.Store.Head(ctx)
	if err != nil {
		return err
	}
	if err := s.Platform.Projected(ctx, head); err != nil {
		return fmt.Errorf("wait for the read model: %w", err)
	}
	return nil
}
