package company

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"
)

// jump moves the clock, as 'ostiary clock advance' does: it stops at each
// instant at which something is due, until all of it has been done and seen.
func (i *installation) jump(ctx context.Context, to time.Time, companies []*player) (stops int) {
	i.t.Helper()
	for now := (time.Time{}); now.Before(to); stops++ {
		i.settle()
		now = to
		for _, service := range told {
			if next := i.nextDue(service); !next.IsZero() && next.Before(now) {
				now = next
			}
		}
		if _, err := i.runtime("identity").SetClock(i.operator(), &runtimev1.SetClockRequest{Service: "identity", At: timestamppb.New(now)}); err != nil {
			i.t.Fatal(err)
		}
		i.eventually("everything that is due is done", func() bool {
			for _, service := range told {
				if next := i.nextDue(service); !next.IsZero() && !next.After(now) {
					return false
				}
			}
			return true
		})
		g := errgroup.Group{}
		for _, p := range companies {
			p.pass(now)
			g.Go(func() error { return p.agree(ctx) })
		}
		if err := g.Wait(); err != nil {
			i.t.Fatal(err)
		}
	}
	return stops
}

func (i *installation) runtime(service string) runtimev1.RuntimeServiceClient {
	return runtimev1.NewRuntimeServiceClient(i.assembly.Conn(service))
}

// nextDue is when a service has something to do next; zero if it has nothing.
func (i *installation) nextDue(service string) time.Time {
	i.t.Helper()
	c, err := i.runtime(service).GetClock(i.operator(), &runtimev1.GetClockRequest{Service: service})
	if err != nil {
		i.t.Fatal(err)
	}
	return instant(c.GetNextDue())
}

// settle returns when nothing is under way any more: no order is open, and
// every service has taken in and shows everything that was written, twice in a
// row.
func (i *installation) settle() {
	i.t.Helper()
	last := map[string]int64{}
	i.eventually("nothing is under way", func() bool {
		heads, quiet := map[string]int64{}, true
		status := map[string]*runtimev1.GetStatusResponse{}
		for _, service := range append([]string{"policy"}, told...) {
			s, err := i.runtime(service).GetStatus(i.operator(), &runtimev1.GetStatusRequest{Service: service, WithoutDigests: true})
			if err != nil {
				i.t.Fatal(err)
			}
			status[service], heads[service] = s, s.GetPosition()
			quiet = quiet && s.GetPosition() == last[service]
			last[service] = s.GetPosition()
		}
		for service, s := range status {
			for _, inbox := range s.GetInbox() {
				if head, ok := heads[inbox.GetSource()]; ok && (inbox.GetPosition() != head || inbox.GetParked() > 0) {
					return false
				}
			}
			for _, shown := range s.GetProjections() {
				quiet = quiet && shown.GetPosition() == heads[service]
			}
		}
		if !quiet {
			return false
		}
		orders, err := provisioningv1.NewProvisioningServiceClient(i.assembly.Conn("provisioning")).ListOrders(i.operator(), &provisioningv1.ListOrdersRequest{Limit: 1})
		return err == nil && orders.GetOpen() == 0
	})
}
