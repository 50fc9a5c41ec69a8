package command

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/grpckit"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// lookAgain spaces two looks at what is not finished yet.
const lookAgain = 100 * time.Millisecond

// change is what was written and what everything that follows from it names as
// its first cause.
type change struct {
	service     string
	position    int64
	correlation string
}

// settle returns when the consequences of a change are confirmed: every service
// has taken in what the others wrote, and no order of the change is open. A
// round in which nothing moved is the proof. Orders of other changes do not
// matter, nor does a target that only they need. Without --wait it returns at
// once.
func (a *app) settle(ctx context.Context, c change) error {
	if a.wait == 0 || c.position == 0 {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(a.wait))
	defer cancel()
	parked, err := a.follow(limited, c)
	switch {
	case err == nil && len(parked) == 0:
		return nil
	case err == nil:
		return a.stuck(parked)
	case ctx.Err() != nil:
		return ctx.Err() // the reader has gone
	case limited.Err() != nil || status.Code(err) == codes.DeadlineExceeded:
		return a.overdue(ctx, c)
	}
	return err
}

// follow returns when nothing of the change moves any more, with what of it
// could not be processed. Orders may be confirmed between a round and the look
// at them, and something follows from that; so the last thing it sees is a
// round in which nothing moved after a look that found no open order.
func (a *app) follow(ctx context.Context, c change) (parkedAt, error) {
	seen := map[string]int64{}
	if c.service != "" {
		seen[c.service] = c.position
	}
	for confirmed := false; ; {
		moved, parked, err := a.round(ctx, c, seen)
		switch {
		case err != nil:
			return nil, err
		case moved:
			confirmed = false
			continue
		case confirmed:
			return parked, nil
		}
		open, err := a.openOrders(ctx, c, 1)
		if err != nil {
			return nil, err
		}
		if confirmed = open.GetOpen() == 0; confirmed {
			continue
		}
		if err := a.untilConfirmed(ctx, c); err != nil {
			return nil, err
		}
	}
}

// untilConfirmed returns when no order of the change is open. What follows from
// the confirmations is for the next rounds.
func (a *app) untilConfirmed(ctx context.Context, c change) error {
	for {
		if err := pause(ctx); err != nil {
			return err
		}
		open, err := a.openOrders(ctx, c, 1)
		if err != nil || open.GetOpen() == 0 {
			return err
		}
	}
}

// parkedAt is what of a change is parked, by service.
type parkedAt map[string][]*runtimev1.ParkedEvent

// round asks every service for its position once it has taken in what the
// others had written; it tells whether any of them has moved.
func (a *app) round(ctx context.Context, c change, seen map[string]int64) (moved bool, parked parkedAt, err error) {
	parked = parkedAt{}
	for _, s := range services {
		r, err := a.caughtUp(ctx, c, s, seen)
		if err != nil {
			return false, nil, err
		}
		if r.GetPosition() != seen[s] {
			seen[s], moved = r.GetPosition(), true
		}
		if len(r.GetParked()) > 0 {
			parked[s] = r.GetParked()
		}
	}
	return moved, parked, nil
}

// caughtUp asks a service until it shows everything seen so far.
func (a *app) caughtUp(ctx context.Context, c change, service string, seen map[string]int64) (*runtimev1.GetStatusResponse, error) {
	return patiently(ctx, a, func(signed context.Context, conn *grpc.ClientConn) (*runtimev1.GetStatusResponse, error) {
		return runtimev1.NewRuntimeServiceClient(conn).GetStatus(notBefore(signed, seen),
			&runtimev1.GetStatusRequest{Service: service, CorrelationId: c.correlation, WithoutDigests: true}, grpc.WaitForReady(true))
	})
}

// openOrders asks for open orders of the change, at most limit of them; the
// counts cover all.
func (a *app) openOrders(ctx context.Context, c change, limit int32) (*provisioningv1.ListOrdersResponse, error) {
	return patiently(ctx, a, func(signed context.Context, conn *grpc.ClientConn) (*provisioningv1.ListOrdersResponse, error) {
		return provisioningv1.NewProvisioningServiceClient(conn).ListOrders(signed,
			&provisioningv1.ListOrdersRequest{Open: true, Limit: limit, CorrelationId: c.correlation})
	})
}

// patiently asks again while a service has much to do or is just starting.
func patiently[T any](ctx context.Context, a *app, ask func(context.Context, *grpc.ClientConn) (T, error)) (T, error) {
	for {
		var answer T
		signed, conn, err := a.signedIn(ctx)
		if err == nil {
			answer, err = ask(signed, conn)
		}
		if err == nil || !passing(err) {
			return answer, err
		}
		if err := pause(ctx); err != nil {
			return answer, err
		}
	}
}

// overdue says what of the change is not confirmed although its time is over.
func (a *app) overdue(ctx context.Context, c change) error {
	const (
		within = 5 * time.Second
		most   = 10_000 // what the server lists at most
	)
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	open, err := a.openOrders(ctx, c, most)
	if err != nil {
		return output.ErrTimedOut // whatever is wrong, the time is over
	}
	timedOut := output.ErrTimedOut
	for target, n := range byTarget(open.GetItems()) {
		timedOut = timedOut.With(a.printer.Say("目标 ", "target ")+target, fmt.Sprintf(a.printer.Say(
			"%d 条指令未确认，其中 %d 条失败%s", "%d orders not confirmed, %d of them failing%s"), n.open, n.failing, n.because()))
	}
	return timedOut
}

// stuck says what of the change waits for somebody to mend something.
func (a *app) stuck(parked parkedAt) error {
	failure := output.ErrParked
	for service, events := range parked {
		failure = failure.With(service, fmt.Sprintf("%s=%d (%d): %s", events[0].GetSource(), events[0].GetPosition(), len(events), events[0].GetError()))
	}
	return failure
}

// passing tells whether asking again may help.
func passing(err error) bool {
	if f, ok := fault.Of(err); ok {
		return f.Kind == fault.Unavailable
	}
	return status.Code(err) == codes.Unavailable
}

func pause(ctx context.Context) error {
	return clock.System{}.Until(ctx, clock.System{}.Now().Add(lookAgain))
}

// notBefore asks for an answer that shows everything seen so far.
func notBefore(ctx context.Context, seen map[string]int64) context.Context {
	for service, position := range seen {
		ctx = metadata.AppendToOutgoingContext(ctx, grpckit.HeaderNotBefore, grpckit.FormatPosition(service, position))
	}
	return ctx
}
