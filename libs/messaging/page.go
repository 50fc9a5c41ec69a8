package messaging

import (
	"context"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// errBehind is why an event is parked that was not tried.
const errBehind = "waits behind an earlier event of its stream"

// outcome is an event that is to be parked.
type outcome struct {
	event    eventstore.Recorded
	err      string
	attempts int
}

// process runs the policies for a page and advances the position over it. The
// streams in blocked have parked events; process keeps the set up to date.
func (i *Inbox) process(ctx context.Context, conn *pgx.Conn, page []eventstore.Recorded, blocked map[string]bool) error {
	streams := i.byStream(page)
	var parked []outcome
	for {
		failed, err := i.runStreams(ctx, streams, blocked)
		if err != nil {
			return err
		}
		parked = append(parked, failed...)
		released, err := i.advance(ctx, conn, page, parked, blocked)
		if err != nil {
			return err
		}
		if len(released) == 0 {
			break
		}
		// Retry has emptied these streams in the meantime, so their events are
		// not behind anything any more.
		streams = map[string][]eventstore.Recorded{}
		var still []outcome
		for _, o := range parked {
			if released[o.event.Stream] {
				streams[o.event.Stream] = append(streams[o.event.Stream], o.event)
				continue
			}
			still = append(still, o)
		}
		parked = still
		maps.DeleteFunc(blocked, func(stream string, _ bool) bool { return released[stream] })
	}
	if len(parked) == 0 {
		return nil
	}
	for _, o := range parked {
		blocked[o.event.Stream] = true
		i.log.ErrorContext(ctx, "event was parked", "position", o.event.Position, "stream", o.event.Stream, "type", o.event.Type, "attempts", o.attempts, "error", o.err)
	}
	return i.refreshParked(ctx)
}

// byStream sorts out what matters.
func (i *Inbox) byStream(page []eventstore.Recorded) map[string][]eventstore.Recorded {
	streams := map[string][]eventstore.Recorded{}
	for _, r := range page {
		if i.matters(r) {
			streams[r.Stream] = append(streams[r.Stream], r)
		}
	}
	return streams
}

// runStreams processes streams concurrently, each in order, and returns what
// has to be parked. The error is that of ctx.
func (i *Inbox) runStreams(ctx context.Context, streams map[string][]eventstore.Recorded, blocked map[string]bool) ([]outcome, error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(inboxWorkers)
	results := make(chan []outcome, len(streams))
	for stream, events := range streams {
		behind := blocked[stream]
		g.Go(func() error {
			failed, err := i.runStream(ctx, events, behind)
			results <- failed
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	close(results)
	var parked []outcome
	for failed := range results {
		parked = append(parked, failed...)
	}
	return parked, nil
}

func (i *Inbox) runStream(ctx context.Context, events []eventstore.Recorded, behind bool) ([]outcome, error) {
	var parked []outcome
	for _, r := range events {
		if behind {
			parked = append(parked, outcome{event: r, err: errBehind})
			continue
		}
		attempts, err := i.settle(ctx, r)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			parked = append(parked, outcome{r, err.Error(), attempts})
			behind = true
		}
	}
	return parked, nil
}

// advance moves the position over the page and parks in the same transaction.
// If it finds that streams in blocked have nothing parked any more, it changes
// nothing and returns them.
func (i *Inbox) advance(ctx context.Context, conn *pgx.Conn, page []eventstore.Recorded, parked []outcome, blocked map[string]bool) (released map[string]bool, err error) {
	behind := map[string]bool{}
	for _, o := range parked {
		if blocked[o.event.Stream] {
			behind[o.event.Stream] = true
		}
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("advance: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // nothing to do after a commit
	if released, err = holdParked(ctx, tx, i.source, behind); err != nil || len(released) > 0 {
		return released, err
	}
	for _, o := range parked {
		if err := park(ctx, tx, i.source, o); err != nil {
			return nil, err
		}
	}
	done, err := tx.Exec(ctx, "UPDATE messaging.inbox SET position = $1 WHERE source = $2 AND position = $3",
		page[len(page)-1].Position, i.source, page[0].Position-1)
	if err != nil {
		return nil, fmt.Errorf("advance: %w", err)
	}
	if done.RowsAffected() != 1 {
		return nil, errFenced
	}
	if err := tx.Commit(ctx); err != nil {
		return nil, fmt.Errorf("advance: %w", err)
	}
	return nil, nil
}
