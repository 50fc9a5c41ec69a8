package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/servicekit"

	"github.com/ostiary/ostiary/services/identity/internal/domain/hrfeed"
	"github.com/ostiary/ostiary/services/identity/internal/domain/person"
	"github.com/ostiary/ostiary/services/identity/internal/hrevent"
)

// unnoticed is for how long the bus swallows a repeated Nats-Msg-Id, as short as it
// can be told: those ids are of all HR systems together, so one could swallow
// another's event by naming its id first. Repeats are told by the event's own id.
const unnoticed = 100 * time.Millisecond

const (
	stream  = "HR"
	durable = "identity-from-HR"
	// largest is what a source may send in one message: sealed and in its
	// envelope it must fit into one event.
	largest = 256 << 10
	// kept is how long the bus keeps what nobody takes in.
	kept = 30 * 24 * time.Hour
	// ackWait is how long a message may stay with a process that has died.
	ackWait = 30 * time.Second
	// again is the pause before something that failed is tried again.
	again = time.Second
	// tries is how often a message is tried before those behind it go on; later
	// is when it comes again then.
	tries = 5
	later = 15 * time.Second
	// look is how long one question for a message waits, and how long messages
	// are taken in before the bus is cleared of them.
	look = 5 * time.Second
	// clearAfter is after how many messages it is cleared at the latest.
	clearAfter = 64
)

// Intake takes in what comes over the bus, message by message.
type Intake struct {
	p     *servicekit.Platform
	feeds *Feeds

	// cleared is up to where the stream that is bound to was emptied.
	cleared uint64
	// failed are messages that did not pass, by their number there.
	failed map[uint64]error

	mu    sync.Mutex
	cause string
}

// NewIntake returns the intake of the service.
func NewIntake(p *servicekit.Platform, feeds *Feeds) *Intake { return &Intake{p: p, feeds: feeds} }

// Run takes in until ctx ends. What fails is tried again; nothing is left out.
func (i *Intake) Run(ctx context.Context) error {
	js, err := jetstream.New(i.p.Bus)
	if err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	for ctx.Err() == nil {
		err := i.follow(ctx, js)
		if ctx.Err() != nil {
			return nil
		}
		i.say(ctx, err)
		_ = (clock.System{}).Until(ctx, clock.System{}.Now().Add(again)) // ends with ctx
	}
	return nil
}

// Causes lists what stands in the way.
func (i *Intake) Causes() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.cause == "" {
		return nil
	}
	return []string{i.cause}
}

func (i *Intake) say(ctx context.Context, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	was := i.cause
	i.cause = ""
	if err != nil {
		if i.cause = "events of HR systems are not taken in: " + err.Error(); i.cause != was {
			i.p.Log.Log(ctx, slog.LevelError, "events of HR systems are not taken in", "error", err)
		}
	}
}

// follow binds to the stream and takes in until something fails.
func (i *Intake) follow(ctx context.Context, js jetstream.JetStream) error {
	s, err := js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: stream, Subjects: []string{"hr.>"}, Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, MaxAge: kept, MaxMsgSize: largest,
		Duplicates: unnoticed,
	})
	if err != nil {
		return fmt.Errorf("make stream %s: %w", stream, err)
	}
	consumer, err := s.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: durable, DeliverPolicy: jetstream.DeliverAllPolicy, AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: ackWait, MaxAckPending: 1024, MaxDeliver: -1,
	})
	if err != nil {
		return fmt.Errorf("make durable %s: %w", durable, err)
	}
	created := s.CachedInfo().Created.UnixNano()
	i.cleared, i.failed = 0, map[uint64]error{}
	for ctx.Err() == nil {
		if err := i.some(ctx, created, consumer); err != nil {
			return fmt.Errorf("ask for messages: %w", err)
		}
		i.clear(ctx, s, consumer)
		i.say(ctx, i.failing())
	}
	return nil
}

// some takes in messages until none comes for a while or it is time to clear.
// Each is asked for on its own: what an HR system sends may be empty, and an
// empty message ends the answers to a question, those behind it would be lost
// until ackWait is over.
func (i *Intake) some(ctx context.Context, created int64, consumer jetstream.Consumer) error {
	began := clock.System{}.Now()
	for range clearAfter {
		m, err := consumer.Next(jetstream.FetchMaxWait(look))
		switch {
		case errors.Is(err, nats.ErrTimeout), errors.Is(err, jetstream.ErrNoMessages):
			return nil
		case err != nil:
			return err
		}
		i.one(ctx, created, m)
		if ctx.Err() != nil || (clock.System{}).Now().Sub(began) > look {
			return nil
		}
	}
	return nil
}

