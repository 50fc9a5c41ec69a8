package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/ostiary/ostiary/libs/eventstore"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/orders"
)

// lane is one account's orders as read from its stream, kept while a batch is
// worked on.
type lane struct {
	journal *eventstore.Journal
	stream  string
	state   orders.State
	version int64
	// origins are the ProvisioningOrdered events by order: what comes of an
	// order has it as its cause.
	origins map[string]eventstore.Fact
	// newest is the position of the last order.
	newest int64
}

func loadLane(ctx context.Context, j *eventstore.Journal, stream string) (*lane, error) {
	l := &lane{journal: j, stream: stream}
	return l, l.reload(ctx)
}

func (l *lane) reload(ctx context.Context) error {
	facts, err := l.journal.Stream(ctx, l.stream)
	if err != nil {
		return err
	}
	l.state, l.version, l.origins = orders.State{}, int64(len(facts)), map[string]eventstore.Fact{}
	for _, f := range facts {
		if f.Message == nil {
			return fmt.Errorf("fold %s: this binary does not know %s; use a newer one", l.stream, f.Type)
		}
		l.state = orders.Evolve(l.state, f.Message)
		if o, ok := f.Message.(*provisioningv1.ProvisioningOrdered); ok {
			f.Data = nil
			l.origins[o.GetOrderId()] = f
			l.newest = f.Position
		}
	}
	return nil
}

// removalSince tells whether a removal that is still open was ordered after a
// position.
func (l *lane) removalSince(position int64) bool {
	return slices.ContainsFunc(l.state.Entries, func(e orders.Entry) bool {
		return e.Status == orders.Open && e.Ordered.GetOperation() == orders.Remove && l.origins[e.Ordered.GetOrderId()].Position > position
	})
}

// races is how often a record is decided again after the lane has moved.
const races = 8

// record carries out a command about an order and keeps the lane up to date.
// kind makes the command's id, so that a repetition is answered by the store.
func (l *lane) record(ctx context.Context, kind, order string, c orders.Command) error {
	for range races {
		messages, err := orders.Decide(l.state, c)
		if err != nil || len(messages) == 0 {
			return err
		}
		a, err := l.intent(ctx, kind, order, messages)
		if err != nil {
			return err
		}
		r, err := l.journal.Store.Append(ctx, a)
		switch {
		case errors.Is(err, eventstore.ErrConflict) || err == nil && r.Replayed:
			if err := l.reload(ctx); err != nil {
				return err
			}
			continue
		case err != nil:
			return fmt.Errorf("record %s in %s: %w", kind, l.stream, err)
		}
		for _, m := range messages {
			l.state = orders.Evolve(l.state, m)
		}
		l.version = r.Version
		return nil
	}
	return eventstore.ErrConflict.With("stream", l.stream)
}

func (l *lane) intent(ctx context.Context, kind, order string, messages []proto.Message) (eventstore.Append, error) {
	origin := l.origins[order]
	actor := "service:" + l.journal.Service
	id := eventstore.PolicyCommandID("provisioning.worker."+kind, l.journal.Service, origin.Position, l.stream)
	a := eventstore.Append{
		Stream: l.stream, ExpectedVersion: l.version,
		Command:  eventstore.Command{ID: id, Digest: eventstore.Digest("provisioning.worker."+kind, l.stream, actor, []byte(order))},
		Metadata: eventstore.Metadata{Actor: actor, CorrelationID: origin.CorrelationID, Causation: origin.Cause(), Trace: origin.Trace},
	}
	for _, m := range messages {
		e, err := l.journal.Encode(ctx, m)
		if err != nil {
			return a, err
		}
		a.Events = append(a.Events, e)
	}
	return a, nil
}
