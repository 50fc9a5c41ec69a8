package messaging

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// Retry processes the parked events of a stream again, in order, or those of
// every stream if stream is "". While a stream has parked events, new ones of
// it park behind, so the order holds. A stream whose event fails again stays as
// it is, with the new error. Retry tells how many events were processed and how
// many remain; only one Retry of a source runs at a time.
func (i *Inbox) Retry(ctx context.Context, stream string) (processed, remaining int, err error) {
	err = i.retrying.Hold(ctx, func() error {
		processed, remaining, err = i.retry(ctx, stream)
		return err
	})
	if err != nil {
		return processed, 0, fmt.Errorf("retry: %w", err)
	}
	return processed, remaining, nil
}

func (i *Inbox) retry(ctx context.Context, stream string) (processed, remaining int, err error) {
	streams, err := i.retryStreams(ctx, stream)
	if err != nil {
		return 0, 0, err
	}
	for _, s := range streams {
		n, err := i.retryStream(ctx, s)
		processed += n
		if err != nil {
			return processed, 0, err
		}
	}
	if err := i.refreshParked(ctx); err != nil {
		return processed, 0, err
	}
	err = i.pool.QueryRow(ctx, "SELECT count(*) FROM messaging.parked WHERE source = $1 AND ($2 = '' OR stream = $2)", i.source, stream).Scan(&remaining)
	if err != nil {
		return processed, 0, fmt.Errorf("count what remains parked: %w", err)
	}
	return processed, remaining, nil
}

// retryStreams are the streams to retry, the oldest first.
func (i *Inbox) retryStreams(ctx context.Context, stream string) ([]string, error) {
	rows, err := i.pool.Query(ctx, "SELECT stream FROM messaging.parked WHERE source = $1 AND ($2 = '' OR stream = $2) GROUP BY stream ORDER BY min(position)", i.source, stream)
	if err != nil {
		return nil, fmt.Errorf("find what is parked: %w", err)
	}
	streams, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("find what is parked: %w", err)
	}
	return streams, nil
}

// retryStream processes a stream until nothing of it is parked or an event
// fails again.
func (i *Inbox) retryStream(ctx context.Context, stream string) (processed int, err error) {
	for {
		var position int64
		var envelope []byte
		err := i.pool.QueryRow(ctx, "SELECT position, envelope FROM messaging.parked WHERE source = $1 AND stream = $2 ORDER BY position LIMIT 1", i.source, stream).Scan(&position, &envelope)
		if errors.Is(err, pgx.ErrNoRows) {
			return processed, nil
		}
		if err != nil {
			return processed, fmt.Errorf("read what is parked: %w", err)
		}
		var failure error
		if r, err := unpark(envelope); err != nil {
			failure = fmt.Errorf("decode the envelope: %w", err)
		} else {
			failure = i.again(ctx, r)
		}
		if ctx.Err() != nil {
			return processed, ctx.Err()
		}
		if failure != nil {
			_, err := i.pool.Exec(ctx, "UPDATE messaging.parked SET error = $3, attempts = attempts + $4 WHERE source = $1 AND position = $2", i.source, position, failure.Error(), tries)
			if err != nil {
				return processed, fmt.Errorf("note the failure of %d: %w", position, err)
			}
			return processed, nil
		}
		if _, err := i.pool.Exec(ctx, "DELETE FROM messaging.parked WHERE source = $1 AND position = $2", i.source, position); err != nil {
			return processed, fmt.Errorf("release %d: %w", position, err)
		}
		processed++
	}
}

// again tries an event a few times; unlike settle it waits for nothing, because
// somebody wants an answer.
func (i *Inbox) again(ctx context.Context, r eventstore.Recorded) error {
	pause := backoff{first: quickFirst, limit: quickLimit}
	var err error
	for range tries {
		if err = i.react(ctx, r); err == nil || ctx.Err() != nil {
			return err
		}
		_ = pause.wait(ctx) // the next round ends with ctx
	}
	return err
}
