package outfeed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ostiary/ostiary/libs/clock"
)

const (
	// kept is how long the bus keeps entries; older ones are read over HTTP.
	kept = 30 * 24 * time.Hour
	// inFlight is how many messages wait for the confirmation of the bus.
	inFlight = 256
	// confirmWithin is how long the bus may take to confirm; a stream that is
	// deleted in between never does.
	confirmWithin = 5 * time.Second
	// again is the pause before something that failed is tried again.
	again = time.Second
	// ackWait is how long a reader may be silent about a message.
	ackWait = 30 * time.Second
)

// Durable is the place of one reader in the stream.
type Durable struct {
	Name string
	// Topics are the subjects that it sees; all if empty.
	Topics []string
}

// Publisher brings the entries of a book to the bus.
type Publisher struct {
	Book *Book
	Bus  *nats.Conn
	// Stream is the JetStream stream, Topics what it holds.
	Stream string
	Topics []string
	// Readers are the durables that must be there.
	Readers func(context.Context) ([]Durable, error)
	Log     *slog.Logger

	mu    sync.Mutex
	cause string
}

// Run publishes until ctx ends. The bus may be away or lose everything.
func (p *Publisher) Run(ctx context.Context) error {
	js, err := jetstream.New(p.Bus, jetstream.WithPublishAsyncMaxPending(inFlight), jetstream.WithPublishAsyncTimeout(confirmWithin))
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	for ctx.Err() == nil {
		err := p.follow(ctx, js)
		if ctx.Err() != nil {
			return nil
		}
		p.say(ctx, err)
		_ = (clock.System{}).Until(ctx, clock.System{}.Now().Add(again)) // ends with ctx
	}
	return nil
}

// Causes lists what stands in the way.
func (p *Publisher) Causes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cause == "" {
		return nil
	}
	return []string{p.cause}
}

func (p *Publisher) say(ctx context.Context, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.cause
	p.cause = ""
	if err != nil {
		if p.cause = fmt.Sprintf("the feed %s is not published: %v", p.Stream, err); p.cause != was {
			p.Log.ErrorContext(ctx, "a feed is not published", "stream", p.Stream, "error", err)
		}
	}
}

// follow makes stream and durables, then publishes what the stream lacks.
func (p *Publisher) follow(ctx context.Context, js jetstream.JetStream) error {
	known := ""
	for ctx.Err() == nil {
		readers, err := p.Readers(ctx)
		if err != nil {
			return err
		}
		at, err := p.ensure(ctx, js)
		if err != nil {
			return err
		}
		if key := fmt.Sprint(readers, at.created); key != known {
			if err := p.durables(ctx, js, readers); err != nil {
				return err
			}
			known = key
		}
		if err := p.publish(ctx, js, at.last); err != nil {
			return err
		}
		p.say(ctx, nil)
		_, last, err := p.Book.Bounds(ctx, time.Time{})
		if err != nil {
			return err
		}
		if err := p.Book.Wait(ctx, last); err != nil {
			return err
		}
	}
	return nil
}

type place struct {
	last    int64
	created int64
}

// ensure makes the stream if it is not there. A new one begins with the first
// entry that is young enough.
func (p *Publisher) ensure(ctx context.Context, js jetstream.JetStream) (place, error) {
	first, last, err := p.Book.Bounds(ctx, clock.System{}.Now().Add(-kept))
	if err != nil {
		return place{}, err
	}
	s, err := js.Stream(ctx, p.Stream)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		config := jetstream.StreamConfig{
			Name: p.Stream, Subjects: p.Topics, Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, MaxAge: kept,
			DenyDelete: true, DenyPurge: true,
		}
		if first > 1 {
			config.FirstSeq = uint64(first)
		}
		s, err = js.CreateStream(ctx, config)
	}
	if err != nil {
		return place{}, fmt.Errorf("make stream %s: %w", p.Stream, err)
	}
	info := s.CachedInfo()
	at := place{last: int64(info.State.LastSeq), created: info.Created.UnixNano()}
	if at.last > last {
		return at, fmt.Errorf("the bus has entries up to %d, the book only up to %d; was an older backup restored? Delete the stream once its readers know", at.last, last)
	}
	return at, nil
}

func (p *Publisher) durables(ctx context.Context, js jetstream.JetStream, readers []Durable) error {
	for _, r := range readers {
		_, err := js.CreateOrUpdateConsumer(ctx, p.Stream, jetstream.ConsumerConfig{
			Durable: r.Name, DeliverPolicy: jetstream.DeliverAllPolicy, AckPolicy: jetstream.AckExplicitPolicy,
			AckWait: ackWait, MaxDeliver: -1, FilterSubjects: r.Topics,
		})
		if err != nil {
			return fmt.Errorf("make durable %s: %w", r.Name, err)
		}
	}
	return nil
}

// publish sends what follows a number, each message saying which one it comes
// after: what the bus has already it refuses.
func (p *Publisher) publish(ctx context.Context, js jetstream.JetStream, last int64) error {
	for ctx.Err() == nil {
		entries, err := p.Book.Read(ctx, last, inFlight)
		if err != nil || len(entries) == 0 {
			return err
		}
		futures := make([]jetstream.PubAckFuture, 0, len(entries))
		for _, e := range entries {
			body, err := e.CloudEvent(p.Book.Feed())
			if err != nil {
				return err
			}
			f, err := js.PublishAsync(e.Topic, body, jetstream.WithExpectLastSequence(uint64(e.Sequence-1)))
			if err != nil {
				return fmt.Errorf("publish entry %d: %w", e.Sequence, err)
			}
			futures = append(futures, f)
		}
		for n, f := range futures {
			select {
			case ack := <-f.Ok():
				if int64(ack.Sequence) != entries[n].Sequence {
					return fmt.Errorf("entry %d has number %d on the bus", entries[n].Sequence, ack.Sequence)
				}
			case err := <-f.Err():
				return fmt.Errorf("publish entry %d: %w", entries[n].Sequence, err)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		last = entries[len(entries)-1].Sequence
	}
	return nil
}

// Token makes one token of a subject of any text: every byte that is not a
// letter, digit, hyphen or underscore becomes =XX, no text becomes _.
func Token(text string) string {
	if text == "" {
		return "_"
	}
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}
