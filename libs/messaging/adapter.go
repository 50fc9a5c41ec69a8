package messaging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go/jetstream"
)

// metadataSequence is the watermill metadata with the stream sequence.
const metadataSequence = "nats_stream_sequence"

// headerUUID carries a watermill message id.
const headerUUID = "Watermill-Uuid"

// errSubscriberClosed answers a subscription after Close.
var errSubscriberClosed = errors.New("subscriber is closed")

// Subscriber reads JetStream durables for watermill. It only binds: stream and
// durable must be there, and it waits for them if they are not.
type Subscriber struct {
	config  SubscriberConfig
	closing context.Context
	close   context.CancelFunc
	mu      sync.Mutex // guards closing against a late running.Add
	running sync.WaitGroup
}

// SubscriberConfig says how a Subscriber reads.
type SubscriberConfig struct {
	JetStream jetstream.JetStream
	// Bind tells the stream and the durable of a topic.
	Bind func(topic string) (stream, durable string)
	// InFlight is how many messages are handed on before the first of them is
	// acknowledged. They are handed on in order; with 1 the next one follows
	// the acknowledgement of the last.
	InFlight int
	// AckWait is that of the durable. An unacknowledged message reports
	// progress every third of it, so a slow handler is not interrupted.
	AckWait time.Duration
	Log     *slog.Logger
}

// NewSubscriber returns a Subscriber.
func NewSubscriber(c SubscriberConfig) *Subscriber {
	s := &Subscriber{config: c}
	s.closing, s.close = context.WithCancel(context.Background())
	return s
}

var _ message.Subscriber = (*Subscriber)(nil)

// Subscribe hands on the messages of a topic until ctx ends or Close is called;
// then the channel is closed and what is unacknowledged goes back.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Err() != nil {
		return nil, errSubscriberClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.closing, cancel)
	out := make(chan *message.Message)
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		defer cancel()
		defer stop()
		// This goroutine alone sends on out and closes it.
		defer close(out)
		s.receive(ctx, topic, out)
	}()
	return out, nil
}

// Close ends all subscriptions and waits for them.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.close()
	s.mu.Unlock()
	s.running.Wait()
	return nil
}

// receive reads until ctx ends, beginning anew after every failure.
func (s *Subscriber) receive(ctx context.Context, topic string, out chan<- *message.Message) {
	stream, durable := s.config.Bind(topic)
	slots := make(chan struct{}, s.config.InFlight)
	var settling sync.WaitGroup
	defer settling.Wait()
	pause := backoff{first: 50 * time.Millisecond, limit: 2 * time.Second}
	for ctx.Err() == nil {
		err := s.read(ctx, stream, durable, slots, &settling, out, pause.reset)
		if ctx.Err() != nil {
			return
		}
		s.config.Log.WarnContext(ctx, "reading a durable was interrupted", "stream", stream, "durable", durable, "error", err)
		_ = pause.wait(ctx) // the loop ends with ctx
	}
}

// read hands messages on until the iterator breaks or ctx ends.
func (s *Subscriber) read(ctx context.Context, stream, durable string, slots chan struct{}, settling *sync.WaitGroup, out chan<- *message.Message, received func()) error {
	consumer, err := s.config.JetStream.Consumer(ctx, stream, durable)
	if err != nil {
		return fmt.Errorf("bind to %s: %w", durable, err)
	}
	iterator, err := consumer.Messages(jetstream.PullMaxMessages(max(s.config.InFlight, 2)), jetstream.PullHeartbeat(2*time.Second), jetstream.PullExpiry(10*time.Second))
	if err != nil {
		return fmt.Errorf("read %s: %w", durable, err)
	}
	defer giveBack(iterator)
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		m, err := iterator.Next(jetstream.NextContext(ctx))
		if err != nil {
			<-slots
			return err
		}
		received()
		handling, handled := context.WithCancel(ctx)
		w := toWatermill(handling, m)
		settling.Go(func() {
			defer func() { <-slots }()
			defer handled()
			s.settle(handling, m, w)
		})
		select {
		case out <- w:
		case <-ctx.Done():
		}
	}
}

// giveBack ends the iterator and returns what it had fetched ahead, which would
// otherwise be lost to others until AckWait is over.
func giveBack(iterator jetstream.MessagesContext) {
	iterator.Drain()
	for {
		m, err := iterator.Next(jetstream.NextMaxWait(time.Second))
		if err != nil {
			return
		}
		_ = m.Nak() // a failed Nak only delays the next delivery
	}
}

// settle answers a message when its handler has.
func (s *Subscriber) settle(ctx context.Context, m jetstream.Msg, w *message.Message) {
	progress := time.NewTicker(s.config.AckWait / 3)
	defer progress.Stop()
	for {
		select {
		case <-w.Acked():
			// The confirmation is awaited also while closing, so that an
			// acknowledged message does not come again.
			confirm, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.AckWait/3)
			defer cancel()
			if err := m.DoubleAck(confirm); err != nil {
				s.config.Log.WarnContext(ctx, "acknowledgement was not confirmed, the message comes again", "subject", m.Subject(), "error", err)
			}
			return
		case <-w.Nacked():
			_ = m.Nak() // a failed Nak only delays the next delivery
			return
		case <-ctx.Done():
			select {
			case <-w.Acked():
				continue
			default:
			}
			_ = m.Nak()
			return
		case <-progress.C:
			_ = m.InProgress() // the next one follows soon
		}
	}
}

func toWatermill(ctx context.Context, m jetstream.Msg) *message.Message {
	w := message.NewMessage(m.Headers().Get(headerUUID), m.Data())
	for k, values := range m.Headers() {
		if k != headerUUID && len(values) > 0 {
			w.Metadata.Set(k, values[0])
		}
	}
	if meta, err := m.Metadata(); err == nil {
		w.Metadata.Set(metadataSequence, strconv.FormatUint(meta.Sequence.Stream, 10))
	}
	w.SetContext(ctx)
	return w
}
