// Package rpc answers callers.
package rpc

import (
	"context"
	"slices"

	"github.com/ostiary/ostiary/libs/authz"
	"github.com/ostiary/ostiary/libs/fault"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/provisioning/internal/adapters"
	"github.com/ostiary/ostiary/services/provisioning/internal/readmodel"
)

// Server implements both gRPC services of provisioning. A missing RPC does not
// compile.
type Server struct {
	provisioningv1.UnsafeProvisioningServiceServer
	policyv1.UnsafePackSubscriberServiceServer

	queries  readmodel.Queries
	adapters adapters.Adapters
}

var (
	_ provisioningv1.ProvisioningServiceServer = (*Server)(nil)
	_ policyv1.PackSubscriberServiceServer     = (*Server)(nil)
)

// NewServer answers from the read models and looks at targets through the
// adapters.
func NewServer(q readmodel.Queries, a adapters.Adapters) *Server {
	return &Server{queries: q, adapters: a}
}

// How many orders are listed if nothing is said, and at most.
const (
	usualLimit = 500
	mostOrders = 10000
)

// ErrLimit says that more orders were asked for than are ever listed.
var ErrLimit = fault.New(fault.Invalid, "LIMIT_INVALID",
	"The limit must lie between 0 and 10000; 0 means 500. The counts cover all orders anyway.",
	"limit 须在 0 到 10000 之间，0 表示 500；计数始终包含全部指令。")

// ListOrders lists orders, the open ones first.
func (s *Server) ListOrders(ctx context.Context, r *provisioningv1.ListOrdersRequest) (*provisioningv1.ListOrdersResponse, error) {
	caller, _ := authz.From(ctx)
	counts := caller.Service == "" && !slices.ContainsFunc([]string{"access-admin", "auditor", "admin", "operator", "hr"}, caller.Is)
	limit := int(r.GetLimit())
	switch {
	case counts && r.GetCorrelationId() == "":
		return nil, authz.ErrForbidden
	case limit < 0 || limit > mostOrders:
		return nil, ErrLimit
	case limit == 0:
		limit = usualLimit
	}
	orders, found, err := s.queries.ListOrders(ctx, readmodel.Selection{
		EmployeeNumber: r.GetEmployeeNumber(), CorrelationID: r.GetCorrelationId(), Target: r.GetTarget(), Open: r.GetOpen(),
	}, limit)
	if err != nil {
		return nil, err
	}
	if counts {
		orders = nil
	}
	return &provisioningv1.ListOrdersResponse{Items: orders, Total: found.Total, Open: found.Open, Failing: found.Failing}, nil
}
