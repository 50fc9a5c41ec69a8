package projection

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/eventstore"
)

// dueName is the projection of deadlines: rm_due.items.
const dueName = "due"

// dueSchema keeps an item until an event clears or replaces it, fired or not,
// so that it is fired once. held_until belongs to the machine's clock: the
// item is being carried out, or waits after an error.
const dueSchema = `
CREATE TABLE items (
	stream     text        NOT NULL,
	kind       text        NOT NULL,
	due_at     timestamptz NOT NULL,
	position   bigint      NOT NULL,
	fired      bool        NOT NULL DEFAULT false,
	attempts   int         NOT NULL DEFAULT 0,
	held_until timestamptz,
	PRIMARY KEY (stream, kind)
);
CREATE INDEX ON items (due_at) WHERE NOT fired;`

// dueProjection derives the items. What has fired is not part of the digest:
// it depends on the clock, not on events.
func dueProjection(d *Deadlines, t *ticker) Projection {
	return Projection{
		Name: dueName, Version: 1, Schema: dueSchema,
		Digests: []string{`SELECT stream, kind FROM items ORDER BY stream COLLATE "C", kind COLLATE "C"`},
		Apply: func(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
			changes := newest(d.Derive, page)
			if len(changes) == 0 {
				return nil
			}
			t.dirty.Store(true)
			return writeDue(ctx, tx, changes)
		},
	}
}

// itemKey identifies an item.
type itemKey struct{ stream, kind string }

// newest folds a page: of several changes to an item the last one counts.
func newest(derive func(eventstore.Fact) []DueChange, page []eventstore.Fact) map[itemKey]Due {
	changes := map[itemKey]Due{}
	for _, f := range page {
		for _, c := range derive(f) {
			changes[itemKey{c.Stream, c.Kind}] = Due{Stream: c.Stream, Kind: c.Kind, At: c.At, Position: f.Position}
		}
	}
	return changes
}

// writeDue clears all changed items and sets those that have a time.
func writeDue(ctx context.Context, tx pgx.Tx, changes map[itemKey]Due) error {
	var streams, kinds, setStreams, setKinds []string
	var times []time.Time
	var positions []int64
	for _, c := range changes {
		streams, kinds = append(streams, c.Stream), append(kinds, c.Kind)
		if !c.At.IsZero() {
			setStreams, setKinds = append(setStreams, c.Stream), append(setKinds, c.Kind)
			times, positions = append(times, c.At), append(positions, c.Position)
		}
	}
	b := &pgx.Batch{}
	b.Queue(`DELETE FROM items i USING unnest($1::text[], $2::text[]) c (stream, kind)
		WHERE i.stream = c.stream AND i.kind = c.kind`, streams, kinds)
	b.Queue(`INSERT INTO items (stream, kind, due_at, position)
		SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::bigint[])`, setStreams, setKinds, times, positions)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write deadlines: %w", err)
	}
	return nil
}

// carryFired marks in rebuilt items what had fired, so that the whole past is
// not carried out again.
func carryFired(ctx context.Context, tx pgx.Tx, from, to string) error {
	_, err := tx.Exec(ctx, `UPDATE `+to+`.items n SET fired = true FROM `+from+`.items o
		WHERE o.stream = n.stream AND o.kind = n.kind AND o.position = n.position AND o.fired`)
	if err != nil {
		return fmt.Errorf("carry over what has fired: %w", err)
	}
	return nil
}

// sortDue brings items into the order in which they are due.
func sortDue(items []Due) {
	slices.SortFunc(items, func(a, b Due) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Position, b.Position), cmp.Compare(a.Kind, b.Kind))
	})
}
