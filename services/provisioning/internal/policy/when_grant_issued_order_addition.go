// Package policy says what follows from what happens elsewhere.
package policy

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	accessrequestv1 "github.com/ostiary/ostiary/proto/gen/ostiary/accessrequest/v1"

	"github.com/ostiary/ostiary/libs/eventstore"
	"github.com/ostiary/ostiary/libs/messaging"

	"github.com/ostiary/ostiary/services/provisioning/internal/domain/orders"
)

// WhenGrantIssuedOrderAddition orders the right on the application's target, when
// a grant is issued or reinstated.
func WhenGrantIssuedOrderAddition(j *eventstore.Journal) messaging.Policy {
	p := messaging.Policy{
		Name:   "provisioning.when-grant-issued-order-addition", // never rename
		Source: "access-request",
		On:     []proto.Message{&accessrequestv1.GrantIssued{}, &accessrequestv1.GrantReinstated{}},
	}
	p.Do = func(ctx context.Context, f eventstore.Fact) error {
		g, ok := f.Message.(decided)
		if !ok || g.GetTarget() == "" {
			return nil // an application without a target is governed by its record alone
		}
		return order(ctx, j, p, f, wanted(g, orders.Add))
	}
	return p
}

// decided is what a grant says when its right is to be there, or is not to be.
type decided interface {
	GetPersonId() string
	GetEmployeeNumber() string
	GetGrantId() string
	GetTarget() string
	GetAccount() string
	GetApplication() string
	GetRole() string
}

// wanted is the order that follows. A grant is issued in its first turn.
func wanted(g decided, operation string) orders.Order {
	c := orders.Order{
		PersonID: g.GetPersonId(), EmployeeNumber: g.GetEmployeeNumber(), GrantID: g.GetGrantId(),
		Target: g.GetTarget(), Account: g.GetAccount(), Application: g.GetApplication(), Role: g.GetRole(), Operation: operation,
	}
	if t, ok := g.(interface{ GetTurn() int32 }); ok {
		c.Turn = t.GetTurn()
	}
	return c
}

// order puts the order into its lane. Its id follows from its cause, so that a
// repetition names the same order.
func order(ctx context.Context, j *eventstore.Journal, p messaging.Policy, f eventstore.Fact, c orders.Order) error {
	stream := orders.Stream(c.Target, c.Account)
	command := p.Command(f, stream)
	c.OrderID = "ord_" + uuid.NewSHA1(uuid.MustParse(command.ID), []byte("order")).String()
	d := eventstore.Decider[orders.State, orders.Command]{Decide: orders.Decide, Evolve: orders.Evolve}
	if _, err := eventstore.Execute(ctx, j, d, stream, command, messaging.CausedBy(j.Service, f), orders.Command(c)); err != nil {
		return fmt.Errorf("order %s of grant %s: %w", c.Operation, c.GrantID, err)
	}
	return nil
}
