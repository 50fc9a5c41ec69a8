package messaging

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// closeWithin is how long handlers may take to return at the end.
const closeWithin = 10 * time.Second

// receive runs the watermill router that brings a source's messages to the
// buffer, until ctx ends.
func (i *Inbox) receive(ctx context.Context, bus *nats.Conn, buffer *reorder) error {
	js, err := jetstream.New(bus)
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	durable := DurableName(i.service, i.source)
	subscriber := NewSubscriber(SubscriberConfig{
		JetStream: js,
		Bind:      func(source string) (string, string) { return StreamName(source), durable },
		InFlight:  maxInFlight,
		AckWait:   ackWait,
		Log:       i.log,
	})
	defer func() { _ = subscriber.Close() }() // it only waits
	quietly := watermill.NewSlogLoggerWithLevelMapping(i.log, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: closeWithin}, quietly)
	if err != nil {
		return fmt.Errorf("make the router: %w", err)
	}
	router.AddMiddleware(middleware.CorrelationID, middleware.Recoverer)
	router.AddConsumerHandler(durable, i.source, subscriber, i.handler(buffer))
	return router.Run(ctx)
}

// handler offers a message to the buffer and returns once the inbox has passed
// it; only then it is acknowledged.
func (i *Inbox) handler(buffer *reorder) message.NoPublishHandlerFunc {
	return func(m *message.Message) error {
		sequence, err := strconv.ParseInt(m.Metadata.Get(metadataSequence), 10, 64)
		if err != nil {
			return fmt.Errorf("read the sequence of a message: %w", err)
		}
		if r, err := i.unwrap(m.Payload, sequence); err != nil {
			// What the source has stored counts, so Feed is asked for it.
			i.log.ErrorContext(m.Context(), "message is not the event it should be", "sequence", sequence, "error", err)
			buffer.exists(sequence)
		} else {
			middleware.SetCorrelationID(r.CorrelationID, m)
			buffer.offer(r)
		}
		return i.WaitFor(m.Context(), sequence)
	}
}

// unwrap decodes the envelope of a message.
func (i *Inbox) unwrap(data []byte, sequence int64) (eventstore.Recorded, error) {
	var e envelopev1.Envelope
	if err := proto.Unmarshal(data, &e); err != nil {
		return eventstore.Recorded{}, fmt.Errorf("decode the envelope: %w", err)
	}
	if e.GetService() != i.source || e.GetPosition() != sequence {
		return eventstore.Recorded{}, fmt.Errorf("it calls itself %s/%d", e.GetService(), e.GetPosition())
	}
	return eventstore.FromEnvelope(&e), nil
}
