package messaging_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ostiary/ostiary/libs/messaging"
)

// TestWatermillSuite runs what watermill demands of every adapter.
func TestWatermillSuite(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	tests.TestPubSub(t,
		tests.Features{
			ConsumerGroups: true, GuaranteedOrder: true, GuaranteedOrderWithSingleSubscriber: true,
			Persistent: true, ForceShort: true,
		},
		func(*testing.T) (message.Publisher, message.Subscriber) {
			return newPublisher(b), newTopicSubscriber(b, "all")
		},
		func(_ *testing.T, group string) (message.Publisher, message.Subscriber) {
			return newPublisher(b), newTopicSubscriber(b, group)
		},
	)
}

// TestReconnect restarts the broker in the middle: every message arrives, and
// none is lost that was acknowledged neither before nor after.
func TestReconnect(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	pub, sub := newPublisher(b), newTopicSubscriber(b, "all")
	messages, err := sub.Subscribe(t.Context(), "restart")
	if err != nil {
		t.Fatal(err)
	}
	const half = 50
	// A publisher that gets no answer publishes again, as the relay does; a
	// broker that has just started may be slow to give one.
	publish := func(from int) {
		until := time.Now().Add(patience)
		for n := 0; n < half; {
			switch err := pub.Publish("restart", message.NewMessage(fmt.Sprint(from+n), nil)); {
			case err == nil:
				n++
			case time.Now().After(until):
				t.Fatal(err)
			}
		}
	}
	seen := map[string]bool{}
	receive := func(want int) {
		for len(seen) < want {
			select {
			case m := <-messages:
				seen[m.UUID] = true
				m.Ack()
			case <-time.After(patience):
				t.Fatalf("%d of %d arrived", len(seen), want)
			}
		}
	}
	publish(0)
	receive(half / 2)
	b.stop()
	b.start()
	publish(half)
	receive(2 * half)
	if err := sub.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := <-messages; open {
		t.Error("the channel is open after Close")
	}
}

// TestInFlightKeepsOrder: many messages are handed on before the first is
// acknowledged, in order.
func TestInFlightKeepsOrder(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	pub, sub := newPublisher(b), newTopicSubscriber(b, "all")
	sub.inFlight = 100
	messages, err := sub.Subscribe(t.Context(), "order")
	if err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		if err := pub.Publish("order", message.NewMessage(fmt.Sprint(n), nil)); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 100 {
		select {
		case m := <-messages:
			if m.UUID != fmt.Sprint(n) {
				t.Fatalf("message %s came where %d was due", m.UUID, n)
			}
		case <-time.After(patience):
			t.Fatalf("message %d waits for an acknowledgement", n)
		}
	}
}

// TestSlowHandlerIsNotInterrupted: a handler longer than AckWait receives its
// message once.
func TestSlowHandlerIsNotInterrupted(t *testing.T) {
	t.Parallel()
	b := newBus(t)
	pub, sub := newPublisher(b), newTopicSubscriber(b, "all")
	sub.inFlight, sub.ackWait = 2, 300*time.Millisecond
	messages, err := sub.Subscribe(t.Context(), "slow")
	if err != nil {
		t.Fatal(err)
	}
	if err := pub.Publish("slow", message.NewMessage("1", nil)); err != nil {
		t.Fatal(err)
	}
	m := <-messages
	select {
	case again := <-messages:
		t.Fatalf("message %s came again while it was being handled", again.UUID)
	case <-time.After(4 * sub.ackWait):
	}
	m.Ack()
}

// topicSubscriber makes stream and durable of a topic on first use, as the
// suite expects of a subscriber, and leaves the rest to the adapter.
type topicSubscriber struct {
	b        *bus
	group    string
	inFlight int
	ackWait  time.Duration

	once sync.Once
	js   jetstream.JetStream
	sub  *messaging.Subscriber
}

func newTopicSubscriber(b *bus, group string) *topicSubscriber {
	return &topicSubscriber{b: b, group: group, inFlight: 1, ackWait: 5 * time.Second, js: b.js("admin")}
}

func (s *topicSubscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	if err := s.SubscribeInitialize(topic); err != nil {
		return nil, err
	}
	return s.adapter().Subscribe(ctx, topic)
}

func (s *topicSubscriber) SubscribeInitialize(topic string) error {
	if err := makeStream(s.js, topic); err != nil {
		return err
	}
	_, err := s.js.CreateOrUpdateConsumer(context.Background(), streamOf(topic), jetstream.ConsumerConfig{
		Durable: s.group, AckPolicy: jetstream.AckExplicitPolicy, AckWait: s.ackWait, MaxAckPending: 1024})
	return err
}

func (s *topicSubscriber) Close() error { return s.adapter().Close() }

func (s *topicSubscriber) adapter() *messaging.Subscriber {
	s.once.Do(func() {
		s.sub = messaging.NewSubscriber(messaging.SubscriberConfig{
			JetStream: s.js, InFlight: s.inFlight, AckWait: s.ackWait, Log: quiet,
			Bind: func(topic string) (string, string) { return streamOf(topic), s.group },
		})
	})
	return s.sub
}

func streamOf(topic string) string { return strings.NewReplacer(".", "_", "-", "_").Replace(topic) }

func makeStream(js jetstream.JetStream, topic string) error {
	_, err := js.CreateStream(context.Background(), jetstream.StreamConfig{Name: streamOf(topic), Subjects: []string{"t." + topic}})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return nil
	}
	return err
}

// publisher is what the suite needs to have something to read.
type publisher struct{ js jetstream.JetStream }

func newPublisher(b *bus) *publisher { return &publisher{b.js("admin")} }

func (p *publisher) Publish(topic string, messages ...*message.Message) error {
	if err := makeStream(p.js, topic); err != nil {
		return err
	}
	for _, m := range messages {
		n := nats.NewMsg("t." + topic)
		n.Data = m.Payload
		for k, v := range m.Metadata {
			n.Header.Set(k, v)
		}
		n.Header.Set("Watermill-Uuid", m.UUID)
		if _, err := p.js.PublishMsg(context.Background(), n); err != nil {
			return err
		}
	}
	return nil
}

func (*publisher) Close() error { return nil }
