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

//go:embed clearance.sql
var clearanceSchema string

// Clearance is every case with its items.
func Clearance() projection.Projection {
	return projection.Projection{
		Name: "clearance", Version: 1, Schema: clearanceSchema,
		Apply: applyClearance,
		Digests: []string{
			`SELECT employee_number, kind, state, gate FROM cases ORDER BY employee_number, opened`,
			`SELECT c.employee_number, i.item, i.state FROM cases c JOIN items i USING (case_id) ORDER BY c.employee_number, c.opened, i.nr`,
		},
	}
}

func applyClearance(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	batch := &pgx.Batch{}
	settle := func(f eventstore.Fact, id, item, state, reason string) {
		batch.Queue(`UPDATE items SET state = $3, reason = $4, actor = $5, at = $6 WHERE case_id = $1 AND item = $2`,
			id, item, state, reason, f.Actor, f.RecordedAt)
	}
	for _, f := range page {
		switch e := f.Message.(type) {
		case *identityv1.ClearanceOpened:
			batch.Queue(`INSERT INTO cases (case_id, employee_number, kind, opened) VALUES ($1, $2, $3, $4)`,
				e.GetCaseId(), e.GetEmployeeNumber(), e.GetKind(), f.Position)
			batch.Queue(`INSERT INTO items (case_id, nr, item) SELECT $1, nr, item FROM unnest($2::text[]) WITH ORDINALITY AS i (item, nr)`,
				e.GetCaseId(), e.GetItems())
		case *identityv1.ClearanceRecorded:
			settle(f, e.GetCaseId(), e.GetItem(), "done", e.GetReason())
		case *identityv1.ClearanceWaived:
			settle(f, e.GetCaseId(), e.GetItem(), "waived", e.GetReason())
		case *identityv1.ClearanceCancelled:
			batch.Queue(`UPDATE cases SET state = 'closed' WHERE case_id = $1`, e.GetCaseId())
		case *identityv1.HrGateOpened:
			batch.Queue(`UPDATE cases SET state = 'closed', gate = 'opened' WHERE case_id = $1`, e.GetCaseId())
		}
	}
	if batch.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("store cases: %w", err)
	}
	return nil
}

// Case is one clearance case.
type Case struct {
	ID    string
	Kind  string
	State string
	Gate  string
	Items []CaseItem
}

// CaseItem is one thing that must be settled.
type CaseItem struct {
	Item   string
	State  string
	Reason string
	Actor  string
	At     *time.Time
}

// CaseOf is the case of a person that is under way: a departure, otherwise the
// oldest transfer; the newest case if none is. Of several that are under way it
// is rather one in which the item is open; "" is no item. ok is false if there
// is no case.
func CaseOf(ctx context.Context, pool *pgxpool.Pool, number, item string) (c Case, ok bool, err error) {
	err = pool.QueryRow(ctx, `
		SELECT case_id, kind, state, gate FROM rm_clearance.cases c WHERE employee_number = $1
		ORDER BY state = 'open' DESC,
			state = 'open' AND EXISTS (SELECT FROM rm_clearance.items i WHERE i.case_id = c.case_id AND i.item = $2 AND i.state = 'open') DESC,
			state = 'open' AND kind = 'departure' DESC,
			CASE WHEN state = 'open' THEN opened ELSE -opened END
		LIMIT 1`, number, item).
		Scan(&c.ID, &c.Kind, &c.State, &c.Gate)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, false, nil
	}
	if err != nil {
		return c, false, fmt.Errorf("read clearance case: %w", err)
	}
	rows, err := pool.Query(ctx, `SELECT item, state, reason, actor, at FROM rm_clearance.items WHERE case_id = $1 ORDER BY nr`, c.ID)
	if err != nil {
		return c, false, fmt.Errorf("read clearance items: %w", err)
	}
	if c.Items, err = pgx.CollectRows(rows, pgx.RowToStructByPos[CaseItem]); err != nil {
		return c, false, fmt.Errorf("read clearance items: %w", err)
	}
	return c, true, nil
}
