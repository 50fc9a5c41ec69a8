package orders

import (
	"google.golang.org/protobuf/proto"

	provisioningv1 "github.com/ostiary/ostiary/proto/gen/ostiary/provisioning/v1"
)

// RecordFailure says that an attempt failed. Attempts go on; only a kind of
// failure that this order has not met yet becomes an event.
type RecordFailure struct {
	OrderID string
	// Reason is one of the published reasons TARGET_….
	Reason string
	// Message is what was seen, without secrets.
	Message string
}

func (c RecordFailure) decide(s State) ([]proto.Message, error) {
	e, ok := s.find(c.OrderID)
	switch {
	case !ok:
		return nil, ErrUnknownOrder.With("order", c.OrderID)
	case e.Status != Open || e.Failures[c.Reason]:
		return nil, nil
	}
	o := e.Ordered
	return []proto.Message{&provisioningv1.ProvisioningFailed{
		PersonId: o.GetPersonId(), EmployeeNumber: o.GetEmployeeNumber(), OrderId: o.GetOrderId(), GrantId: o.GetGrantId(),
		Target: o.GetTarget(), Reason: c.Reason, Message: c.Message,
	}}, nil
}
