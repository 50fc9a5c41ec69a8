package messaging

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
)

const (
	// relayWindow is how many publishes are under way without confirmation.
	// What comes beyond it gathers, and goes as a batch if it is much. JetStream
	// flushes all that waits at its door before it delivers any of it, so a
	// wide window adds its flushes to the delay of every event in it.
	relayWindow = 8
	// relayPage is how many events are read from the store at a time.
	relayPage = 512
	// confirmWithin is how long a publish may stay unconfirmed. A refusal for
	// want of rights shows as this and in the connection's error handler.
	confirmWithin = 5 * time.Second
	// patience is how often the relay begins again at once when it was
	// overtaken, before it pauses.
	patience = 3
	// relaying is what the relay reports on in its health.
	relaying = "relaying"
)

// ErrAhead says that the stream holds events that the store does not know: the
// database was restored from an older backup. Positions would be given out a
// second time, so nothing is published until an operator has made a new stream.
var ErrAhead = fault.New(fault.Unavailable, "STREAM_AHEAD",
	"The stream holds events that the store does not know (an older backup was restored?); this needs a new epoch, or the newer backup.",
	"消息流中有事件库中不存在的事件（是否恢复了较旧的备份？），需要开始新纪元，或恢复较新的备份。")

// ErrTrimmed says that the store no longer holds what the stream needs next.
var ErrTrimmed = fault.New(fault.Unavailable, "STREAM_BEHIND_HISTORY",
	"The store begins after the position that the stream needs next; make the stream anew with the store's first position.",
	"事件库的起点晚于消息流所需的下一个位置，请以事件库的起点重建消息流。")

// Relay copies the events of a service to its JetStream stream, under stream
// sequence = position. It is the stream's only publisher. Several relays of one
// service do no harm: every message says which sequence it follows, so the
// second copy of anything is refused.
type Relay struct {
	service string
	store   eventstore.Store
	bus     *nats.Conn
	log     *slog.Logger
	recover func(context.Context) error

	pushed   pushQueue
	position atomic.Int64
	health   health
}

// NewRelay returns a relay. recover is called when the stream has vanished; it
// makes streams and durables anew, as admin. It may be nil.
func NewRelay(service string, store eventstore.Store, bus *nats.Conn, log *slog.Logger, recover func(context.Context) error) (*Relay, error) {
	r := &Relay{service: service, store: store, bus: bus, log: log.With("relay", service), recover: recover}
	r.pushed.wake = make(chan struct{}, 1)
	return r, nil
}

// Push hands over events that were just committed, in order. It never blocks.
// What is pushed may have holes or be dropped: the relay reads the store then.
func (r *Relay) Push(events []eventstore.Recorded) { r.pushed.add(events) }

// Position is the last position that JetStream has confirmed.
func (r *Relay) Position() int64 { return r.position.Load() }

// Causes tells why the relay is not ready: nothing while it merely lags, a
// sentence once it has failed for a while.
func (r *Relay) Causes() []string { return r.health.causes() }

// Run publishes until ctx ends. It survives every failure of NATS and of the
// store and tries again.
func (r *Relay) Run(ctx context.Context) error {
	pause := backoff{first: 100 * time.Millisecond, limit: 5 * time.Second}
	overtaken := 0
	for ctx.Err() == nil {
		before := r.Position()
		err := r.session(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrAhead):
			r.health.alarm(relaying, fmt.Sprintf("relay of %s: %v", r.service, err))
			r.log.ErrorContext(ctx, "the stream is ahead of the store", "error", err)
			<-ctx.Done()
			return nil
		case errors.Is(err, errOvertaken) && overtaken < patience:
			// Another relay was faster, or an answer was lost: begin again at
			// once from what the stream says.
			overtaken++
			continue
		default:
			r.health.failed(relaying, fmt.Sprintf("relay of %s at %d: %v", r.service, r.Position(), err))
			r.log.WarnContext(ctx, "relay was interrupted", "position", r.Position(), "error", err)
		}
		overtaken = 0
		if r.Position() > before {
			pause.reset()
		}
		_ = pause.wait(ctx) // the loop ends with ctx
	}
	return nil
}

// start finds out what comes next, and makes the stream if it has vanished.
func (r *Relay) start(ctx context.Context, js jetstream.JetStream) (next int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, confirmWithin)
	defer cancel()
	stream, err := js.Stream(ctx, StreamName(r.service))
	if errors.Is(err, jetstream.ErrStreamNotFound) && r.recover != nil {
		if err := r.recover(ctx); err != nil {
			return 0, fmt.Errorf("make the stream anew: %w", err)
		}
		stream, err = js.Stream(ctx, StreamName(r.service))
	}
	if err != nil {
		return 0, fmt.Errorf("look at stream %s: %w", StreamName(r.service), err)
	}
	last := int64(stream.CachedInfo().State.LastSeq)
	head, err := r.store.Head(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the head: %w", err)
	}
	if last > head {
		return 0, ErrAhead.With("stream", fmt.Sprint(last)).With("store", fmt.Sprint(head))
	}
	if r.position.Swap(last) < last || last == head {
		r.health.well(relaying)
	}
	return last + 1, nil
}
