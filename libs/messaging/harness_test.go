package messaging_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"
	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/eventstore/memory"
	"github.com/ostiary/ostiary/libs/messaging"
)

// patience bounds every wait of a test.
const patience = 30 * time.Second

var quiet = slog.New(slog.DiscardHandler)

// services of the tests: each reads all others.
var services = []string{"identity", "access-request", "policy"}

func users() []messaging.User {
	list := []messaging.User{messaging.AdminUser("pw-admin")}
	for _, s := range services {
		list = append(list, messaging.ServiceUser(s, "pw-"+s, services...))
	}
	return list
}

// bus is a NATS server that can be stopped, emptied and started again under
// the same address.
type bus struct {
	t      testing.TB
	config messaging.Config
	server *messaging.Server
	guests *guests // nil without outside systems
}

func newBus(t testing.TB) *bus {
	t.Helper()
	b := &bus{t: t, config: messaging.Config{Dir: t.TempDir(), Port: -1, Users: users(), Key: "a key of the test, long enough"}}
	b.start()
	t.Cleanup(func() { b.stop() })
	return b
}

func (b *bus) start() {
	b.t.Helper()
	s, err := messaging.Embedded(b.config)
	if err != nil {
		b.t.Fatal(err)
	}
	b.server = s
	if b.config.Port == -1 {
		if _, err := fmt.Sscanf(s.URL(), "nats://127.0.0.1:%d", &b.config.Port); err != nil {
			b.t.Fatalf("read the port of %s: %v", s.URL(), err)
		}
	}
}

func (b *bus) stop() {
	if b.server != nil {
		b.server.Close()
		b.server = nil
	}
}

// connect signs in over TCP, so that the connection survives the server.
func (b *bus) connect(user string) *nats.Conn {
	b.t.Helper()
	c, err := messaging.Connect(fmt.Sprintf("nats://127.0.0.1:%d", b.config.Port), user, "pw-"+user, quiet)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(c.Close)
	return c
}

func (b *bus) js(user string) jetstream.JetStream {
	b.t.Helper()
	js, err := jetstream.New(b.connect(user))
	if err != nil {
		b.t.Fatal(err)
	}
	return js
}

// ensure makes all streams and durables, as admin.
func (b *bus) ensure(ctx context.Context) error {
	c, err := b.server.Connect("admin", quiet)
	if err != nil {
		return err
	}
	defer c.Close()
	js, err := jetstream.New(c)
	if err != nil {
		return err
	}
	var sources []messaging.Source
	var subscriptions []messaging.Subscription
	for _, s := range services {
		sources = append(sources, messaging.Source{Service: s})
		for _, c := range services {
			if c != s {
				subscriptions = append(subscriptions, messaging.Subscription{Consumer: c, Source: s})
			}
		}
	}
	return messaging.EnsureStreams(ctx, js, sources, subscriptions)
}

func (b *bus) mustEnsure() {
	b.t.Helper()
	if err := b.ensure(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// read returns the envelopes of a stream from a sequence up to another.
func (b *bus) read(service string, from, to uint64) []*envelopev1.Envelope {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	c, err := b.js("admin").OrderedConsumer(ctx, messaging.StreamName(service), jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from})
	if err != nil {
		b.t.Fatal(err)
	}
	messages, err := c.Messages()
	if err != nil {
		b.t.Fatal(err)
	}
	defer messages.Stop()
	var all []*envelopev1.Envelope
	for sequence := from; sequence <= to; sequence++ {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			b.t.Fatalf("read sequence %d of %d: %v", sequence, to, err)
		}
		e := new(envelopev1.Envelope)
		if err := proto.Unmarshal(m.Data(), e); err != nil {
			b.t.Fatal(err)
		}
		meta, err := m.Metadata()
		if err != nil {
			b.t.Fatal(err)
		}
		if meta.Sequence.Stream != sequence || e.GetPosition() != int64(sequence) {
			b.t.Fatalf("sequence %d (due: %d) holds position %d", meta.Sequence.Stream, sequence, e.GetPosition())
		}
		all = append(all, e)
	}
	return all
}

// source is a store that pushes what it appends.
type source struct {
	*memory.Store
	mu   sync.Mutex
	push []func([]eventstore.Recorded)
}

func newSource() *source { return &source{Store: memory.New(clock.System{})} }

func (s *source) subscribe(f func([]eventstore.Recorded)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.push = append(s.push, f)
}

// appendAny appends an event to a stream at whatever version it has.
func (s *source) appendAny(t testing.TB, stream, kind string, data []byte) eventstore.Recorded {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	events, err := s.ReadStream(t.Context(), stream, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Append(t.Context(), eventstore.Append{
		Stream: stream, ExpectedVersion: int64(len(events)), Command: eventstore.Command{ID: uuid.NewString()},
		Events: []eventstore.NewEvent{{ID: uuid.NewString(), Type: kind, Data: data}},
	})
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := s.ReadAll(t.Context(), r.Last-1, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.push {
		f(recorded)
	}
	return recorded[0]
}

// published appends a PackPublished that carries a number.
func (s *source) published(t testing.TB, stream string, version int64) eventstore.Recorded {
	t.Helper()
	m := &policyv1.PackPublished{Version: version}
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return s.appendAny(t, stream, string(m.ProtoReflect().Descriptor().FullName()), data)
}

// feed is what the source's Feed would answer.
func (s *source) feed(service string) messaging.Feed {
	return func(ctx context.Context, after int64, limit int) ([]*envelopev1.Envelope, int64, error) {
		head, err := s.Head(ctx)
		if err != nil {
			return nil, 0, err
		}
		events, err := s.ReadAll(ctx, after, limit)
		if err != nil {
			return nil, 0, err
		}
		var list []*envelopev1.Envelope
		for _, r := range events {
			list = append(list, r.Envelope(service))
		}
		return list, max(head, after+int64(len(list))), nil
	}
}

// background runs f until the test ends or stop is called, and waits for it.
func background(t testing.TB, f func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("it ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("it did not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

// eventually asks again until it holds; for what nothing signals.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
