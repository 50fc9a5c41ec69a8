package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/clock"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// lookAgain spaces two looks at orders that a target has not confirmed yet.
const lookAgain = 100 * time.Millisecond

// settle returns when the consequences of a change are confirmed: every service
// has taken in what the others wrote, and no order is open. A round in which
// nothing moved is the proof. Without --wait it returns at once.
func (a *app) settle(ctx context.Context, service string, position int64) error {
	if a.wait <= 0 || position == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, a.wait)
	defer cancel()
	seen := map[string]int64{service: position}
	for {
		moved, err := a.round(ctx, seen)
		if err != nil {
			if errors.Is(ctx.Err(), context.DeadlineExceeded) || status.Code(err) == codes.DeadlineExceeded {
				return output.ErrTimedOut
			}
			return err
		}
		if moved {
			continue
		}
		open, err := a.openOrders(ctx)
		if err != nil {
			return err
		}
		if !open {
			return nil
		}
		if err := (clock.System{}).Until(ctx, clock.System{}.Now().Add(lookAgain)); err != nil {
			return output.ErrTimedOut
		}
	}
}

// round asks every service for its position once it has taken in what the
// others had written; it tells whether any of them has moved.
func (a *app) round(ctx context.Context, seen map[string]int64) (moved bool, err error) {
	signed, conn, err := a.signedIn(ctx)
	if err != nil {
		return false, err
	}
	client := runtimev1.NewRuntimeServiceClient(conn)
	for _, s := range services {
		r, err := client.GetStatus(notBefore(signed, seen), &runtimev1.GetStatusRequest{Service: s}, grpc.WaitForReady(true))
		if err != nil {
			return false, err
		}
		if r.GetPosition() != seen[s] {
			seen[s], moved = r.GetPosition(), true
		}
	}
	return moved, nil
}

func (a *app) openOrders(ctx context.Context) (bool, error) {
	signed, conn, err := a.signedIn(ctx)
	if err != nil {
		return false, err
	}
	r, err := provisioningv1.NewProvisioningServiceClient(conn).ListOrders(signed, &provisioningv1.ListOrdersRequest{Open: true, Limit: 1})
	return len(r.GetItems()) > 0, err
}

// notBefore asks for an answer that shows everything seen so far.
func notBefore(ctx context.Context, seen map[string]int64) context.Context {
	for service, position := range seen {
		ctx = metadata.AppendToOutgoingContext(ctx, "ostiary-not-before", fmt.Sprintf("%s=%d", service, position))
	}
	return ctx
}
