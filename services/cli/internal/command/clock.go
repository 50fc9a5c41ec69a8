package command

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

func (a *app) clock() *cobra.Command {
	c := &cobra.Command{Use: "clock", Short: a.printer.Say("时钟", "the clock"), RunE: a.group}
	c.AddCommand(a.clockShow(), a.clockAdvance())
	return c
}

func (a *app) clockShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: a.printer.Say("现在几点，下一件到期的事何时", "what time it is, and when something is due next"),
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			now, next, err := a.times(c.Context())
			if err != nil {
				return err
			}
			if now.NextDue = nil; !next.IsZero() {
				now.NextDue = timestamppb.New(next)
			}
			return a.printer.Message(now, func() {
				a.printer.Line("%s", "%s", a.alone(now.GetNow()))
				if now.GetNextDue() != nil {
					a.printer.Line("下一件到期：%s", "next due: %s", a.alone(now.GetNextDue()))
				}
			})
		},
	}
}

// settleEach is how long the services may take to settle at one instant.
const settleEach = 60 * time.Second

func (a *app) clockAdvance() *cobra.Command {
	var patience positive
	c := &cobra.Command{
		Use:   "advance 90m|3h|3d|2w",
		Short: a.printer.Say("推进模拟时钟；在每个到期时刻停下，待各服务办完", "move the simulated clock; stops at each due instant until all services have settled"),
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			by, ok := span(args[0])
			if !ok {
				return a.misused("时长写作 90m、3h、3d 或 2w", "a span is 90m, 3h, 3d or 2w")
			}
			now, _, err := a.times(c.Context())
			if err != nil {
				return err
			}
			each := settleEach
			if patience != 0 {
				each = time.Duration(patience)
			}
			at, stops := now.GetNow().AsTime(), 0
			target := at.Add(by)
			for ; at.Before(target); stops++ {
				if at, err = a.step(c.Context(), target, each); err != nil {
					return err
				}
			}
			if a.printer.JSON {
				return a.printer.Object(map[string]any{"clock": target.Format(time.RFC3339Nano), "stops": stops})
			}
			a.printer.Line("时钟停在 %s", "The clock stands at %s", a.alone(timestamppb.New(target)))
			return nil
		},
	}
	c.Flags().Var(&patience, "wait", a.printer.Say("每个时刻最多等待这么久（默认 60s）", "how long the services may take at each instant (default 60s)"))
	return c
}

// span reads 90m, 3h, 3d or 2w.
func span(s string) (time.Duration, bool) {
	m := regexp.MustCompile(`^([1-9][0-9]{0,4})(m|h|d|w)$`).FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(m[1]) // digits, at most five
	return time.Duration(n) * map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[2]], true
}

// step moves every clock to the next instant at which something is due, at
// most to the target, and waits until all services have done what follows.
func (a *app) step(ctx context.Context, target time.Time, each time.Duration) (time.Time, error) {
	_, next, err := a.times(ctx)
	if err != nil {
		return next, err
	}
	if next.IsZero() || next.After(target) {
		next = target
	}
	for _, s := range services {
		now, err := a.clockOf(ctx, s)
		if err != nil {
			return next, err
		}
		if now.GetNow().AsTime().After(next) { // something was left from before
			next = now.GetNow().AsTime()
		}
	}
	for _, s := range services {
		if err := a.setClock(ctx, s, next); err != nil {
			return next, err
		}
	}
	limited, cancel := context.WithTimeout(ctx, each)
	defer cancel()
	if err := a.rest(limited, next); err != nil {
		if limited.Err() != nil && ctx.Err() == nil {
			return next, a.unsettled(ctx, next)
		}
		return next, err
	}
	return next, nil
}

// rest returns when nothing moves any more and nothing is due.
func (a *app) rest(ctx context.Context, at time.Time) error {
	for {
		if _, err := a.follow(ctx, change{}); err != nil {
			return err
		}
		_, next, err := a.times(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(at) {
			return nil
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// unsettled names the services in which something due is not done, and the
// orders that are not confirmed.
func (a *app) unsettled(ctx context.Context, at time.Time) error {
	failure := output.ErrTimedOut
	for _, s := range services {
		r, err := a.clockOf(ctx, s)
		if err == nil && r.GetNextDue() != nil && !r.GetNextDue().AsTime().After(at) {
			failure = failure.With(s, fmt.Sprintf(a.printer.Say("到期未办：%s", "due and not done: %s"), a.alone(r.GetNextDue())))
		}
	}
	if open, err := a.openOrders(ctx, change{}, 1); err == nil && open.GetOpen() > 0 {
		failure = failure.With("provisioning", fmt.Sprintf(a.printer.Say("%d 条指令未确认", "%d orders not confirmed"), open.GetOpen()))
	}
	return failure
}

// times is the clock of the first service, and when the first thing of any is
// due; zero: nothing is.
func (a *app) times(ctx context.Context) (now *runtimev1.GetClockResponse, next time.Time, err error) {
	for _, s := range services {
		r, err := a.clockOf(ctx, s)
		if err != nil {
			return nil, next, err
		}
		if now == nil {
			now = r
		}
		if due := r.GetNextDue(); due != nil && (next.IsZero() || due.AsTime().Before(next)) {
			next = due.AsTime()
		}
	}
	return now, next, nil
}

func (a *app) clockOf(ctx context.Context, service string) (*runtimev1.GetClockResponse, error) {
	return patiently(ctx, a, func(signed context.Context, conn *grpc.ClientConn) (*runtimev1.GetClockResponse, error) {
		return runtimev1.NewRuntimeServiceClient(conn).GetClock(signed, &runtimev1.GetClockRequest{Service: service})
	})
}

func (a *app) setClock(ctx context.Context, service string, at time.Time) error {
	_, err := patiently(ctx, a, func(signed context.Context, conn *grpc.ClientConn) (*runtimev1.SetClockResponse, error) {
		return runtimev1.NewRuntimeServiceClient(conn).SetClock(signed, &runtimev1.SetClockRequest{Service: service, At: timestamppb.New(at)})
	})
	return err
}
