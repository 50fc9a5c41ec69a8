package messaging

import (
	"context"
	"fmt"
	"time"

	envelopev1 "github.com/ostiary/ostiary/proto/gen/ostiary/envelope/v1"

	"github.com/ostiary/ostiary/libs/clock"
	"github.com/ostiary/ostiary/libs/eventstore"
)

// Feed returns at most limit events of a source after a position, in order and
// without holes, and the source's last position.
type Feed func(ctx context.Context, after int64, limit int) (events []*envelopev1.Envelope, head int64, err error)

// supply gives an inbox what comes next.
type supply interface {
	// begin tells where the inbox stands, before the first next.
	begin(ctx context.Context, position int64) error
	// next waits for events that follow the position; it returns at most limit
	// of them, in order and without holes.
	next(ctx context.Context, position int64, limit int) ([]eventstore.Recorded, error)
}

// ownStore supplies the service's own events.
type ownStore struct{ store eventstore.Store }

func (s ownStore) begin(ctx context.Context, position int64) error {
	head, err := s.store.Head(ctx)
	if err == nil && head < position {
		err = fmt.Errorf("the store ends at %d, but events up to %d were taken in; was an older backup restored?", head, position)
	}
	return err
}

func (s ownStore) next(ctx context.Context, position int64, limit int) ([]eventstore.Recorded, error) {
	if err := s.store.Wait(ctx, position); err != nil {
		return nil, err
	}
	return s.store.ReadAll(ctx, position, limit)
}

const (
	// gapPatience is how long a hole may be one of handlers overtaking each
	// other; after that Feed fills it.
	gapPatience = 20 * time.Millisecond
	// idlePoll is how often Feed is asked although nothing seems missing.
	idlePoll = 2 * time.Second
	// cutOffPoll is how often while NATS is away.
	cutOffPoll = 250 * time.Millisecond
	// feedTimeout bounds one call of Feed.
	feedTimeout = 10 * time.Second
)

// remote supplies another service's events: what JetStream delivers and, where
// that has holes or nothing comes, what Feed answers.
type remote struct {
	source    string
	feed      Feed
	buffer    *reorder
	connected func() bool
	health    *health
	pause     backoff

	behind bool // the source is known to have more than was returned
}

func (s *remote) begin(_ context.Context, position int64) error {
	s.buffer.reset(position + 1)
	s.behind = true
	return nil
}

func (s *remote) next(ctx context.Context, position int64, limit int) ([]eventstore.Recorded, error) {
	asked := clock.System{}.Now()
	for {
		if run := s.buffer.take(limit); len(run) > 0 {
			return run, nil
		}
		if !s.behind && s.await(ctx, asked) {
			continue
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		run, err := s.fetch(ctx, position, limit)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			s.complain(err)
			s.behind = false
			// What arrives meanwhile is not held up.
			s.awaitFor(ctx, s.pause.step())
			asked = clock.System{}.Now()
		case len(run) > 0:
			return run, nil
		default:
			asked = clock.System{}.Now()
		}
	}
}

// await returns true when something arrived, false when Feed is to be asked
// because too much time has passed since the inbox asked.
func (s *remote) await(ctx context.Context, asked time.Time) bool {
	patience := idlePoll
	switch {
	case s.buffer.gap():
		patience = gapPatience
	case !s.connected():
		patience = cutOffPoll
	}
	// What arrives beyond a hole does not prolong the wait for the hole.
	return s.awaitFor(ctx, time.Until(asked.Add(patience)))
}

func (s *remote) awaitFor(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.buffer.wake:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// fetch asks Feed.
func (s *remote) fetch(ctx context.Context, position int64, limit int) ([]eventstore.Recorded, error) {
	ctx, cancel := context.WithTimeout(ctx, feedTimeout)
	defer cancel()
	envelopes, head, err := s.feed(ctx, position, limit)
	if err != nil {
		return nil, fmt.Errorf("ask for events after %d: %w", position, err)
	}
	if head < position {
		return nil, fmt.Errorf("it ends at %d, but events up to %d were taken in; was an older backup restored?", head, position)
	}
	run := make([]eventstore.Recorded, 0, len(envelopes))
	last := position
	for _, e := range envelopes {
		if e.GetPosition() != last+1 || e.GetService() != s.source {
			return nil, fmt.Errorf("it answered %s/%d where %d was due", e.GetService(), e.GetPosition(), last+1)
		}
		run = append(run, eventstore.FromEnvelope(e))
		last++
	}
	if len(run) == 0 && head > position {
		return nil, fmt.Errorf("it stands at %d and returned nothing after %d", head, position)
	}
	s.buffer.skip(last)
	s.behind = head > last
	s.pause.reset()
	s.health.well(feeding)
	return run, nil
}

// feeding is what a remote supply reports on in its health.
const feeding = "feeding"

// complain notes a failure of Feed if it matters: while JetStream delivers
// without holes, nothing is missing.
func (s *remote) complain(err error) {
	if s.buffer.gap() || !s.connected() {
		s.health.failed(feeding, fmt.Sprintf("source %s: %v", s.source, err))
	}
}
