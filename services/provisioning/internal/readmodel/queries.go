package readmodel

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/timestamppb"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
)

// Queries answers from the read models.
type Queries struct{ Pool *pgxpool.Pool }

// Selection says which orders are meant; "" leaves a property open.
type Selection struct {
	EmployeeNumber, CorrelationID, Target string
	// Open selects only orders that are still to be carried out.
	Open bool
}

// Counts are how many orders a selection holds, however many are listed.
type Counts struct{ Total, Open, Failing int32 }

const selected = `
FROM rm_orders.orders
WHERE ($1 = '' OR employee_number = $1) AND ($2 = '' OR correlation_id = $2) AND ($3 = '' OR target = $3)
	AND (NOT $4 OR state IN ('ordered', 'failing'))`

// ListOrders lists the orders of a selection, the open ones first, then the
// newest first, and counts them.
func (q Queries) ListOrders(ctx context.Context, s Selection, limit int) ([]*provisioningv1.Order, Counts, error) {
	var counts Counts
	var orders []*provisioningv1.Order
	args := []any{s.EmployeeNumber, s.CorrelationID, s.Target, s.Open}
	b := &pgx.Batch{}
	b.Queue(`SELECT count(*)::int, (count(*) FILTER (WHERE state IN ('ordered', 'failing')))::int,
		(count(*) FILTER (WHERE state = 'failing'))::int`+selected, args...).QueryRow(func(row pgx.Row) error {
		return row.Scan(&counts.Total, &counts.Open, &counts.Failing)
	})
	b.Queue(`SELECT order_id, employee_number, target, account, application, role, operation, state, reason, message,
		ordered_at, grant_id, correlation_id`+selected+`
		ORDER BY state NOT IN ('ordered', 'failing'), position DESC LIMIT $5`, append(args, limit)...).Query(func(rows pgx.Rows) error {
		var err error
		orders, err = pgx.CollectRows(rows, scanOrder)
		return err
	})
	// One snapshot for both, so that list and counts agree.
	err := pgx.BeginTxFunc(ctx, q.Pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return nil, Counts{}, fmt.Errorf("list orders: %w", err)
	}
	return orders, counts, nil
}

func scanOrder(row pgx.CollectableRow) (*provisioningv1.Order, error) {
	o := &provisioningv1.Order{}
	var at time.Time
	err := row.Scan(&o.OrderId, &o.EmployeeNumber, &o.Target, &o.Account, &o.Application, &o.Role, &o.Operation, &o.State,
		&o.Reason, &o.Message, &at, &o.GrantId, &o.CorrelationId)
	o.OrderedAt = timestamppb.New(at)
	return o, err
}

// OpenTargets lists the targets that have open orders.
func (q Queries) OpenTargets(ctx context.Context) ([]string, error) {
	rows, err := q.Pool.Query(ctx, `
		SELECT DISTINCT target FROM rm_orders.orders WHERE state IN ('ordered', 'failing') ORDER BY target`)
	if err != nil {
		return nil, fmt.Errorf("list targets with open orders: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// OpenLanes lists at most limit streams of a target with open orders. Of those
// that rest only the ones in which something was ordered after the given
// position. Those with something to take come first: nobody keeps a right
// because many others are being given theirs.
func (q Queries) OpenLanes(ctx context.Context, target string, resting map[string]int64, limit int) ([]string, error) {
	streams, newest := make([]string, 0, len(resting)), make([]int64, 0, len(resting))
	for stream, position := range resting {
		streams, newest = append(streams, stream), append(newest, position)
	}
	rows, err := q.Pool.Query(ctx, `
		SELECT stream FROM rm_orders.orders
		LEFT JOIN unnest($2::text[], $3::bigint[]) AS resting(stream, newest) USING (stream)
		WHERE target = $1 AND state IN ('ordered', 'failing')
		GROUP BY stream HAVING max(position) > coalesce(max(newest), 0)
		ORDER BY bool_or(operation = 'remove') DESC, min(position) LIMIT $4`, target, streams, newest, limit)
	if err != nil {
		return nil, fmt.Errorf("list open orders of target %s: %w", target, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
