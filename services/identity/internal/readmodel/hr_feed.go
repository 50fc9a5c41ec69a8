package readmodel

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	identityv1 "github.com/ostiary/ostiary/proto/gen/ostiary/identity/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
)

//go:embed hr_feed.sql
var hrFeedSchema string

// HrFeed is how far each HR source has been taken in, and what is in
// quarantine.
func HrFeed() projection.Projection {
	return projection.Projection{
		Name: "hr_feed", Version: 1, Schema: hrFeedSchema, Apply: applyHrFeed,
		Digests: []string{
			`SELECT source, last FROM sources ORDER BY source`,
			`SELECT source, event_id, sequence, subject, verb, reason, taken FROM quarantine ORDER BY source, sequence, event_id, reason`,
		},
	}
}

func applyHrFeed(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	batch := &pgx.Batch{}
	for _, f := range page {
		switch e := f.Message.(type) {
		case *identityv1.HrEventTaken:
			// Its turn had come: the gap, if there was one, is closed.
			batch.Queue(`
				INSERT INTO sources AS s (source, last, last_at) VALUES ($1, $2, $3)
				ON CONFLICT (source) DO UPDATE SET last = greatest(s.last, excluded.last), last_at = excluded.last_at,
					gap_at = CASE WHEN s.gap <= excluded.last THEN NULL ELSE s.gap_at END`,
				e.GetSource(), e.GetSequence(), f.RecordedAt)
			batch.Queue(`DELETE FROM quarantine WHERE source = $1 AND event_id = $2 AND taken`, e.GetSource(), e.GetEventId())
		case *identityv1.HrGapFound:
			batch.Queue(`
				INSERT INTO sources (source, gap, gap_at, last_at) VALUES ($1, $2, $3, $3)
				ON CONFLICT (source) DO UPDATE SET gap = excluded.gap, gap_at = excluded.gap_at, last_at = excluded.last_at`,
				e.GetSource(), e.GetNextSequence(), f.RecordedAt)
		case *identityv1.HrEventRepeated:
			batch.Queue(`
				INSERT INTO sources (source, last_at) VALUES ($1, $2) ON CONFLICT (source) DO UPDATE SET last_at = excluded.last_at`,
				e.GetSource(), f.RecordedAt)
		case *identityv1.HrEventQuarantined:
			batch.Queue(`
				INSERT INTO quarantine (position, source, event_id, sequence, subject, verb, reason, message, message_zh, taken, at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
				f.Position, e.GetSource(), e.GetEventId(), e.GetSequence(), e.GetSubject(), e.GetVerb(), e.GetRefusal(),
				e.GetMessage(), e.GetMessageZh(), e.GetRaw() == "", f.RecordedAt)
			batch.Queue(`
				INSERT INTO sources (source, last_at) VALUES ($1, $2) ON CONFLICT (source) DO UPDATE SET last_at = excluded.last_at`,
				e.GetSource(), f.RecordedAt)
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("store the HR feed: %w", err)
	}
	return nil
}

// HrSource is one source.
type HrSource struct {
	Source      string
	Last        int64
	LastAt      *time.Time
	GapAt       *time.Time
	Waiting     int32
	Quarantined int32
}

// HrSources are all sources that have sent something.
func HrSources(ctx context.Context, pool *pgxpool.Pool) ([]HrSource, error) {
	rows, err := pool.Query(ctx, `
		SELECT s.source, s.last, s.last_at, s.gap_at,
			(SELECT count(*) FROM identity.hr_waiting w WHERE w.source = s.source)::int,
			(SELECT count(*) FROM rm_hr_feed.quarantine q WHERE q.source = s.source)::int
		FROM rm_hr_feed.sources s ORDER BY s.source`)
	if err != nil {
		return nil, fmt.Errorf("read HR sources: %w", err)
	}
	sources, err := pgx.CollectRows(rows, pgx.RowToStructByPos[HrSource])
	if err != nil {
		return nil, fmt.Errorf("read HR sources: %w", err)
	}
	return sources, nil
}

// HrQuarantined is one event in quarantine.
type HrQuarantined struct {
	Position  int64
	Source    string
	EventID   string
	Sequence  int64
	Subject   string
	Verb      string
	Reason    string
	Message   string
	MessageZH string
	Taken     bool
	At        time.Time
}

const quarantineColumns = `position, source, event_id, sequence, subject, verb, reason, message, message_zh, taken, at`

// HrQuarantine is a page of events in quarantine, after a position.
func HrQuarantine(ctx context.Context, pool *pgxpool.Pool, after int64, limit int) ([]HrQuarantined, error) {
	rows, err := pool.Query(ctx, `SELECT `+quarantineColumns+` FROM rm_hr_feed.quarantine WHERE position > $1 ORDER BY position LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read the quarantine: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[HrQuarantined])
	if err != nil {
		return nil, fmt.Errorf("read the quarantine: %w", err)
	}
	return found, nil
}

// HrQuarantineAt is the event quarantined at a position; ok is false if there
// is none any more.
func HrQuarantineAt(ctx context.Context, pool *pgxpool.Pool, position int64) (q HrQuarantined, ok bool, err error) {
	rows, err := pool.Query(ctx, `SELECT `+quarantineColumns+` FROM rm_hr_feed.quarantine WHERE position = $1`, position)
	if err != nil {
		return q, false, fmt.Errorf("read the quarantine: %w", err)
	}
	q, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[HrQuarantined])
	if errors.Is(err, pgx.ErrNoRows) {
		return q, false, nil
	}
	if err != nil {
		return q, false, fmt.Errorf("read the quarantine: %w", err)
	}
	return q, true, nil
}
