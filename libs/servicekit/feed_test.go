package servicekit_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	runtimev1 "github.com/ostiary/ostiary/proto/gen/ostiary/runtime/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/servicekit"
	"github.com/ostiary/ostiary/libs/servicekit/hosttest"
)

// While others write, a page that claims more events than it brings holds at
// least one: whoever fills gaps takes an empty one for a hole.
func TestAnEmptyPageOfTheFeedClaimsNothingMore(t *testing.T) {
	t.Parallel()
	i := hosttest.Start(t, hosttest.Cast{Now: time.Date(2026, 1, 5, 1, 0, 0, 0, time.UTC), Service: servicekit.Definition{
		Name: "policy", New: func(context.Context, *servicekit.Platform) (*servicekit.Service, error) {
			return &servicekit.Service{Register: func(grpc.ServiceRegistrar) {}}, nil
		},
	}})
	const events = 400
	written := make(chan error, 1)
	go func() {
		j := i.Platform("policy").Journal
		for n := range int64(events) {
			e, err := j.Encode(t.Context(), wrapperspb.Int64(n))
			if err == nil {
				_, err = j.Store.Append(t.Context(), eventstore.Append{
					Stream: "house-1", ExpectedVersion: n, Command: eventstore.Command{ID: uuid.NewString()},
					Metadata: eventstore.Metadata{Actor: "service:policy"}, Events: []eventstore.NewEvent{e},
				})
			}
			if err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	feed, ctx := runtimev1.NewRuntimeServiceClient(i.Conn("policy")), i.AsService("policy")
	for after := int64(0); after < events; {
		page, err := feed.Feed(ctx, &runtimev1.FeedRequest{Service: "policy", After: after})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(page.GetEvents()); n > 0 {
			after = page.GetEvents()[n-1].GetPosition()
		} else if page.GetHead() > after {
			t.Fatalf("an empty page after %d, and the store stands at %d", after, page.GetHead())
		}
		if page.GetHead() < after {
			t.Fatalf("the store stands at %d, before %d", page.GetHead(), after)
		}
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}
