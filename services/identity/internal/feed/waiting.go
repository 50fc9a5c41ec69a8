package feed

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/services/identity/internal/hrevent"
)

// label binds what is sealed here to this table.
const label = "identity.hr_waiting"

// putAside keeps an event that came before its turn. It tells whether the event
// had come before, with another message.
func (i *Intake) putAside(ctx context.Context, delivery, subject, owner string, e hrevent.Event, payload []byte) (repeated bool, err error) {
	sealed, err := i.p.Keyring.SealString(ctx, owner, label, string(payload))
	if err != nil {
		return false, fmt.Errorf("seal an event that waits: %w", err)
	}
	done, err := i.p.Pool.Exec(ctx, `
		INSERT INTO identity.hr_waiting (source, sequence, event_id, delivery, subject, owner, sealed, received_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		e.Source, e.Sequence, e.ID, delivery, subject, owner, sealed, i.p.Clock.Now())
	if err != nil {
		return false, fmt.Errorf("put an event aside: %w", err)
	}
	if done.RowsAffected() > 0 {
		return false, nil
	}
	var first string
	err = i.p.Pool.QueryRow(ctx, `SELECT delivery FROM identity.hr_waiting WHERE source = $1 AND sequence = $2 AND event_id = $3`,
		e.Source, e.Sequence, e.ID).Scan(&first)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return false, fmt.Errorf("look at an event that waits: %w", err)
	}
	return first != delivery, nil
}

// letIn takes in those whose turn it is now.
func (i *Intake) letIn(ctx context.Context, source string) error {
	for {
		next, err := i.feeds.Next(ctx, source)
		if err != nil {
			return err
		}
		var sequence int64
		var id, delivery, subject, owner, sealed string
		err = i.p.Pool.QueryRow(ctx, `
			SELECT sequence, event_id, delivery, subject, owner, sealed FROM identity.hr_waiting
			WHERE source = $1 AND sequence <= $2 ORDER BY sequence, received_at, event_id LIMIT 1`, source, next).
			Scan(&sequence, &id, &delivery, &subject, &owner, &sealed)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for events that wait: %w", err)
		}
		raw, err := i.p.Keyring.OpenString(ctx, owner, label, sealed)
		if err != nil {
			return fmt.Errorf("open an event that waits: %w", err)
		}
		e, unreadable, _ := hrevent.Read(subject, []byte(raw))
		if unreadable == nil { // it was readable before; its key may be gone
			if err := i.execute(ctx, source, delivery+" let in", receive(owner, e, raw)); err != nil {
				return err
			}
		}
		if _, err := i.p.Pool.Exec(ctx, `DELETE FROM identity.hr_waiting WHERE source = $1 AND sequence = $2 AND event_id = $3`, source, sequence, id); err != nil {
			return fmt.Errorf("let an event in: %w", err)
		}
	}
}
