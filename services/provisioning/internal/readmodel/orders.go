// Package readmodel answers what was ordered and what is still open.
package readmodel

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/projection"
	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
)

//go:embed orders.sql
var ordersSchema string

// States of an order as shown.
const (
	ordered   = "ordered"
	failing   = "failing"
	completed = "completed"
	cancelled = "cancelled"
)

// ordersDigest shows an order as open or settled: whether an addition was
// carried out or overtaken by its removal, and whether an attempt failed, is a
// matter of speed, so an interrupted run may differ from an undisturbed one in
// that alone.
const ordersDigest = `
SELECT employee_number, target, application, role, operation,
	CASE WHEN state IN ('completed', 'cancelled') THEN 'settled' ELSE 'open' END AS state
FROM orders ORDER BY employee_number COLLATE "C", target COLLATE "C", application COLLATE "C", role COLLATE "C", operation COLLATE "C", state`

// Orders is the read model of all orders.
func Orders() projection.Projection {
	return projection.Projection{
		Name: "orders", Version: 1, Schema: ordersSchema,
		Apply: applyOrders, Digests: []string{ordersDigest},
	}
}

// outcome is the last thing that a page says about an order.
type outcome struct{ state, reason, message string }

func applyOrders(ctx context.Context, tx pgx.Tx, page []eventstore.Fact) error {
	var added []eventstore.Fact
	outcomes := map[string]outcome{}
	for _, f := range page {
		switch e := f.Message.(type) {
		case *provisioningv1.ProvisioningOrdered:
			added = append(added, f)
		case *provisioningv1.ProvisioningFailed:
			outcomes[e.GetOrderId()] = outcome{failing, e.GetReason(), e.GetMessage()}
		case *provisioningv1.ProvisioningCompleted:
			outcomes[e.GetOrderId()] = outcome{state: completed}
		case *provisioningv1.ProvisioningCancelled:
			outcomes[e.GetOrderId()] = outcome{state: cancelled}
		}
	}
	if err := insert(ctx, tx, added); err != nil {
		return err
	}
	return update(ctx, tx, outcomes)
}

func insert(ctx context.Context, tx pgx.Tx, added []eventstore.Fact) error {
	if len(added) == 0 {
		return nil
	}
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"orders"}, []string{"order_id", "position", "stream", "employee_number", "target",
		"account", "application", "role", "operation", "state", "reason", "message", "ordered_at", "grant_id", "correlation_id"},
		pgx.CopyFromSlice(len(added), func(i int) ([]any, error) {
			f := added[i]
			o := f.Message.(*provisioningv1.ProvisioningOrdered)
			return []any{o.GetOrderId(), f.Position, f.Stream, o.GetEmployeeNumber(), o.GetTarget(), o.GetAccount(),
				o.GetApplication(), o.GetRole(), o.GetOperation(), ordered, "", "", f.RecordedAt, o.GetGrantId(), f.CorrelationID}, nil
		}))
	if err != nil {
		return fmt.Errorf("insert orders: %w", err)
	}
	return nil
}

func update(ctx context.Context, tx pgx.Tx, outcomes map[string]outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	ids, states, reasons, messages := make([]string, 0, len(outcomes)), make([]string, 0, len(outcomes)), make([]string, 0, len(outcomes)), make([]string, 0, len(outcomes))
	for id, o := range outcomes {
		ids, states, reasons, messages = append(ids, id), append(states, o.state), append(reasons, o.reason), append(messages, o.message)
	}
	_, err := tx.Exec(ctx, `
		UPDATE orders SET state = u.state, reason = u.reason, message = u.message
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u(order_id, state, reason, message)
		WHERE orders.order_id = u.order_id`, ids, states, reasons, messages)
	if err != nil {
		return fmt.Errorf("update orders: %w", err)
	}
	return nil
}
