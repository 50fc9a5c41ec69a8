package messaging

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// errOvertaken says that the stream does not stand where the relay thought.
var errOvertaken = errors.New("the stream has moved")

// wrongLastSequence is JetStream's refusal of a message that does not follow.
const wrongLastSequence jetstream.ErrorCode = 10071

// receipt is a published message whose confirmation is awaited.
type receipt struct {
	position int64
	future   jetstream.PubAckFuture
}

// session publishes from where the stream stands until something fails.
func (r *Relay) session(ctx context.Context) error {
	js, err := jetstream.New(r.bus,
		jetstream.WithPublishAsyncMaxPending(2*relayWindow),
		jetstream.WithPublishAsyncTimeout(confirmWithin))
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	defer js.CleanupPublisher()
	next, err := r.start(ctx, js)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	receipts := make(chan receipt, relayWindow)
	g.Go(func() error { return r.publish(ctx, js, next, receipts) })
	g.Go(func() error { return r.confirm(ctx, receipts) })
	return g.Wait()
}

// publish sends events in order without waiting for confirmations: each on its
// own while the relay keeps up, in batches when it has much to catch up.
func (r *Relay) publish(ctx context.Context, js jetstream.JetStream, next int64, receipts chan<- receipt) error {
	for {
		events, err := r.take(ctx, next)
		if err != nil {
			return err
		}
		for len(events) > 0 {
			n := batchSize(events)
			future, err := r.send(js, events[:n])
			if err != nil {
				return fmt.Errorf("publish %d: %w", next, err)
			}
			next = events[n-1].Position + 1
			select {
			case receipts <- receipt{next - 1, future}:
			case <-ctx.Done():
				return ctx.Err()
			}
			events = events[n:]
		}
	}
}

// message is an event as it travels.
func (r *Relay) message(e eventstore.Recorded) (*nats.Msg, error) {
	data, err := proto.Marshal(e.Envelope(r.service))
	if err != nil {
		return nil, fmt.Errorf("encode %d: %w", e.Position, err)
	}
	m := nats.NewMsg(Subject(r.service, e))
	m.Data = data
	return m, nil
}

// confirm awaits the confirmations in order.
func (r *Relay) confirm(ctx context.Context, receipts <-chan receipt) error {
	for {
		var next receipt
		select {
		case next = <-receipts:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case ack := <-next.future.Ok():
			if int64(ack.Sequence) != next.position {
				return fmt.Errorf("position %d was stored as sequence %d", next.position, ack.Sequence)
			}
			r.position.Store(next.position)
			r.health.well(relaying)
		case err := <-next.future.Err():
			var refusal *jetstream.APIError
			if errors.As(err, &refusal) && refusal.ErrorCode == wrongLastSequence {
				return errOvertaken
			}
			return fmt.Errorf("publish %d: %w", next.position, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

const (
	// quiet is how long the relay relies on being pushed before it also
	// watches the store.
	quiet = 20 * time.Millisecond
	// grace lets a push arrive that was woken by the same append.
	grace = time.Millisecond
)

// take returns the events that come next, at least one: pushed if they follow
// at once, else read from the store.
func (r *Relay) take(ctx context.Context, next int64) ([]eventstore.Recorded, error) {
	for {
		events, hole := r.pushed.from(next)
		if len(events) > 0 {
			return events, nil
		}
		if !hole {
			pushed, err := r.await(ctx, next)
			if err != nil {
				return nil, err
			}
			if pushed {
				continue
			}
		}
		events, err := r.store.ReadAll(ctx, next-1, relayPage)
		if err != nil {
			return nil, fmt.Errorf("read after %d: %w", next-1, err)
		}
		if len(events) > 0 && events[0].Position != next {
			return nil, ErrTrimmed.With("needed", fmt.Sprint(next)).With("first", fmt.Sprint(events[0].Position))
		}
		if len(events) > 0 {
			return events, nil
		}
		if hole { // pushed before it was committed: not ours to publish
			r.pushed.clear()
		}
	}
}

// await returns true when something was pushed, false when the store has more.
func (r *Relay) await(ctx context.Context, next int64) (bool, error) {
	timer := time.NewTimer(quiet)
	defer timer.Stop()
	select {
	case <-r.pushed.wake:
		return true, nil
	case <-timer.C:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	watch, stop := context.WithCancel(ctx)
	moved := make(chan error, 1)
	go func() { moved <- r.store.Wait(watch, next-1) }()
	select {
	case <-r.pushed.wake:
		stop()
		if err := <-moved; err != nil && !errors.Is(err, context.Canceled) {
			return false, fmt.Errorf("wait for the store: %w", err)
		}
		return true, nil
	case err := <-moved:
		stop()
		if err != nil {
			return false, fmt.Errorf("wait for the store: %w", err)
		}
	}
	timer.Reset(grace)
	select {
	case <-r.pushed.wake:
		return true, nil
	case <-timer.C:
		return false, nil
	}
}