// one takes in a message and acknowledges it. What stands in its way stands in
// the way of those behind it, too, for the most part, so it is tried again before
// them; and it is named until it has passed.
func (i *Intake) one(ctx context.Context, created int64, m jetstream.Msg) {
	meta, err := m.Metadata()
	if err != nil {
		return // not of a stream
	}
	sequence := meta.Sequence.Stream
	delivery := fmt.Sprintf("%d/%d", created, sequence)
	for range tries {
		if err = i.Take(ctx, delivery, m.Subject(), m.Data()); err == nil {
			delete(i.failed, sequence)
			i.say(ctx, i.failing())
			_ = m.DoubleAck(ctx) // lost, it comes again, which changes nothing
			return
		}
		i.failed[sequence] = err
		i.say(ctx, i.failing())
		_ = m.InProgress()                                               // lost, it comes twice, which changes nothing
		_ = (clock.System{}).Until(ctx, clock.System{}.Now().Add(again)) // ends with ctx
	}
	_ = m.NakWithDelay(later) // lost, it comes after ackWait
}

// failing is what stands in the way of a message; nil if nothing does.
func (i *Intake) failing() error {
	if len(i.failed) == 0 {
		return nil
	}
	first := slices.Min(slices.Collect(maps.Keys(i.failed)))
	return fmt.Errorf("message %d: %w", first, i.failed[first])
}

// clear removes from the bus what has been taken in, so that personal data does
// not stay there: all at once, because a file is written anew each time. What
// is in the way of it is no reason to stop: the rest goes with the next batch.
func (i *Intake) clear(ctx context.Context, s jetstream.Stream, consumer jetstream.Consumer) {
	info, err := consumer.Info(ctx)
	if err == nil && info.AckFloor.Stream > i.cleared {
		if err = s.Purge(ctx, jetstream.WithPurgeSequence(info.AckFloor.Stream+1)); err == nil {
			i.cleared = info.AckFloor.Stream
		}
	}
	if err != nil && ctx.Err() == nil {
		i.p.Log.WarnContext(ctx, "messages of HR systems were not removed from the bus", "error", err)
	}
}

// Take takes in one message. delivery names it; the same delivery has an effect
// once.
func (i *Intake) Take(ctx context.Context, delivery, subject string, payload []byte) error {
	e, unreadable, _ := hrevent.Read(subject, payload)
	if e.Source == "" {
		return nil // not of a source at all; the subject filter lets none through
	}
	if unreadable != nil {
		return i.execute(ctx, e.Source, delivery, hrfeed.Reject{
			Owner: sourceKey(e.Source), Source: e.Source, Raw: string(payload), Why: unreadable,
		})
	}
	owner, err := i.owner(ctx, e)
	if err != nil {
		return err
	}
	c := receive(owner, e, string(payload))
	var early bool
	err = i.feeds.Of(e.Source).Look(ctx, func(s hrfeed.State) { early = e.Sequence > s.Next() && !s.Taken(e.ID) })
	if err != nil {
		return err
	}
	if early {
		again, err := i.putAside(ctx, delivery, subject, owner, e, payload)
		if err != nil {
			return err
		}
		if again {
			return i.execute(ctx, e.Source, delivery, hrfeed.Repeat{Event: c.Event})
		}
	}
	if err := i.execute(ctx, e.Source, delivery, c); err != nil {
		return err
	}
	return i.letIn(ctx, e.Source)
}

func receive(owner string, e hrevent.Event, payload string) hrfeed.Receive {
	taken := &identityv1.HrEventTaken{
		PersonId: owner, Source: e.Source, EventId: e.ID, Sequence: e.Sequence, Verb: e.Verb, Subject: e.Subject,
		EffectiveDate: e.Data.EffectiveDate.Value, Reason: e.Data.Reason.Value, Data: payload,
	}
	if !e.Time.IsZero() {
		taken.OccurredAt = timestamppb.New(e.Time)
	}
	return hrfeed.Receive{Event: taken, Raw: payload}
}

// owner names the key that seals the event.
func (i *Intake) owner(ctx context.Context, e hrevent.Event) (string, error) {
	if e.Verb == hrevent.UnitChanged || !hrevent.NumberFits(e.Subject) {
		return sourceKey(e.Source), nil
	}
	s, _, err := eventstore.Load(ctx, i.p.Journal, person.Decider, person.Stream(e.Subject))
	if err != nil {
		return "", err
	}
	if s.ID != "" {
		return s.ID, nil
	}
	return NewcomerID(e.Subject), nil
}

// commands have ids that follow from the delivery.
var commands = uuid.MustParse("3d8c9c1e-52c4-5f0b-8a0e-7c6a1d0f4b29")

func (i *Intake) execute(ctx context.Context, source, delivery string, c hrfeed.Command) error {
	id := uuid.NewSHA1(commands, fmt.Appendf(nil, "%s\x00%s\x00%T", source, delivery, c)).String()
	actor := "hr/" + source
	_, err := i.feeds.Of(source).Execute(ctx,
		eventstore.Command{ID: id, Digest: eventstore.Digest("hr feed", hrfeed.Stream(source), actor, []byte(delivery))},
		eventstore.Metadata{Actor: actor, CorrelationID: id}, c)
	return err
}
