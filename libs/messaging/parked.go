package messaging

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/fault"
)

// ErrNotParked says that there is no such parked event.
var ErrNotParked = fault.New(fault.NotFound, "NOT_PARKED",
	"No event is parked at this position; see 'ostiary inbox list'.",
	"该位置没有被搁置的事件，请查看 ostiary inbox list。")

// ParkedEvent is an event that could not be processed, or waits behind one.
type ParkedEvent struct {
	Source   string
	Position int64
	Stream   string
	Type     string
	// Error is why.
	Error string
	// Attempts is how often it was tried; 0 if it only waits.
	Attempts int
	ParkedAt time.Time
}

const selectParked = "SELECT source, position, stream, type, error, attempts, parked_at FROM messaging.parked WHERE source = $1"

// List returns what is parked, in the order of positions.
func (i *Inbox) List(ctx context.Context) ([]ParkedEvent, error) {
	rows, err := i.pool.Query(ctx, selectParked+" ORDER BY position", i.source)
	if err != nil {
		return nil, fmt.Errorf("list what is parked: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ParkedEvent])
	if err != nil {
		return nil, fmt.Errorf("list what is parked: %w", err)
	}
	return list, nil
}

// ListOf returns what is parked of all that follows from a first cause, in the
// order of positions.
func (i *Inbox) ListOf(ctx context.Context, correlation string) ([]ParkedEvent, error) {
	list, err := i.List(ctx)
	if err != nil {
		return nil, err
	}
	var following []ParkedEvent
	for _, p := range list {
		_, e, err := i.Show(ctx, p.Position)
		switch {
		case errors.Is(err, ErrNotParked): // retried meanwhile
		case err != nil:
			return nil, err
		case e.GetCorrelationId() == correlation:
			following = append(following, p)
		}
	}
	return following, nil
}

// Show returns a parked event with its envelope.
func (i *Inbox) Show(ctx context.Context, position int64) (ParkedEvent, *envelopev1.Envelope, error) {
	rows, err := i.pool.Query(ctx, selectParked+" AND position = $2", i.source, position)
	if err != nil {
		return ParkedEvent{}, nil, fmt.Errorf("show what is parked: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ParkedEvent])
	if err != nil {
		return ParkedEvent{}, nil, fmt.Errorf("show what is parked: %w", err)
	}
	if len(list) == 0 {
		return ParkedEvent{}, nil, ErrNotParked.With("source", i.source).With("position", fmt.Sprint(position))
	}
	var data []byte
	if err := i.pool.QueryRow(ctx, "SELECT envelope FROM messaging.parked WHERE source = $1 AND position = $2", i.source, position).Scan(&data); err != nil {
		return ParkedEvent{}, nil, fmt.Errorf("show what is parked: %w", err)
	}
	var e envelopev1.Envelope
	if err := proto.Unmarshal(data, &e); err != nil {
		return ParkedEvent{}, nil, fmt.Errorf("decode what is parked at %d: %w", position, err)
	}
	return list[0], &e, nil
}

// park writes an event down.
func park(ctx context.Context, tx pgx.Tx, source string, o outcome) error {
	envelope, err := proto.Marshal(o.event.Envelope(source))
	if err != nil {
		return fmt.Errorf("park %d: %w", o.event.Position, err)
	}
	_, err = tx.Exec(ctx, "INSERT INTO messaging.parked (source, position, stream, type, envelope, error, attempts) VALUES ($1, $2, $3, $4, $5, $6, $7)",
		source, o.event.Position, o.event.Stream, o.event.Type, envelope, o.err, o.attempts)
	if err != nil {
		return fmt.Errorf("park %d: %w", o.event.Position, err)
	}
	return nil
}

// holdParked keeps Retry from emptying these streams until the transaction
// ends, and returns those that it has emptied already.
func holdParked(ctx context.Context, tx pgx.Tx, source string, streams map[string]bool) (map[string]bool, error) {
	released := map[string]bool{}
	for _, stream := range slices.Sorted(maps.Keys(streams)) {
		held, err := tx.Exec(ctx, "SELECT FROM messaging.parked WHERE source = $1 AND stream = $2 ORDER BY position LIMIT 1 FOR UPDATE", source, stream)
		if err != nil {
			return nil, fmt.Errorf("hold what is parked of %s: %w", stream, err)
		}
		if held.RowsAffected() == 0 {
			released[stream] = true
		}
	}
	return released, nil
}

// parkedStreams are the streams of a source that have parked events.
func parkedStreams(ctx context.Context, conn *pgx.Conn, source string) (map[string]bool, error) {
	rows, err := conn.Query(ctx, "SELECT DISTINCT stream FROM messaging.parked WHERE source = $1", source)
	if err != nil {
		return nil, fmt.Errorf("read what is parked: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read what is parked: %w", err)
	}
	streams := map[string]bool{}
	for _, name := range names {
		streams[name] = true
	}
	return streams, nil
}

// unpark reads a parked event back.
func unpark(envelope []byte) (eventstore.Recorded, error) {
	var e envelopev1.Envelope
	if err := proto.Unmarshal(envelope, &e); err != nil {
		return eventstore.Recorded{}, err
	}
	return eventstore.FromEnvelope(&e), nil
}

// parkedSummary is what is known about what is parked without asking.
type parkedSummary struct {
	mu     sync.Mutex
	total  int
	firsts []ParkedEvent // the first of each stream, the oldest few
}

func (s *parkedSummary) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

func (s *parkedSummary) first() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.firsts) == 0 {
		return 0
	}
	return s.firsts[0].Position
}

func (s *parkedSummary) set(total int, firsts []ParkedEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total, s.firsts = total, firsts
}

func (s *parkedSummary) causes(consumer, source string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var causes []string
	for _, p := range s.firsts {
		causes = append(causes, fmt.Sprintf("inbox of %s in %s: event %d (%s, stream %s) is parked: %s", source, consumer, p.Position, p.Type, p.Stream, p.Error))
	}
	if more := s.total - len(s.firsts); more > 0 && len(s.firsts) > 0 {
		causes = append(causes, fmt.Sprintf("inbox of %s in %s: %d more events are parked", source, consumer, more))
	}
	return causes
}

// shownStreams is how many parked streams the causes name.
const shownStreams = 5

// refreshParked reads the summary again.
func (i *Inbox) refreshParked(ctx context.Context) error {
	var total int
	if err := i.pool.QueryRow(ctx, "SELECT count(*) FROM messaging.parked WHERE source = $1", i.source).Scan(&total); err != nil {
		return fmt.Errorf("count what is parked: %w", err)
	}
	if total == 0 {
		i.parked.set(0, nil)
		return nil
	}
	rows, err := i.pool.Query(ctx, `SELECT source, position, stream, type, error, attempts, parked_at FROM (
		SELECT DISTINCT ON (stream) * FROM messaging.parked WHERE source = $1 ORDER BY stream, position) firsts
		ORDER BY position LIMIT $2`, i.source, shownStreams)
	if err != nil {
		return fmt.Errorf("read what is parked: %w", err)
	}
	firsts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[ParkedEvent])
	if err != nil {
		return fmt.Errorf("read what is parked: %w", err)
	}
	i.parked.set(total, firsts)
	return nil
}

// watchParked keeps the summary true also when another process parks or
// retries.
func (i *Inbox) watchParked(ctx context.Context) {
	for {
		if err := i.refreshParked(ctx); err != nil && ctx.Err() == nil {
			i.log.WarnContext(ctx, "cannot read what is parked", "error", err)
		}
		if sleep(ctx, parkedPoll) != nil {
			return
		}
	}
}
