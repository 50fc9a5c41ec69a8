package readmodel

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	approvalv1 "github.com/ostiary/ostiary/proto/gen/ostiary/approval/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
)

//go:embed deputies.sql
var deputiesSchema string

// Deputies is the read model of who represents whom.
func Deputies() projection.Projection {
	return projection.Projection{
		Name: "deputies", Version: 1, Schema: deputiesSchema, Apply: applyDeputies,
		Digests: []string{`SELECT of_number, to_number, reason FROM delegations ORDER BY of_number COLLATE "C", to_number COLLATE "C", reason COLLATE "C"`},
	}
}

func applyDeputies(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	b := &pgx.Batch{}
	for _, f := range page {
		switch e := f.Message.(type) {
		case *approvalv1.DeputyNamed:
			b.Queue(`INSERT INTO delegations (delegation_id, of_id, of_number, to_id, to_number, from_at, until_at, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
				e.GetDelegationId(), e.GetPersonId(), e.GetEmployeeNumber(), e.GetDeputy().GetPersonId(), e.GetDeputy().GetEmployeeNumber(),
				e.GetFrom().AsTime(), e.GetUntil().AsTime(), e.GetReason())
		case *approvalv1.DeputyEnded:
			if e.GetEffectiveAt() != nil {
				b.Queue(`UPDATE delegations SET until_at = $2 WHERE delegation_id = $1`, e.GetDelegationId(), e.GetEffectiveAt().AsTime())
				continue
			}
			b.Queue(`DELETE FROM delegations WHERE delegation_id = $1`, e.GetDelegationId())
		}
	}
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write deputies: %w", err)
	}
	return nil
}

// Delegation is one deputy for one time.
type Delegation struct {
	ID, OfID, OfNumber, ToID, ToNumber string
	From, Until                        time.Time
	Reason                             string
}

const delegationColumns = `delegation_id, of_id, of_number, to_id, to_number, from_at, until_at, reason`

// Delegations are all that hold at an instant or later, the earliest first.
func Delegations(ctx context.Context, pool *pgxpool.Pool, at time.Time) ([]Delegation, error) {
	rows, err := pool.Query(ctx, `SELECT `+delegationColumns+` FROM rm_deputies.delegations WHERE until_at > $1 ORDER BY from_at, delegation_id`, at)
	if err != nil {
		return nil, fmt.Errorf("list deputies: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Delegation])
	if err != nil {
		return nil, fmt.Errorf("list deputies: %w", err)
	}
	return found, nil
}

// Represented lists the person ids of those who have a delegation from or to a
// person: the streams that hold one.
func Represented(ctx context.Context, pool *pgxpool.Pool, person string) ([]string, error) {
	return ids(ctx, pool, `SELECT DISTINCT of_id FROM rm_deputies.delegations WHERE of_id = $1 OR to_id = $1 ORDER BY of_id`, person)
}
