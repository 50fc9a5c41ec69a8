package messaging

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// retention is how long JetStream keeps events; older ones come from Feed.
	retention = 30 * 24 * time.Hour
	// ackWait is how long a message may stay silent before it is sent again.
	ackWait = 30 * time.Second
	// maxInFlight is how many messages a consumer holds without an answer.
	maxInFlight = 1024
)

// Source is a service whose events are published.
type Source struct {
	Service string
	// First is the first position that its store holds; 0 or 1 for a whole
	// history. A new stream starts at this sequence.
	First int64
}

// Subscription is a service's reading of a source.
type Subscription struct {
	Consumer string
	Source   string
}

// EnsureStreams makes or updates the streams of the sources and the durables of
// the subscriptions. Only the admin user may do it: services merely bind. An
// empty stream that begins too early is made anew; nothing else is removed.
func EnsureStreams(ctx context.Context, js jetstream.JetStream, sources []Source, subscriptions []Subscription) error {
	for _, s := range sources {
		if err := ensureStream(ctx, js, s); err != nil {
			return fmt.Errorf("make stream %s: %w", StreamName(s.Service), err)
		}
	}
	for _, s := range subscriptions {
		_, err := js.CreateOrUpdateConsumer(ctx, StreamName(s.Source), jetstream.ConsumerConfig{
			Durable:       DurableName(s.Consumer, s.Source),
			DeliverPolicy: jetstream.DeliverAllPolicy,
			AckPolicy:     jetstream.AckExplicitPolicy,
			AckWait:       ackWait,
			MaxAckPending: maxInFlight,
			MaxDeliver:    -1,
		})
		if err != nil {
			return fmt.Errorf("make durable %s: %w", DurableName(s.Consumer, s.Source), err)
		}
	}
	return nil
}

func ensureStream(ctx context.Context, js jetstream.JetStream, s Source) error {
	config := jetstream.StreamConfig{
		Name:       StreamName(s.Service),
		Subjects:   []string{"ev." + s.Service + ".>"},
		Storage:    jetstream.FileStorage,
		Retention:  jetstream.LimitsPolicy,
		MaxAge:     retention,
		DenyDelete: true,
		DenyPurge:  true,
		// The relay catches up in batches, which are flushed once each.
		AllowAtomicPublish: true,
	}
	first := uint64(max(s.First, 1))
	existing, err := js.Stream(ctx, config.Name)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		if first > 1 {
			config.FirstSeq = first
		}
		_, err = js.CreateStream(ctx, config)
		return err
	case err != nil:
		return err
	}
	state := existing.CachedInfo().State
	config.FirstSeq = existing.CachedInfo().Config.FirstSeq
	if state.Msgs == 0 && state.LastSeq+1 < first {
		if err := js.DeleteStream(ctx, config.Name); err != nil {
			return err
		}
		config.FirstSeq = first
		_, err = js.CreateStream(ctx, config)
		return err
	}
	_, err = js.UpdateStream(ctx, config)
	return err
}
